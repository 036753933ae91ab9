"""LangGraph's checkpoints over the shared pool, for one owner.

The stock saver holds one lock for the whole process and knows no users. This one takes a connection of the pool for each
operation and sets the owner's claims in its transaction, so that row level security guards checkpoints like all else.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import structlog
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from psycopg import AsyncCursor
from psycopg.rows import DictRow, dict_row

from graph.adapters.database import Database
from graph.adapters.queries import adapter_queries
from graph.errors import DatabaseUnavailable

log = structlog.get_logger(__name__)

QUERIES = adapter_queries("checkpoints")

FLUSH_SECONDS = 0.25
"""How long a write of a running turn may wait for its transaction."""

Write = Callable[[], Awaitable[object]]


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

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        await SnapshotSaver(self.database, self.owner).aprune(thread_ids, strategy=strategy)


class SnapshotSaver(OwnedSaver):
    """A checkpointer whose transactions read one snapshot: LangGraph's pruning asks for it, too late after the claims."""

    @asynccontextmanager
    async def _cursor(self, *, pipeline: bool = False) -> AsyncIterator[AsyncCursor[DictRow]]:
        async with (
            self.database.acting_for(self.owner, snapshot=True) as connection,
            connection.cursor(binary=True, row_factory=dict_row) as cursor,
        ):
            yield cursor

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        await AsyncPostgresSaver.aprune(self, thread_ids, strategy=strategy)


class TurnSaver(OwnedSaver):
    """The checkpointer of one running turn: gathers what LangGraph writes and sends it together.

    A turn of seven steps makes some fifteen writes. That each has its transaction buys nothing: with LangGraph's durability
    `async` none of them is certain at a crash, and a turn is recovered from its run's row.
    """

    def __init__(self, database: Database, owner: str) -> None:
        super().__init__(database, owner)
        self._gathered: list[Write] = []
        self._flushing = asyncio.Lock()
        self._open: AsyncCursor[DictRow] | None = None
        """The cursor of the flush that is under way, for the task that flushes only."""
        self._sender: asyncio.Task[object] | None = None

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        self._gathered.append(partial(super().aput, config, checkpoint, metadata, new_versions))
        place = config["configurable"]
        stored = {name: place[name] for name in ("thread_id", "checkpoint_ns")}
        return {"configurable": {**stored, "checkpoint_id": checkpoint["id"]}}

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        self._gathered.append(partial(super().aput_writes, config, writes, task_id, task_path))

    @asynccontextmanager
    async def _cursor(self, *, pipeline: bool = False) -> AsyncIterator[AsyncCursor[DictRow]]:
        if self._open is not None and self._sender is asyncio.current_task():
            yield self._open
            return
        await self.flush()
        async with super()._cursor() as cursor:
            yield cursor

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        await self.flush()
        await super().aprune(thread_ids, strategy=strategy)

    async def flush(self) -> None:
        """Send what was gathered, in one transaction; on failure it stays gathered."""
        async with self._flushing:
            sending = list(self._gathered)
            if not sending:
                return
            async with super()._cursor() as cursor:
                self._open, self._sender = cursor, asyncio.current_task()
                try:
                    for write in sending:
                        await write()
                finally:
                    self._open = self._sender = None
            del self._gathered[: len(sending)]

    async def keep_flushing(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            with suppress(DatabaseUnavailable):
                await self.flush()


class PostgresCheckpoints:
    """The checkpoints in Postgres (port `Checkpoints`)."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @asynccontextmanager
    async def turn(self, owner: str) -> AsyncIterator[TurnSaver]:
        saver = TurnSaver(self.database, owner)
        flushing = asyncio.create_task(saver.keep_flushing())
        try:
            yield saver
        finally:
            flushing.cancel()
            await asyncio.gather(flushing, return_exceptions=True)
            try:
                await saver.flush()
            except DatabaseUnavailable:
                log.warning("checkpoints_lost")

    async def keep_last(self, owner: str, thread_id: str, turns: int) -> None:
        """Delete the checkpoints of all but the thread's last `turns` runs, and the values that only those held."""
        async with self.database.acting_for(owner) as connection:
            for name in ("prune_checkpoints", "prune_writes", "prune_blobs"):
                await connection.execute(QUERIES[name], {"thread_id": thread_id, "turns": turns})
