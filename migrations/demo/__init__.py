"""The demo user: a year of transactions made from a seed."""
