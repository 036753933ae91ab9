"""What a user told the employees to remember."""

from typing import Any

from graph.adapters.database import Database, fetch_all, fetch_one
from graph.adapters.queries import adapter_queries
from graph.errors import NotFound

QUERIES = adapter_queries("facts")


class PostgresFacts:
    def __init__(self, database: Database) -> None:
        self.database = database

    async def all(self, owner: str) -> list[dict[str, Any]]:
        async with self.database.acting_for(owner) as connection:
            return await fetch_all(connection, QUERIES["all"], {})

    async def add(self, owner: str, fact: str, scope: str, is_pinned: bool) -> dict[str, Any]:
        values = {"fact": fact, "scope": scope, "is_pinned": is_pinned}
        async with self.database.acting_for(owner) as connection:
            row = await fetch_one(connection, QUERIES["add"], values)
        assert row is not None
        return row

    async def forget(self, owner: str, fact_id: str) -> None:
        """Raises: NotFound."""
        async with self.database.acting_for(owner) as connection:
            if not await fetch_one(connection, QUERIES["forget"], {"fact_id": fact_id}):
                raise NotFound
