"""Rules for numbers that a state or an organisation gives to a person, and for dates of birth."""
