"""The chat in the terminal: a client of the HTTP API."""
