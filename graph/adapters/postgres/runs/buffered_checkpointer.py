"""The checkpointer of one running turn: it buffers what LangGraph writes and sends it in few transactions."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import structlog
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata, CheckpointTuple
from psycopg import AsyncCursor
from psycopg.rows import DictRow

from graph.adapters.postgres.database import Database
from graph.adapters.postgres.fencing import fence
from graph.adapters.postgres.runs.checkpointer import QUERIES, UserCheckpointer, pooled_connection
from graph.errors import DatabaseUnavailable, LeaseLost
from graph.ports.runs import Run

log = structlog.get_logger(__name__)

OnCheckpoint = Callable[[str, str], Awaitable[None]]
"""Called with each node whose writes are stored, and the place `after_checkpoint`; fault injection uses it."""

PRUNE_QUERIES = ("prune_checkpoints", "prune_writes", "prune_blobs")

FLUSH_INTERVAL_SECONDS = 0.25
"""How long a write of a running turn may stay in the buffer."""


async def noop(step: str, place: str) -> None:
    """No fault is injected."""


@dataclass(frozen=True, slots=True)
class PendingCheckpoint:
    """A buffered checkpoint."""

    config: RunnableConfig
    """Names the thread, and the checkpoint before this one."""
    checkpoint: Checkpoint
    metadata: CheckpointMetadata
    new_versions: ChannelVersions

    @property
    def run(self) -> tuple[object, ...] | None:
        """The thread and the run of the checkpoint; None if it belongs to no run."""
        configurable = self.config["configurable"]
        if "run" not in configurable:
            return None
        return (configurable["thread_id"], configurable["checkpoint_ns"], configurable["run"])

    def coalesce(self, earlier: "PendingCheckpoint") -> "PendingCheckpoint":
        """This checkpoint in the place of an earlier one, with the channel values that only the earlier one would store."""
        before = earlier.config["configurable"].get("checkpoint_id")
        config = RunnableConfig(configurable={**self.config["configurable"], "checkpoint_id": before})
        versions = self.checkpoint["channel_versions"]
        changed = {name: versions[name] for name in (*earlier.new_versions, *self.new_versions) if name in versions}
        return replace(self, config=config, new_versions=changed)


@dataclass(frozen=True, slots=True)
class PendingWrites:
    """The buffered writes of one task."""

    config: RunnableConfig
    writes: Sequence[tuple[str, Any]]
    task_id: str
    task_path: str

    def belong_to(self, pending: PendingCheckpoint) -> bool:
        return bool(self.config["configurable"]["checkpoint_id"] == pending.checkpoint["id"])


class BufferedCheckpointer(UserCheckpointer):
    """The checkpointer of one running turn.

    A turn of seven steps makes some fifteen writes. A transaction for each gains nothing: with LangGraph's durability `async`
    no write is certain to survive a crash, and a turn is recovered from its run's row. Storing a checkpoint that the run has
    left behind before it was sent gains nothing either: a turn is continued, repeated or forked from its last checkpoint.
    A turn that starts does not read the checkpoint before it: the state holds one turn.
    """

    def __init__(self, database: Database, run: Run, on_checkpoint: OnCheckpoint = noop) -> None:
        super().__init__(database, run.user_id)
        self.run = run
        self._on_checkpoint = on_checkpoint
        self._starts_empty = run.epoch == 1
        self._finished_steps: list[str] = []
        """The steps whose writes are buffered."""
        self._pending: list[PendingCheckpoint | PendingWrites] = []
        self._flushing = asyncio.Lock()
        self._flush_cursor: AsyncCursor[DictRow] | None = None
        """The cursor of the current flush, for the task that flushes only."""
        self._flush_task: asyncio.Task[object] | None = None

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        if self._starts_empty:
            return None
        return await super().aget_tuple(config)

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        self._starts_empty = False
        self._add(PendingCheckpoint(config, checkpoint, metadata, new_versions))
        configurable = config["configurable"]
        stored = {name: configurable[name] for name in ("thread_id", "checkpoint_ns")}
        return {"configurable": {**stored, "checkpoint_id": checkpoint["id"]}}

    def _add(self, added: PendingCheckpoint) -> None:
        """Buffer a checkpoint; it replaces a buffered checkpoint of the same run."""
        for earlier in self._pending:
            if isinstance(earlier, PendingCheckpoint) and added.run and earlier.run == added.run:
                added = added.coalesce(earlier)
                self._pending = [entry for entry in self._pending if not belongs_to(entry, earlier)]
        self._pending.append(added)

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        self._pending.append(PendingWrites(config, writes, task_id, task_path))
        self._finished_steps.append(task_path.rpartition(", ")[2])

    @asynccontextmanager
    async def _cursor(self, *, pipeline: bool = False) -> AsyncIterator[AsyncCursor[DictRow]]:
        """The cursor of the flush within a flush; otherwise a new one, after a flush, so that a read sees the buffer."""
        if self._flush_cursor is not None and self._flush_task is asyncio.current_task():
            yield self._flush_cursor
            return
        await self.flush()
        async with super()._cursor() as cursor:
            yield cursor

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        await self.flush()
        await super().aprune(thread_ids, strategy=strategy)

    async def flush(self, turns_to_keep: int | None = None) -> None:
        """Send the buffer in one transaction; on failure everything stays in the buffer.

        Args:
            turns_to_keep: if given, the checkpoints of all but so many turns of the thread are deleted in that transaction.

        Raises:
            LeaseLost: another process works on the run.
            DatabaseUnavailable: the database cannot be reached.
        """
        async with self._flushing:
            sending, self._pending = self._pending, []
            steps, self._finished_steps = self._finished_steps, []
            if not sending and turns_to_keep is None:
                return
            try:
                await self._send(sending, turns_to_keep)
            except BaseException:
                self._pending, self._finished_steps = [*sending, *self._pending], [*steps, *self._finished_steps]
                raise
            for step in steps:
                await self._on_checkpoint(step, "after_checkpoint")

    async def _send(self, sending: Sequence[PendingCheckpoint | PendingWrites], turns_to_keep: int | None) -> None:
        async with super()._cursor() as cursor:
            await fence(pooled_connection(cursor), self.run.id, self.run.epoch)
            self._flush_cursor, self._flush_task = cursor, asyncio.current_task()
            try:
                for entry in sending:
                    await self._store(entry)
                if turns_to_keep is not None:
                    for name in PRUNE_QUERIES:
                        await cursor.execute(QUERIES[name], {"thread_id": self.run.session_id, "turns": turns_to_keep})
            finally:
                self._flush_cursor = self._flush_task = None

    async def _store(self, entry: PendingCheckpoint | PendingWrites) -> None:
        if isinstance(entry, PendingCheckpoint):
            await super().aput(entry.config, entry.checkpoint, entry.metadata, entry.new_versions)
        else:
            await super().aput_writes(entry.config, entry.writes, entry.task_id, entry.task_path)

    async def flush_periodically(self) -> None:
        """Flush until cancelled. Failures are left to the next flush; a lost lease is noticed by the runner."""
        while True:
            await asyncio.sleep(FLUSH_INTERVAL_SECONDS)
            with suppress(DatabaseUnavailable, LeaseLost):
                await self.flush()


def belongs_to(entry: PendingCheckpoint | PendingWrites, checkpoint: PendingCheckpoint) -> bool:
    return entry is checkpoint or (isinstance(entry, PendingWrites) and entry.belong_to(checkpoint))


class PostgresCheckpoints:
    """Checkpoints in Postgres (port `Checkpoints`)."""

    def __init__(self, database: Database, turns_to_keep: int, on_checkpoint: OnCheckpoint = noop) -> None:
        """
        Args:
            turns_to_keep: turns of a thread whose checkpoints are not deleted.
            on_checkpoint: called for each step whose writes are stored.
        """
        self.database = database
        self.turns_to_keep = turns_to_keep
        self.on_checkpoint = on_checkpoint
        self._active: dict[str, BufferedCheckpointer] = {}
        """The checkpointers of running turns, by run."""

    @asynccontextmanager
    async def turn(self, run: Run) -> AsyncIterator[BufferedCheckpointer]:
        checkpointer = self._active[run.id] = BufferedCheckpointer(self.database, run, self.on_checkpoint)
        flushing = asyncio.create_task(checkpointer.flush_periodically())
        try:
            yield checkpointer
        finally:
            flushing.cancel()
            await asyncio.gather(flushing, return_exceptions=True)
            del self._active[run.id]
            try:
                await checkpointer.flush(self.turns_to_keep)
            except (DatabaseUnavailable, LeaseLost) as error:
                log.warning("checkpoints_lost", reason=error.code)

    async def commit(self, run_id: str) -> None:
        """Store everything that a running turn has buffered.

        Raises:
            LeaseLost: another process works on the run.
            DatabaseUnavailable: the database cannot be reached.
        """
        if checkpointer := self._active.get(run_id):
            await checkpointer.flush()
