"""The database: forward-only SQL files, the runner that applies them, the demo user."""
