"""Recorded turns: written from a run, run again offline, compared."""
