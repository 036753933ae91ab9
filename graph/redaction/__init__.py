"""Finding personal values, masking them with tokens, restoring them for their owner."""
