"""Providers of the ports: Postgres, models, embedders, identity."""
