"""Word lists that the rules for names and addresses share."""
