"""Replaces values by placeholders, and finds values again that were masked before."""
