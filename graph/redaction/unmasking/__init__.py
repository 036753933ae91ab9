"""Puts values back in the places of their placeholders, in whole texts and in streams."""
