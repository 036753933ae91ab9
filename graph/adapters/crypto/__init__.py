"""Encryption of stored values, and the files that hold keys."""
