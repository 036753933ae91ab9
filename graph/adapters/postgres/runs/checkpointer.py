"""LangGraph's checkpoints over the shared pool, for one owner.

The stock saver holds one lock for the whole process and knows no users. This one takes a connection of the pool for each
operation and sets the owner's claims in its transaction, so that row level security guards checkpoints like all else.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    get_serializable_checkpoint_metadata,
)
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.serde.types import _DeltaSnapshot
from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import DictRow, dict_row
from psycopg.types.array import ListBinaryDumper
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool

from graph.adapters.postgres.database import Connection, Database, fetch_all
from graph.adapters.postgres.named_queries import adapter_queries

QUERIES = adapter_queries("checkpoints")


def of_pool(cursor: AsyncCursor[DictRow]) -> Connection:
    """The cursor's connection, which is the pool's."""
    return cast(Connection, cursor.connection)


class OwnedSaver(AsyncPostgresSaver):
    """A checkpointer that reads and writes the checkpoints of one user."""

    def __init__(self, database: Database, user_id: str) -> None:
        pool = cast(AsyncConnectionPool[AsyncConnection[DictRow]], database.pool)
        super().__init__(pool, serde=JsonPlusSerializer(allowed_msgpack_modules=None))
        self.database = database
        self.user_id = user_id

    @asynccontextmanager
    async def _cursor(self, *, pipeline: bool = False) -> AsyncIterator[AsyncCursor[DictRow]]:
        async with (
            self.database.acting_for(self.user_id) as connection,
            connection.cursor(binary=True, row_factory=dict_row) as cursor,
        ):
            yield cursor

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store a checkpoint and the values that are new in it by one statement; the stock saver sends one a value."""
        place = config["configurable"]
        inline, apart = divided(checkpoint["channel_values"])
        new = {name: version for name, version in new_versions.items() if name in apart}
        values = [self.serde.dumps_typed(apart[name]) for name in new]
        key = {"thread_id": place["thread_id"], "checkpoint_ns": place["checkpoint_ns"]}
        row = {
            **key,
            "checkpoint_id": checkpoint["id"],
            "parent_checkpoint_id": place.get("checkpoint_id"),
            "checkpoint": Jsonb({**checkpoint, "channel_values": inline}),
            "metadata": Jsonb(get_serializable_checkpoint_metadata(config, metadata)),
            "channels": list(new),
            "versions": [str(version) for version in new.values()],
            "types": [kind for kind, _ in values],
            "blobs": [bytes(blob) for _, blob in values],
        }
        async with self._cursor() as cursor:
            # In its text form a list of bytes takes psycopg longer than all the rest of this.
            cursor.adapters.register_dumper(list, ListBinaryDumper)
            await cursor.execute(QUERIES["put_checkpoint"], row)
        return {"configurable": {**key, "checkpoint_id": checkpoint["id"]}}

    async def _load_checkpoint_tuple(self, value: DictRow) -> CheckpointTuple:
        """Decode here, as the synchronous saver does: to go to a thread and back costs more than some kilobytes do."""
        return PostgresSaver._load_checkpoint_tuple(cast(PostgresSaver, self), value)

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy the owner's checkpoints of a thread; what the target has already stays. Of a foreign thread that is nothing."""
        threads = {"source": source_thread_id, "target": target_thread_id}
        async with self._cursor() as cursor:
            await cursor.execute(QUERIES["copy_thread"], threads)

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Delete the owner's checkpoints of these runs, and all that only those held."""
        runs = {"runs": list(run_ids)}
        async with self._cursor() as cursor:
            await cursor.execute(QUERIES["delete_writes_of_runs"], runs)
            deleted = await fetch_all(of_pool(cursor), QUERIES["delete_runs"], runs)
            threads = {row["thread_id"] for row in deleted}
            await cursor.executemany(QUERIES["prune_blobs"], [{"thread_id": thread} for thread in threads])

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        await SnapshotSaver(self.database, self.user_id).aprune(thread_ids, strategy=strategy)


def divided(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Values of channels: those that stand in the row of the checkpoint, and those that have rows of their own.

    A snapshot of LangGraph's DeltaChannel has both: in the checkpoint a mark says that there is one.
    """
    apart = {name: value for name, value in values.items() if not isinstance(value, str | int | float | None)}
    marks = {name: True for name, value in apart.items() if isinstance(value, _DeltaSnapshot)}
    return {name: value for name, value in values.items() if name not in apart} | marks, apart


class SnapshotSaver(OwnedSaver):
    """A checkpointer whose transactions read one snapshot: LangGraph's pruning asks for it, too late after the claims."""

    @asynccontextmanager
    async def _cursor(self, *, pipeline: bool = False) -> AsyncIterator[AsyncCursor[DictRow]]:
        async with (
            self.database.acting_for(self.user_id, snapshot=True) as connection,
            connection.cursor(binary=True, row_factory=dict_row) as cursor,
        ):
            yield cursor

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        await AsyncPostgresSaver.aprune(self, thread_ids, strategy=strategy)
