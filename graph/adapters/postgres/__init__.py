"""Everything that stands on Postgres."""
