"""A run while a process works on it: its events so far, its turn as far as the graph has come, and who follows it."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, cast

from employees.roster import Employee
from graph.context import Unfinished
from graph.events import FINAL, Event, Restart, last_text, waits
from graph.ports.memory import Recorded
from graph.ports.runs import ClaimedRun, LoggedEvent, Step, first_seq
from graph.runs.phase import RunPhase, may_follow
from graph.runs.stream_resume import Rejoin
from graph.state import Turn
from graph.turn.links import without_foreign_links

VOID: LoggedEvent = (0, Restart(type="restart"))
"""The entry for a follower who has seen events that no log holds: the whole stream follows."""


class LiveRun:
    """A run while this process works on it."""

    def __init__(self, claim: ClaimedRun) -> None:
        self.run = claim.run
        self.text = claim.text
        """The user's message as typed; None if it cannot be decrypted."""
        self.employee: Employee | None = None
        """The employee asked for, as its file was when this process began the run."""
        self.phase = RunPhase.STOPPING if claim.stop_requested else RunPhase.RUNNING
        self.entries: list[LoggedEvent] = list(claim.logged)
        """The events of the run so far."""
        self.turn = Turn()
        self.unfinished = Unfinished()
        """The usage of model calls that broke off."""
        self.recorded: Recorded | None = None
        """The turn as the history holds it, if a process that died had stored it."""
        self.path: list[Step] = []
        """The steps that the graph has taken."""
        self.work: asyncio.Task[None] | None = None
        """The task that runs the graph."""
        self.written = self._claimed = len(self.entries)
        """How many entries are in the log."""
        self.writing = asyncio.Lock()
        self.began = time.perf_counter()
        self.waited = bool(self.entries) and waits(self.entries[-1][1])
        """Whether the run waited for its user before this process claimed it."""
        self.spoke_before = any(event["type"] == "text" for _, event in self.entries)
        """Whether text of the run was streamed before this process claimed it."""
        self.spoke: float | None = None
        """When this process streamed the first text of the run."""
        self._next = first_seq(self.run.epoch)
        self._rejoin = Rejoin([event for _, event in self.entries])
        self._changed = asyncio.Event()
        self._step_began = self.began
        self._step_spoke: float | None = None
        """When the current step streamed its first event."""

    # Phases

    def stop(self) -> None:
        """The user requested a stop: cancel the graph."""
        if self._enter(RunPhase.STOPPING):
            self._cancel()

    def hand_over(self) -> None:
        """This process shuts down: cancel the graph, so that another process goes on. A graph that has ended is not handed
        over."""
        if not (self.work and self.work.done()) and self._enter(RunPhase.HANDING_OVER):
            self._cancel()

    def detach(self) -> None:
        """This process does not have the run any more: cancel the graph, and let followers read the log."""
        if self._enter(RunPhase.DETACHED):
            self._cancel()
            self._wake()

    def wait(self) -> None:
        """The graph has reached an interrupt."""
        self._enter(RunPhase.WAITING)

    def _enter(self, phase: RunPhase) -> bool:
        """Change the phase if the new one may follow the current one; whether it has changed."""
        changes = may_follow(self.phase, phase)
        if changes:
            self.phase = phase
        return changes

    def _cancel(self) -> None:
        if self.work and not self.work.cancelling():  # twice, it would leave its step running
            self.work.cancel()

    # Events

    def publish(self, event: Event) -> None:
        """Stream an event, without links that its user did not write, unless it was streamed before this process took the run
        over."""
        self.show(self.numbered(self._rejoin.feed(without_foreign_links(event, self.turn))))
        self._step_spoke = self._step_spoke or time.perf_counter()

    def ending(self, event: Event) -> list[LoggedEvent]:
        """What is to be streamed at the end of a turn: the last event, and before it what a rejoined stream lacks.

        It is not streamed yet; the log comes first.
        """
        complete = event["type"] == "done" and event["status"] == "complete"
        return self.numbered(self._rejoin.feed(event) if complete else [event])

    def numbered(self, events: Sequence[Event]) -> list[LoggedEvent]:
        return list(enumerate(events, self._next))

    def show(self, entries: Sequence[LoggedEvent]) -> None:
        """Let the followers see events."""
        self.entries += entries
        self._next += len(entries)
        if any(event["type"] in FINAL for _, event in entries):
            self._enter(RunPhase.ENDED)
        if any(event["type"] == "text" for _, event in entries):
            self.spoke = self.spoke or time.perf_counter()
        self._wake()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def begin(self) -> None:
        """The graph starts."""
        self._step_began, self._step_spoke = time.perf_counter(), None

    def advance(self, node: str, update: Turn) -> None:
        """A step has ended: note what it added to the turn, and how long it took."""
        began, spoke, ended = self._step_began, self._step_spoke, time.perf_counter()
        first_ms = round((spoke - began) * 1000) if spoke else None
        self.path.append(Step(node=node, ms=round((ended - began) * 1000), first_ms=first_ms))
        self._step_began, self._step_spoke = ended, None
        self.turn.update(update)

    @property
    def events(self) -> list[Event]:
        return [event for _, event in self.entries]

    def unwritten(self) -> list[LoggedEvent]:
        return self.entries[self.written :]

    async def follow(self, after: int) -> AsyncIterator[LoggedEvent]:
        """The events with a number above `after` as they come, to the last one or until this process is detached."""
        position = position_after(after, self.entries, self.run.epoch)
        if position is None:
            yield VOID
            position = 0
        while True:
            changed = self._changed
            while position < len(self.entries):
                position += 1
                if not self._is_over_again(position - 1):
                    yield self.entries[position - 1]
            if self.phase in (RunPhase.ENDED, RunPhase.DETACHED):
                return
            await changed.wait()

    def _is_over_again(self, position: int) -> bool:
        """Whether an event told followers that the run waits, which has gone on since."""
        return position < self._claimed and waits(self.entries[position][1])

    def partial_text(self) -> str:
        """What was streamed of the answer that was under way."""
        return last_text(self.events)


def position_after(after: int, entries: Sequence[LoggedEvent], epoch: int) -> int | None:
    """Where a follower goes on who has seen the event with this number.

    None if that event was shown by a process that died before it logged it; an event of today's epoch may still be on its
    way into the log.
    """
    seen = [seq for seq, _ in entries if seq <= after]
    if after and after < first_seq(epoch) and (not seen or seen[-1] != after):
        return None
    return len(seen)


def turn_in(values: Mapping[str, Any]) -> Turn:
    """The turn in the values of a checkpoint."""
    return cast(Turn, {name: values[name] for name in Turn.__annotations__ if name in values})
