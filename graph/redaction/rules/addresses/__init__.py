"""Rules for postal addresses and postal codes."""
