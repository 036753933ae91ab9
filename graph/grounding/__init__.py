"""Checks that amounts in an answer come from what the turn was given."""
