"""Rules for passwords, PINs, keys and tokens."""
