"""Finds personal values in a text, by rules and a name model."""
