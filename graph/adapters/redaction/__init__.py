"""Masking in worker processes, with the values that a user's vault holds."""
