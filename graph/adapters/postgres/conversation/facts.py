"""What a user told the employees to remember."""

from typing import Any

from graph.adapters.postgres.database import Database
from graph.adapters.postgres.named_queries import adapter_queries
from graph.errors import NotFound

QUERIES = adapter_queries("facts")


class PostgresFacts:
    def __init__(self, database: Database) -> None:
        self.database = database

    async def all(self, owner: str) -> list[dict[str, Any]]:
        return await self.database.rows(owner, QUERIES["all"], {})

    async def add(self, owner: str, fact: str, scope: str, is_pinned: bool) -> dict[str, Any]:
        values = {"fact": fact, "scope": scope, "is_pinned": is_pinned}
        row = await self.database.find(owner, QUERIES["add"], values)
        assert row is not None
        return row

    async def forget(self, owner: str, fact_id: str) -> None:
        """Raises: NotFound."""
        if not await self.database.find(owner, QUERIES["forget"], {"fact_id": fact_id}):
            raise NotFound
