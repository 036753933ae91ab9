"""LangGraph's checkpoints over the shared pool, for one owner.

The stock saver holds one lock for the whole process and knows no users. This one takes a connection of the pool for each
operation and sets the owner's claims in its transaction, so that row level security guards checkpoints like all else.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from psycopg import AsyncCursor
from psycopg.rows import DictRow, dict_row

from graph.adapters.database import Database
from graph.adapters.queries import adapter_queries

QUERIES = adapter_queries("checkpoints")


class OwnedSaver(AsyncPostgresSaver):
    """A checkpointer that reads and writes the checkpoints of one user."""

    def __init__(self, database: Database, owner: str) -> None:
        super().__init__(database.pool, serde=JsonPlusSerializer(allowed_msgpack_modules=None))
        self.database = database
        self.owner = owner

    @asynccontextmanager
    async def _cursor(self, *, pipeline: bool = False) -> AsyncIterator[AsyncCursor[DictRow]]:
        async with (
            self.database.acting_for(self.owner) as connection,
            connection.cursor(binary=True, row_factory=dict_row) as cursor,
        ):
            yield cursor


class PostgresCheckpoints:
    """The checkpoints in Postgres (port `Checkpoints`)."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def saver(self, owner: str) -> OwnedSaver:
        return OwnedSaver(self.database, owner)

    async def keep_last(self, owner: str, thread_id: str, turns: int) -> None:
        """Delete the checkpoints of all but the thread's last `turns` runs, and the values that only those held."""
        async with self.database.acting_for(owner) as connection:
            for name in ("prune_checkpoints", "prune_writes", "prune_blobs"):
                await connection.execute(QUERIES[name], {"thread_id": thread_id, "turns": turns})
