"""Rules for e-mail addresses, telephone numbers, handles and network addresses."""
