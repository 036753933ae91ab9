"""Facts that a user told the employees to remember (port `Facts`)."""

from typing import Any

from graph.adapters.postgres.database import Database
from graph.adapters.postgres.named_queries import adapter_queries
from graph.errors import NotFound

QUERIES = adapter_queries("facts")


class PostgresFacts:
    """Facts in Postgres; another user's fact does not exist."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def all(self, user_id: str) -> list[dict[str, Any]]:
        return await self.database.fetch_all(user_id, QUERIES["all"], {})

    async def add(self, user_id: str, fact: str, scope: str, is_pinned: bool) -> dict[str, Any]:
        values = {"fact": fact, "scope": scope, "is_pinned": is_pinned}
        row = await self.database.fetch_one(user_id, QUERIES["add"], values)
        assert row is not None
        return row

    async def delete(self, user_id: str, fact_id: str) -> None:
        """Raises: NotFound."""
        if not await self.database.fetch_one(user_id, QUERIES["delete"], {"fact_id": fact_id}):
            raise NotFound
