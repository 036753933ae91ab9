"""The checkpointer of one running turn: gathers what LangGraph writes and sends it in few transactions."""

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
from graph.adapters.postgres.fencing import hold
from graph.adapters.postgres.runs.checkpointer import QUERIES, OwnedSaver, of_pool
from graph.errors import DatabaseUnavailable, LeaseLost
from graph.ports.runs import Run

log = structlog.get_logger(__name__)

Reached = Callable[[str, str], Awaitable[None]]
"""Told that a step has come to a place (`after_checkpoint`): there a fail point may be."""

PRUNING = ("prune_checkpoints", "prune_writes", "prune_blobs")

FLUSH_SECONDS = 0.25
"""How long a write of a running turn may wait for its transaction."""


async def nowhere(step: str, place: str) -> None:
    """No fail point is anywhere."""


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
