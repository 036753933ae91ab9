"""Profiles in Postgres (port `Profiles`). The vault holds the names."""

import json

from graph.adapters.postgres.database import Database
from graph.adapters.postgres.named_queries import adapter_queries
from graph.ports.redaction import Vault
from graph.ports.storage import ProfileChanges, with_placeholder
from graph.values.profile import EMPTY_PROFILE, Profile

QUERIES = adapter_queries("profiles")


class PostgresProfiles:
    """The profile of each user, in the user's own row."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self.database = database
        self.vault = vault

    async def read(self, user_id: str) -> Profile:
        row = await self.database.fetch_one(user_id, QUERIES["read_profile"], {})
        return Profile(**row) if row else EMPTY_PROFILE

    async def update(self, user_id: str, changes: ProfileChanges) -> Profile:
        stored = await with_placeholder(changes, user_id, self.vault)
        row = await self.database.fetch_one(user_id, QUERIES["update_profile"], {"changes": json.dumps(stored)})
        assert row is not None
        return Profile(**row)
