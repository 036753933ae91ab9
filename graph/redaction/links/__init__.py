"""Recognises URLs in a text, and removes those that the user did not write."""
