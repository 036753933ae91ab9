"""The rows on which tools compute, and the catalogue in the database."""
