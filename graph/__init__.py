"""The state machine of a turn: its state, its ports, its assembly and the adapters behind them."""
