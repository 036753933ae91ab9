"""Accepts runs, executes them in tasks, and streams their events."""
