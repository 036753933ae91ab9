"""LangGraph's checkpointer over the shared pool, for one user.

The stock checkpointer holds one lock for the whole process and has no notion of users. This one takes a connection of the pool
for each operation and sets the user's claims in its transaction, so row level security applies to checkpoints as to all tables.
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


def pooled_connection(cursor: AsyncCursor[DictRow]) -> Connection:
    """The connection of a cursor; the pool made it."""
    return cast(Connection, cursor.connection)


class UserCheckpointer(AsyncPostgresSaver):
    """Reads and writes the checkpoints of one user."""

    def __init__(self, database: Database, user_id: str) -> None:
        pool = cast(AsyncConnectionPool[AsyncConnection[DictRow]], database.pool)
        super().__init__(pool, serde=JsonPlusSerializer(allowed_msgpack_modules=None))
        self.database = database
        self.user_id = user_id

    @asynccontextmanager
    async def _cursor(self, *, pipeline: bool = False) -> AsyncIterator[AsyncCursor[DictRow]]:
        async with (
            self.database.transaction(self.user_id) as connection,
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
        """Store a checkpoint and its new values in one statement; the stock checkpointer sends one statement a value."""
        configurable = config["configurable"]
        inline, separate = split_channels(checkpoint["channel_values"])
        new = {name: version for name, version in new_versions.items() if name in separate}
        values = [self.serde.dumps_typed(separate[name]) for name in new]
        key = {"thread_id": configurable["thread_id"], "checkpoint_ns": configurable["checkpoint_ns"]}
        row = {
            **key,
            "checkpoint_id": checkpoint["id"],
            "parent_checkpoint_id": configurable.get("checkpoint_id"),
            "checkpoint": Jsonb({**checkpoint, "channel_values": inline}),
            "metadata": Jsonb(get_serializable_checkpoint_metadata(config, metadata)),
            "channels": list(new),
            "versions": [str(version) for version in new.values()],
            "types": [kind for kind, _ in values],
            "blobs": [bytes(blob) for _, blob in values],
        }
        async with self._cursor() as cursor:
            # psycopg takes longer for the text form of a list of bytes than for the rest of this method.
            cursor.adapters.register_dumper(list, ListBinaryDumper)
            await cursor.execute(QUERIES["put_checkpoint"], row)
        return {"configurable": {**key, "checkpoint_id": checkpoint["id"]}}

    async def _load_checkpoint_tuple(self, value: DictRow) -> CheckpointTuple:
        """Decode on the event loop, as the synchronous checkpointer does: a thread costs more than decoding some kilobytes."""
        return PostgresSaver._load_checkpoint_tuple(cast(PostgresSaver, self), value)

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy the user's checkpoints of a thread; those that the target has stay. Another user's thread counts as empty."""
        threads = {"source": source_thread_id, "target": target_thread_id}
        async with self._cursor() as cursor:
            await cursor.execute(QUERIES["copy_thread"], threads)

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Delete the user's checkpoints of these runs, with the channel values that no other checkpoint refers to."""
        runs = {"runs": list(run_ids)}
        async with self._cursor() as cursor:
            await cursor.execute(QUERIES["delete_writes_of_runs"], runs)
            deleted = await fetch_all(pooled_connection(cursor), QUERIES["delete_runs"], runs)
            threads = {row["thread_id"] for row in deleted}
            await cursor.executemany(QUERIES["prune_blobs"], [{"thread_id": thread} for thread in threads])

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        await SnapshotCheckpointer(self.database, self.user_id).aprune(thread_ids, strategy=strategy)


def split_channels(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split channel values into those stored in the checkpoint's row and those stored in rows of their own.

    A snapshot of LangGraph's DeltaChannel is in both: the checkpoint's row marks that there is one.
    """
    separate = {name: value for name, value in values.items() if not isinstance(value, str | int | float | None)}
    marks = {name: True for name, value in separate.items() if isinstance(value, _DeltaSnapshot)}
    return {name: value for name, value in values.items() if name not in separate} | marks, separate


class SnapshotCheckpointer(UserCheckpointer):
    """Prunes in transactions that read one snapshot. LangGraph requests the snapshot too late: the claims are set before."""

    @asynccontextmanager
    async def _cursor(self, *, pipeline: bool = False) -> AsyncIterator[AsyncCursor[DictRow]]:
        async with (
            self.database.transaction(self.user_id, snapshot=True) as connection,
            connection.cursor(binary=True, row_factory=dict_row) as cursor,
        ):
            yield cursor

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        await AsyncPostgresSaver.aprune(self, thread_ids, strategy=strategy)
