"""Wire protocols: each module translates logged events into one protocol's bytes, without a framework and without I/O."""
