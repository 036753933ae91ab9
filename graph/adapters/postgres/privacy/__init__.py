"""Encrypted values and files, and the rotation of their key."""
