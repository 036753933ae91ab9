"""Tool calls that a model wrote as text: found in its stream, parsed, and taken as calls."""
