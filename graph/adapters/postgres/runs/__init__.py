"""Runs, their checkpoints, approvals and notifications."""
