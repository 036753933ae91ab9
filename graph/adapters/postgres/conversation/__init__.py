"""Messages, memory, facts, sessions and the search over stored texts."""
