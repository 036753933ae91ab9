"""In-memory twins of ports, shipped for tests, replays and LangGraph Studio."""
