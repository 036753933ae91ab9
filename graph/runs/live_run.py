"""A run while this process works on it: its phase, its events, its turn so far, and its followers."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, cast

from employees.roster import Employee
from graph.context import AbortedUsage
from graph.events import FINAL, Event, Restart, answer_text, is_waiting
from graph.ports.memory import StoredTurn
from graph.ports.runs import ClaimedRun, LoggedEvent, Step, first_seq
from graph.runs.phase import RunPhase, may_follow
from graph.runs.stream_resume import StreamReconciler
from graph.state import Turn
from graph.turn.links import without_foreign_links

RESTART_ENTRY: LoggedEvent = (0, Restart(type="restart"))
"""The entry for a follower who has seen events that no log holds: the whole stream follows."""


class LiveRun:
    """A run while this process works on it."""

    def __init__(self, claimed: ClaimedRun) -> None:
        self.run = claimed.run
        self.text = claimed.text
        """The user's message as typed; None if it cannot be decrypted."""
        self.employee: Employee | None = None
        """The requested employee, as defined when this process started the run."""
        self.phase = RunPhase.STOPPING if claimed.stop_requested else RunPhase.RUNNING
        self.entries: list[LoggedEvent] = list(claimed.logged)
        """The run's events so far, with their numbers."""
        self.turn = Turn()
        self.aborted_usage = AbortedUsage()
        """The usage of model calls that broke off."""
        self.stored: StoredTurn | None = None
        """The turn in the history, if another process stored it before it died."""
        self.path: list[Step] = []
        """The nodes that the graph has run."""
        self.graph_task: asyncio.Task[None] | None = None
        """The task that runs the graph."""
        self.written = self._claimed = len(self.entries)
        """How many entries are in the log."""
        self.writing = asyncio.Lock()
        self.started_at = time.perf_counter()
        self.has_waited = bool(self.entries) and is_waiting(self.entries[-1][1])
        """Whether the run waited for its user before this process claimed it."""
        self.streamed_text_before = any(event["type"] == "text" for _, event in self.entries)
        """Whether text of the run was streamed before this process claimed it."""
        self.first_text_at: float | None = None
        """When this process streamed the first text of the run."""
        self._next_seq = first_seq(self.run.epoch)
        self._reconciler = StreamReconciler([event for _, event in self.entries])
        self._changed = asyncio.Event()
        self._step_started_at = self.started_at
        self._step_first_event_at: float | None = None
        """When the current step streamed its first event."""

    # Phases

    def stop(self) -> None:
        """The user requested a stop: cancel the graph."""
        if self._enter(RunPhase.STOPPING):
            self._cancel()

    def hand_over(self) -> None:
        """This process shuts down: cancel the graph, so that another process continues it.

        A graph that has ended is not handed over; its result is stored here.
        """
        if not (self.graph_task and self.graph_task.done()) and self._enter(RunPhase.HANDING_OVER):
            self._cancel()

    def detach(self) -> None:
        """Give up the run: cancel its graph and send its followers to the log."""
        if self._enter(RunPhase.DETACHED):
            self._cancel()
            self._wake()

    def mark_waiting(self) -> None:
        """The graph has reached an interrupt: the user decides before the run goes on."""
        self._enter(RunPhase.WAITING)

    def _enter(self, phase: RunPhase) -> bool:
        """Change the phase if the new one may follow the current one; true if it changed."""
        changes = may_follow(self.phase, phase)
        if changes:
            self.phase = phase
        return changes

    def _cancel(self) -> None:
        if (
            self.graph_task and not self.graph_task.cancelling()
        ):  # a second cancellation would leave the current node running
            self.graph_task.cancel()

    # Events

    def emit(self, event: Event) -> None:
        """Stream an event of the graph, unless it was streamed before this process took the run over.

        Links that the user did not write are removed.
        """
        self.publish(self.with_seq(self._reconciler.feed(without_foreign_links(event, self.turn))))
        self._step_first_event_at = self._step_first_event_at or time.perf_counter()

    def final_entries(self, event: Event) -> list[LoggedEvent]:
        """The entries that end the stream: the last event, and before it what a reconciled stream lacks.

        They are not published yet, because the log is written first.
        """
        complete = event["type"] == "done" and event["status"] == "complete"
        return self.with_seq(self._reconciler.feed(event) if complete else [event])

    def with_seq(self, events: Sequence[Event]) -> list[LoggedEvent]:
        """The events with the run's next sequence numbers."""
        return list(enumerate(events, self._next_seq))

    def publish(self, entries: Sequence[LoggedEvent]) -> None:
        """Add entries and wake the followers."""
        self.entries += entries
        self._next_seq += len(entries)
        if any(event["type"] in FINAL for _, event in entries):
            self._enter(RunPhase.ENDED)
        if any(event["type"] == "text" for _, event in entries):
            self.first_text_at = self.first_text_at or time.perf_counter()
        self._wake()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def start_steps(self) -> None:
        """The first step begins now."""
        self._step_started_at, self._step_first_event_at = time.perf_counter(), None

    def record_step(self, node: str, update: Turn) -> None:
        """A step has ended: add its update to the turn, and its time to the path."""
        ended_at = time.perf_counter()
        first = self._step_first_event_at
        first_ms = milliseconds(first - self._step_started_at) if first else None
        self.path.append(Step(node=node, ms=milliseconds(ended_at - self._step_started_at), first_ms=first_ms))
        self._step_started_at, self._step_first_event_at = ended_at, None
        self.turn.update(update)

    @property
    def events(self) -> list[Event]:
        return [event for _, event in self.entries]

    def unwritten(self) -> list[LoggedEvent]:
        """The entries that are not in the log yet."""
        return self.entries[self.written :]

    async def follow(self, after: int) -> AsyncIterator[LoggedEvent]:
        """The entries with a number above `after` as they are published, until the run ends or leaves this process."""
        position = position_after(after, self.entries, self.run.epoch)
        if position is None:
            yield RESTART_ENTRY
            position = 0
        while True:
            changed = self._changed
            while position < len(self.entries):
                position += 1
                if not self._is_stale_wait(position - 1):
                    yield self.entries[position - 1]
            if self.phase in (RunPhase.ENDED, RunPhase.DETACHED):
                return
            await changed.wait()

    def _is_stale_wait(self, position: int) -> bool:
        """Whether an entry says that the run waits for its user, which is not true any more."""
        return position < self._claimed and is_waiting(self.entries[position][1])

    def partial_text(self) -> str:
        """The streamed part of the current answer."""
        return answer_text(self.events)


def position_after(after: int, entries: Sequence[LoggedEvent], epoch: int) -> int | None:
    """The position in `entries` at which a follower continues whose last event has the number `after`.

    None if a process streamed that event and died before it logged it. An event of the current epoch may not be in the log
    yet.
    """
    seen = [seq for seq, _ in entries if seq <= after]
    if after and after < first_seq(epoch) and (not seen or seen[-1] != after):
        return None
    return len(seen)


def turn_from_checkpoint(values: Mapping[str, Any]) -> Turn:
    """The fields of a turn among the values of a checkpoint."""
    return cast(Turn, {name: values[name] for name in Turn.__annotations__ if name in values})


def milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
