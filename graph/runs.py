"""Accepted runs: each in a task of its own, publishing events that anybody of its user may follow.

A request only accepts a run and follows its events; that it goes away changes nothing. Events reach the followers in this
process at once, and the log in Postgres a moment later in batches; what is not running here is followed from the log.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, cast

import structlog
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langchain_core.runnables import RunnableConfig

from employees.roster import Roster
from graph.build import TurnGraph, keeping
from graph.context import TurnContext
from graph.errors import ChatError, DatabaseUnavailable, RedactionFailed, RunLost, ServiceUnavailable, describe
from graph.events import FINAL, Done, EmployeeCard, Error, Event, Start
from graph.ports import (
    ChatModel,
    Checkpoints,
    CountTokens,
    Ending,
    LoggedEvent,
    Redactor,
    Run,
    RunRequest,
    RunStore,
    Step,
    Trace,
    Transcript,
    TurnRecord,
)
from graph.state import Turn, Usage

log = structlog.get_logger(__name__)

Result = TypeVar("Result")
Status = Literal["complete", "stopped", "failed"]
WRITE_SECONDS = 0.25
"""How long an event may wait for its place in the log."""
POLL_SECONDS = 0.25
"""How often the log of a run that runs elsewhere is read."""
PATIENCE = (0.2, 0.5, 1.0, 2.0, 4.0)
"""Seconds between the attempts to store how a run ended: the database may be restarting."""

GIVEN = ("today", "recollection", "passages", "unsummarized", "summary_due")
"""The fields of a turn that only its trace keeps."""

NO_USAGE = Usage(prompt=0, completion=0, total=0, cost="0", source="counted")


class LiveRun:
    """A run of this process: its events so far, and its turn as far as the graph has come."""

    def __init__(self, run: Run, text: str) -> None:
        self.run = run
        self.text = text
        """What the user typed."""
        self.events: list[Event] = []
        self.turn = Turn()
        self.path: list[Step] = []
        """The steps that the graph has taken."""
        self.work: asyncio.Task[None] | None = None
        """The graph; cancelling it stops the run."""
        self.written = 0
        """How many events are in the log."""
        self.writing = asyncio.Lock()
        self._changed = asyncio.Event()
        self._step_began = time.perf_counter()
        self._step_spoke: float | None = None
        """When the step that is under way streamed its first event."""

    def publish(self, event: Event) -> None:
        self.events.append(event)
        self._step_spoke = self._step_spoke or time.perf_counter()
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def stop(self) -> None:
        if self.work:
            self.work.cancel()

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
    def ended(self) -> bool:
        return bool(self.events) and self.events[-1]["type"] in FINAL

    def unwritten(self) -> list[LoggedEvent]:
        return list(enumerate(self.events[self.written :], self.written + 1))

    async def follow(self, after: int) -> AsyncIterator[LoggedEvent]:
        """The events with a number above `after`, as they come, to the last one."""
        while True:
            changed = self._changed
            while after < len(self.events):
                after += 1
                yield after, self.events[after - 1]
            if self.ended:
                return
            await changed.wait()

    def partial_text(self) -> str:
        """What was streamed of the answer that was under way."""
        text = ""
        for event in self.events:
            if event["type"] == "text":
                text += event["content"]
            elif event["type"] == "tool_result":
                text = ""
        return text


@dataclass(frozen=True, slots=True)
class RunPorts:
    """What running a turn needs beside its graph."""

    store: RunStore
    checkpoints: Checkpoints
    transcript: Transcript
    redactor: Redactor
    roster: Roster
    model: ChatModel
    count: CountTokens
    anticipate: Callable[[Run, str], None]
    """Begins what a turn of this run will need of its text and its session."""
    lease_seconds: float
    kept_turns: int


class Runs:
    """The runs of this process."""

    def __init__(self, graph: TurnGraph, ports: RunPorts) -> None:
        self.graph = graph
        self.ports = ports
        self._live: dict[str, LiveRun] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    async def accept(self, request: RunRequest) -> Run:
        """Store the run and begin it; with a known idempotency key, find the run that it began.

        Raises:
            ServiceUnavailable: this process is shutting down.
            ChatError: as `RunStore.accept` does.
        """
        if self._closing:
            raise ServiceUnavailable(retry_after=1)
        run = await self.ports.store.accept(request)
        if run.fresh:
            self._begin(run, request.text)
        return run

    def _begin(self, run: Run, text: str) -> None:
        self.ports.anticipate(run, text)
        live = self._live[run.id] = LiveRun(run, text)
        task = asyncio.create_task(self._attend(live), name=f"run {run.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def follow(self, owner: str, run_id: str, after: int = 0) -> AsyncIterator[LoggedEvent]:
        """The events of the owner's run with a number above `after`, live if it still runs.

        Raises:
            NotFound: no such run.
        """
        live = self._live.get(run_id)
        entries = live.follow(after) if live and live.run.owner == owner else self._follow_log(owner, run_id, after)
        async for entry in entries:
            yield entry

    async def _follow_log(self, owner: str, run_id: str, after: int) -> AsyncIterator[LoggedEvent]:
        while True:
            run = await self.ports.store.read(owner, run_id)
            for seq, event in await self.ports.store.events(owner, run_id, after):
                after = seq
                yield seq, event
                if event["type"] in FINAL:
                    return
            if run.expired or run.error_code == RunLost.code:
                yield after + 1, error_event(RunLost())
                return
            if run.status != "running":
                return
            await asyncio.sleep(POLL_SECONDS)

    async def stop(self, owner: str, run_id: str) -> None:
        """Ask a run to stop; it keeps the text that it has. A run that has ended stays as it is.

        Raises:
            NotFound: no such run.
        """
        await self.ports.store.read(owner, run_id)
        await self.ports.store.request_stop(owner, run_id)
        live = self._live.get(run_id)
        if live:
            live.stop()

    async def close(self, grace: float) -> None:
        """Refuse new runs, let the running ones finish for `grace` seconds, then stop them."""
        self._closing = True
        if not self._tasks:
            return
        await asyncio.wait(self._tasks, timeout=grace)
        for live in self._live.values():
            live.stop()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _attend(self, live: LiveRun) -> None:
        """One run from its first event to its last."""
        structlog.contextvars.bind_contextvars(run_id=live.run.id)
        helpers = [asyncio.create_task(self._write_log(live)), asyncio.create_task(self._keep_lease(live))]
        try:
            status, error = await self._outcome(live)
            await self._finish(live, status, error)
            await self._prune(live.run)
        finally:
            for helper in helpers:
                helper.cancel()
            self._live.pop(live.run.id, None)

    async def _outcome(self, live: LiveRun) -> tuple[Status, ChatError | None]:
        """Run the graph and say how it ended."""
        live.work = asyncio.create_task(self._run_graph(live))
        try:
            await live.work
        except asyncio.CancelledError:
            return "stopped", None
        except ChatError as error:
            return "failed", error
        except Exception as error:
            log.error("run_broke", reason=describe(error))
            return "failed", ChatError()
        return "complete", None

    async def _run_graph(self, live: LiveRun) -> None:
        run = live.run
        live.publish(self._start_event(run))
        context = TurnContext(run.owner, run.session_id, run.id, run.employee, live.text)
        config: RunnableConfig = {"configurable": {"thread_id": run.session_id, "run": run.id}}
        live.begin()
        async with self.ports.checkpoints.turn(run.owner, begins=True) as saver:
            graph = keeping(self.graph, saver)
            stream = graph.astream({}, config, context=context, stream_mode=["custom", "updates"], durability="async")
            async for mode, part in cast(AsyncIterator[tuple[str, Any]], stream):
                if mode == "custom":
                    live.publish(part)
                else:
                    for node, update in part.items():
                        live.advance(node, cast(Turn, update or {}))

    def _start_event(self, run: Run) -> Start:
        employee = self.ports.roster.find(run.employee)
        card = EmployeeCard(slug=employee.slug, title=employee.title, emoji=employee.emoji)
        return Start(type="start", session_id=run.session_id, run_id=run.id, employee=card)

    async def _finish(self, live: LiveRun, status: Status, error: ChatError | None) -> None:
        """Store how the run ended, free the session, then tell the followers; in doubt they are told of the failure."""
        try:
            message_id = live.turn.get("message_id") or await self._record_rest(live, status, error)
            last = error_event(error) if error else done_event(live.turn, message_id, status)
            ending = Ending(status, message_id, error.code if error else None, self._trace(live))
            await patiently(lambda: self._write_end(live, last, ending))
        except Exception as trouble:  # whatever it is, the followers wait for a last event
            log.error("run_not_settled", reason=describe(trouble))
            last = error_event(trouble if isinstance(trouble, ChatError) else ChatError())
        log.info("run_ended", status=status, reason=error.code if error else None)
        live.publish(last)

    async def _record_rest(self, live: LiveRun, status: Status, error: ChatError | None) -> str | None:
        """Store a turn that did not come to its end as far as it came."""
        partial = live.partial_text()
        messages = closed(await patiently(lambda: self._messages_of(live)), partial)
        if not messages:
            return None
        run = live.run
        live.turn["usage"] = with_partial(live.turn.get("usage", NO_USAGE), self.ports.count(partial))
        record = TurnRecord(
            owner=run.owner,
            session_id=run.session_id,
            run_id=run.id,
            employee=run.employee,
            model=self.ports.model.name(self.ports.roster.find(run.employee).settings),
            messages=messages,
            usage=live.turn["usage"],
            status=status,
            error=error.code if error else None,
        )
        return await patiently(lambda: self.ports.transcript.record(record))

    async def _messages_of(self, live: LiveRun) -> Sequence[AnyMessage]:
        """The turn's messages so far; the question at least, unless it cannot be checked for personal values."""
        if messages := live.turn.get("messages"):
            return messages
        try:
            masked = await self.ports.redactor.mask(live.run.owner, [live.text])
        except RedactionFailed:
            return []
        return [HumanMessage(masked.texts[0])]

    def _trace(self, live: LiveRun) -> Trace:
        employee = self.ports.roster.find(live.run.employee)
        answers = [message for message in live.turn.get("messages", ()) if isinstance(message, AIMessage)]
        return Trace(
            version=employee.version,
            model=self.ports.model.name(employee.settings),
            path=live.path,
            usage=[answer.usage_metadata for answer in answers],
            turn=kept_nowhere_else(live.turn),
        )

    async def _write_end(self, live: LiveRun, last: Event, ending: Ending) -> None:
        async with live.writing:
            entries = [*live.unwritten(), (len(live.events) + 1, last)]
            await self.ports.store.finish(live.run, entries, ending)
            live.written += len(entries)

    async def _write_log(self, live: LiveRun) -> None:
        """Write events in batches, as long as the run lasts."""
        while not live.ended:
            await asyncio.sleep(WRITE_SECONDS)
            async with live.writing:
                entries = live.unwritten()
                if entries:
                    await self._append(live, entries)

    async def _append(self, live: LiveRun, entries: Sequence[LoggedEvent]) -> None:
        try:
            await self.ports.store.append(live.run, entries)
            live.written += len(entries)
        except ChatError as error:
            log.warning("log_write_delayed", reason=error.code)

    async def _keep_lease(self, live: LiveRun) -> None:
        """Vouch for the run; stop it when its user asked another process to, or when somebody else has ended it."""
        while True:
            await asyncio.sleep(self.ports.lease_seconds / 3)
            try:
                if await self.ports.store.renew(live.run):
                    live.stop()
            except RunLost:
                live.stop()
            except ChatError as error:
                log.warning("lease_not_renewed", reason=error.code)

    async def _prune(self, run: Run) -> None:
        try:
            await self.ports.checkpoints.keep_last(run.owner, run.session_id, self.ports.kept_turns)
        except ChatError as error:
            log.warning("prune_failed", reason=error.code)


async def patiently(attempt: Callable[[], Awaitable[Result]]) -> Result:
    """Try again while the database cannot be reached.

    Raises:
        ChatError: of the last attempt.
    """
    for pause in PATIENCE:
        try:
            return await attempt()
        except DatabaseUnavailable:
            await asyncio.sleep(pause)
    return await attempt()


def closed(messages: Sequence[AnyMessage], partial: str) -> list[AnyMessage]:
    """The messages of a broken-off turn such that a model accepts them again: the partial answer is kept, and every call
    has a result."""
    if not messages:
        return []
    last = messages[-1]
    open_calls = last.tool_calls if isinstance(last, AIMessage) else []
    results = [
        ToolMessage(
            "The run was stopped before this tool finished.", tool_call_id=call["id"], name=call["name"], status="error"
        )
        for call in open_calls
    ]
    answer = [AIMessage(partial)] if partial else []
    return [*messages, *results, *answer]


def with_partial(usage: Usage, tokens: int) -> Usage:
    """The usage, with the tokens of a partial answer that no provider reported."""
    if not tokens:
        return usage
    return Usage(
        prompt=usage["prompt"],
        completion=usage["completion"] + tokens,
        total=usage["total"] + tokens,
        cost=usage["cost"],
        source="counted",
    )


def kept_nowhere_else(turn: Turn) -> Turn:
    """What a turn was given: its messages are in the history, and so is the history that it read."""
    kept = cast(Turn, {name: value for name, value in turn.items() if name in GIVEN})
    if "recollection" in kept:
        kept["recollection"] = {**kept["recollection"], "history": []}
    return kept


def done_event(turn: Turn, message_id: str | None, status: Status) -> Done:
    usage = turn.get("usage", NO_USAGE)
    return Done(
        type="done",
        message_id=message_id or "",
        total_tokens=usage["total"],
        usage=usage,
        status="stopped" if status == "stopped" else "complete",
    )


def error_event(error: ChatError) -> Error:
    return Error(type="error", code=error.code, error=error.message)
