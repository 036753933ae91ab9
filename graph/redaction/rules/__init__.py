"""Rules that find personal values by their form: each takes a text in its plain form and yields spans."""
