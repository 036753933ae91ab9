"""LangGraph's checkpoints over the shared pool, for one owner.

The stock saver holds one lock for the whole process and knows no users. This one takes a connection of the pool for each
operation and sets the owner's claims in its transaction, so that row level security guards checkpoints like all else.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any, cast

import structlog
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
from graph.adapters.postgres.fencing import hold
from graph.adapters.postgres.named_queries import adapter_queries
from graph.errors import DatabaseUnavailable, LeaseLost
from graph.ports.runs import Run

log = structlog.get_logger(__name__)

QUERIES = adapter_queries("checkpoints")

Reached = Callable[[str, str], Awaitable[None]]
"""Told that a step has come to a place (`after_checkpoint`): there a fail point may be."""

PRUNING = ("prune_checkpoints", "prune_writes", "prune_blobs")

FLUSH_SECONDS = 0.25
"""How long a write of a running turn may wait for its transaction."""


async def nowhere(step: str, place: str) -> None:
    """No fail point is anywhere."""


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


@dataclass(frozen=True, slots=True)
class Put:
    """A checkpoint that waits to be stored."""

    config: RunnableConfig
    """Its place: the thread, and the checkpoint that came before."""
    checkpoint: Checkpoint
    metadata: CheckpointMetadata
    new_versions: ChannelVersions

    @property
    def run(self) -> tuple[object, ...] | None:
        """The thread and the run to which it belongs, if it belongs to one."""
        place = self.config["configurable"]
        return (place["thread_id"], place["checkpoint_ns"], place["run"]) if "run" in place else None

    def instead_of(self, earlier: "Put") -> "Put":
        """This checkpoint in the place of an earlier one, with the values of channels that only that one would have stored."""
        before = earlier.config["configurable"].get("checkpoint_id")
        config = RunnableConfig(configurable={**self.config["configurable"], "checkpoint_id": before})
        versions = self.checkpoint["channel_versions"]
        changed = {name: versions[name] for name in (*earlier.new_versions, *self.new_versions) if name in versions}
        return replace(self, config=config, new_versions=changed)


@dataclass(frozen=True, slots=True)
class Writes:
    """What a task wrote on a checkpoint, waiting to be stored."""

    config: RunnableConfig
    writes: Sequence[tuple[str, Any]]
    task_id: str
    task_path: str

    def are_on(self, put: Put) -> bool:
        return bool(self.config["configurable"]["checkpoint_id"] == put.checkpoint["id"])


class TurnSaver(OwnedSaver):
    """The checkpointer of one running turn: gathers what LangGraph writes and sends it together.

    A turn of seven steps makes some fifteen writes. That each has its transaction buys nothing: with LangGraph's durability
    `async` none of them is certain at a crash, and a turn is recovered from its run's row. Nor does it buy anything to
    store a step that its run has left behind before it could be sent: a turn is continued, repeated or forked from its
    last checkpoint. And a turn that begins does not need the one before it: its state holds one turn.
    """

    def __init__(self, database: Database, run: Run, reached: Reached = nowhere) -> None:
        super().__init__(database, run.user_id)
        self.run = run
        self._reached = reached
        self._begins = run.epoch == 1
        self._ended: list[str] = []
        """The steps that have ended and are not stored."""
        self._gathered: list[Put | Writes] = []
        self._flushing = asyncio.Lock()
        self._open: AsyncCursor[DictRow] | None = None
        """The cursor of the flush that is under way, for the task that flushes only."""
        self._sender: asyncio.Task[object] | None = None

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        if self._begins:
            return None
        return await super().aget_tuple(config)

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        self._begins = False
        self._gather(Put(config, checkpoint, metadata, new_versions))
        place = config["configurable"]
        stored = {name: place[name] for name in ("thread_id", "checkpoint_ns")}
        return {"configurable": {**stored, "checkpoint_id": checkpoint["id"]}}

    def _gather(self, put: Put) -> None:
        """Keep a checkpoint in the place of the one that its run has left behind."""
        for earlier in self._gathered:
            if isinstance(earlier, Put) and put.run and earlier.run == put.run:
                put = put.instead_of(earlier)
                self._gathered = [each for each in self._gathered if not belongs_to(each, earlier)]
        self._gathered.append(put)

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        self._gathered.append(Writes(config, writes, task_id, task_path))
        self._ended.append(task_path.rpartition(", ")[2])

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

    async def flush(self, keep: int | None = None) -> None:
        """Send what was gathered, in one transaction; on failure it stays gathered.

        Args:
            keep: forget the thread's checkpoints of all but so many turns, in the same transaction.

        Raises:
            LeaseLost: another process works on the run.
        """
        async with self._flushing:
            sending, self._gathered = self._gathered, []
            ended, self._ended = self._ended, []
            if not sending and keep is None:
                return
            try:
                await self._send(sending, keep)
            except BaseException:
                self._gathered, self._ended = [*sending, *self._gathered], [*ended, *self._ended]
                raise
            for step in ended:
                await self._reached(step, "after_checkpoint")

    async def _send(self, sending: Sequence[Put | Writes], keep: int | None) -> None:
        async with super()._cursor() as cursor:
            await hold(of_pool(cursor), self.run.id, self.run.epoch)
            self._open, self._sender = cursor, asyncio.current_task()
            try:
                for each in sending:
                    await self._store(each)
                if keep is not None:
                    for name in PRUNING:
                        await cursor.execute(QUERIES[name], {"thread_id": self.run.session_id, "turns": keep})
            finally:
                self._open = self._sender = None

    async def _store(self, each: Put | Writes) -> None:
        if isinstance(each, Put):
            await super().aput(each.config, each.checkpoint, each.metadata, each.new_versions)
        else:
            await super().aput_writes(each.config, each.writes, each.task_id, each.task_path)

    async def keep_flushing(self) -> None:
        """Send every now and then; that the run is another's, its lease says."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            with suppress(DatabaseUnavailable, LeaseLost):
                await self.flush()


def belongs_to(each: Put | Writes, put: Put) -> bool:
    return each is put or (isinstance(each, Writes) and each.are_on(put))


class PostgresCheckpoints:
    """The checkpoints in Postgres (port `Checkpoints`)."""

    def __init__(self, database: Database, kept_turns: int, reached: Reached = nowhere) -> None:
        """
        Args:
            database: where they are.
            kept_turns: turns of a thread whose checkpoints are kept.
            reached: told of each step that is stored.
        """
        self.database = database
        self.kept_turns = kept_turns
        self.reached = reached
        self._open: dict[str, TurnSaver] = {}
        """By run."""

    @asynccontextmanager
    async def turn(self, run: Run) -> AsyncIterator[TurnSaver]:
        saver = self._open[run.id] = TurnSaver(self.database, run, self.reached)
        flushing = asyncio.create_task(saver.keep_flushing())
        try:
            yield saver
        finally:
            flushing.cancel()
            await asyncio.gather(flushing, return_exceptions=True)
            del self._open[run.id]
            try:
                await saver.flush(self.kept_turns)
            except (DatabaseUnavailable, LeaseLost) as error:
                log.warning("checkpoints_lost", reason=error.code)

    async def commit(self, run_id: str) -> None:
        """Store all that a running turn has come to.

        Raises:
            LeaseLost: another process works on the run.
            DatabaseUnavailable: it could not be stored.
        """
        if saver := self._open.get(run_id):
            await saver.flush()
