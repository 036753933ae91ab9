"""Processes of the service over one run store, all in memory: the real graph, runner and run manager over twins."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, cast

from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.tool import tool_call_chunk
from pydantic import BaseModel

from graph.build import Ports, build
from graph.events import answer_text
from graph.ports.models import ModelSettings
from graph.ports.runs import LoggedEvent, OnConflict, Run, RunOutcome, RunRequest
from graph.runs.manager import RunManager
from graph.runs.runner import RunPorts
from graph.state import SummaryBacklog, Usage
from graph.testing.in_memory_approvals import InMemoryApprovals
from graph.testing.in_memory_checkpoints import InMemoryCheckpoints
from graph.testing.in_memory_notifications import InMemoryNotifier, NotificationBus
from graph.testing.in_memory_runs import InMemoryRunStore, StoredRun
from graph.tool import Tool, ToolContext
from tests.support.fakes.ports import (
    TEMPLATES,
    FakeMemory,
    FakeRetriever,
    FakeSummaries,
    FakeToolRuntime,
    OneNameRedactor,
    clock_at,
    roster_of,
    words,
)

USER = "0b4e2f8e-0000-4000-8000-000000000001"
EMPLOYEE = "tester"
RENEWALS = 0.03
"""Seconds of a lease as the processes see it: they renew it each ten milliseconds. In the store leases last a minute."""


@dataclass
class StepwiseModel:
    """Port `ChatModel`: gives its answers in order, each word when the test allows it."""

    answers: list[str | Exception]
    """A text; `call NAME` calls a tool without arguments; an exception is raised."""
    prompts: list[Sequence[BaseMessage]] = field(default_factory=list)
    allowed: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    may_close: asyncio.Event = field(default_factory=asyncio.Event)
    """Until it is set, an answer that is cancelled does not end."""

    def __post_init__(self) -> None:
        self.may_close.set()

    def name(self, settings: ModelSettings) -> str:
        return f"model-{settings.size}"

    async def stream(
        self, messages: Sequence[BaseMessage], tools: Sequence[Tool], settings: ModelSettings
    ) -> AsyncIterator[AIMessageChunk]:
        self.prompts.append(messages)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if answer.startswith("call "):
            call = tool_call_chunk(
                name=answer.removeprefix("call "), args="{}", id=f"call_{len(self.prompts)}", index=0
            )
            yield AIMessageChunk(content="", tool_call_chunks=[call], chunk_position="last")
            return
        try:
            for word in re.findall(r"\S+\s*", answer):
                await self.allowed.acquire()
                yield AIMessageChunk(content=word)
        finally:
            await self.may_close.wait()
        yield AIMessageChunk(content="", chunk_position="last")

    def allow(self, count: int = 10_000) -> None:
        """Let the model say so many further words."""
        for _ in range(count):
            self.allowed.release()


@dataclass
class RecordedMetrics:
    """Port `RunMetrics`: lists what it was told."""

    calls: list[tuple[object, ...]] = field(default_factory=list)

    def accepted(self, run: Run) -> None:
        self.calls.append(("accepted",))

    def refused(self, code: str) -> None:
        self.calls.append(("refused", code))

    def track_run(self, run: Run, waited: bool = False) -> AbstractContextManager[None]:
        self.calls.append(("began", run.epoch, waited))
        return nullcontext()

    def first_text(self, run: Run, seconds: float) -> None:
        self.calls.append(("first_text",))

    def ended(self, run: Run, outcome: RunOutcome, usage: Usage, seconds: float) -> None:
        self.calls.append(("ended", outcome.status, outcome.error_code))

    def ungrounded_amounts(self, run: Run, amounts: int) -> None:
        self.calls.append(("ungrounded_amounts", amounts))

    def detached(self, run: Run) -> None:
        self.calls.append(("detached", run.epoch))

    def write_retried(self, what: str) -> None:
        self.calls.append(("write_retried", what))

    def claimable(self, runs: int) -> None:
        """It is told again and again."""


class StoreConnection:
    """A process's connection to the store. It can be frozen: then every call waits until it is thawed. It can fail."""

    def __init__(self, store: InMemoryRunStore) -> None:
        self._store = store
        self._thawed = asyncio.Event()
        self._thawed.set()
        self.failures: dict[str, Exception] = {}
        """By method: raised once."""

    def freeze(self) -> None:
        self._thawed.clear()

    def thaw(self) -> None:
        self._thawed.set()

    def as_store(self) -> InMemoryRunStore:
        """The connection, typed as what it stands for."""
        return cast(InMemoryRunStore, self)

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def call(*arguments: Any) -> Any:
            await self._thawed.wait()
            if failure := self.failures.pop(name, None):
                raise failure
            return await getattr(self._store, name)(*arguments)

        return call


@dataclass
class Process:
    """One process: a run manager with a model of its own."""

    manager: RunManager
    model: StepwiseModel
    connection: StoreConnection
    metrics: RecordedMetrics
    tool_calls: list[str]
    """The calls of tools that were executed, in all processes."""
    prefetched: list[str]

    async def send(self, text: str, **fields: Any) -> Run:
        return await self.manager.accept(RunRequest(USER, text, EMPLOYEE, **fields))

    async def send_next(self, run: Run, text: str, on_conflict: OnConflict = "reject", **fields: Any) -> Run:
        """Send a further message to the run's session."""
        return await self.send(text, session_id=run.session_id, on_conflict=on_conflict, **fields)

    async def follow(self, run: Run, after: int = 0) -> list[LoggedEvent]:
        """All entries of the run after a number."""
        async with asyncio.timeout(10):
            return [entry async for entry in self.manager.follow(run.user_id, run.id, after)]

    async def follow_until(self, run: Run, text: str, after: int = 0) -> list[LoggedEvent]:
        """The entries until the text of the answer has come so far."""
        seen: list[LoggedEvent] = []
        async with asyncio.timeout(10):
            async for entry in self.manager.follow(run.user_id, run.id, after):
                seen.append(entry)
                if text_of(seen) == text:
                    return seen
        raise AssertionError(f"the stream ended with {text_of(seen)!r}")


def text_of(entries: Sequence[LoggedEvent]) -> str:
    """The text that a follower has in the end."""
    return answer_text([event for _, event in entries])


def types_of(entries: Sequence[LoggedEvent]) -> list[str]:
    """The types of the events, with consecutive texts as one."""
    types = [event["type"] for _, event in entries]
    return [kind for number, kind in enumerate(types) if kind != "text" or types[number - 1 : number] != ["text"]]


def last_of(entries: Sequence[LoggedEvent]) -> dict[str, Any]:
    return cast(dict[str, Any], entries[-1][1])


class NoArguments(BaseModel):
    """The tools take none."""


def read_and_write_tools(calls: list[str]) -> dict[str, Tool]:
    """A tool that reads and one that needs an approval; both note their calls."""

    async def look(arguments: NoArguments, context: ToolContext) -> dict[str, Any]:
        """Look."""
        calls.append("look")
        return {"seen": "12.00"}

    async def change(arguments: NoArguments, context: ToolContext) -> dict[str, Any]:
        """Change."""
        calls.append("change")
        return {"changed": "yes"}

    async def preview(arguments: NoArguments, context: ToolContext) -> dict[str, Any]:
        return {"before": "no", "after": "yes"}

    return {"look": Tool(look), "change": Tool(change, risk="write", preview=preview)}


class Cluster:
    """What several processes share."""

    def __init__(self) -> None:
        self.store = InMemoryRunStore(default_employee=EMPLOYEE)
        self.bus = NotificationBus()
        self.checkpoints = InMemoryCheckpoints()
        self.approvals = InMemoryApprovals(self.store)
        self.tool_calls: list[str] = []
        self.tools = FakeToolRuntime(read_and_write_tools(self.tool_calls))

    def stored(self, run: Run) -> StoredRun:
        return self.store.runs[run.id]

    def log(self, run: Run) -> list[LoggedEvent]:
        return sorted(self.stored(run).log.items())

    def questions(self, run: Run) -> list[str]:
        """The questions of the current branch of the run's session."""
        return [turn.question for turn in self.store.transcript.branch(run.user_id, run.session_id)]

    def answers(self, run: Run) -> list[str]:
        """The last message of each turn of the current branch."""
        branch = self.store.transcript.branch(run.user_id, run.session_id)
        return [str(turn.record.messages[-1].text) for turn in branch]

    @asynccontextmanager
    async def process(
        self, *answers: str | Exception, max_active: int = 10, run_timeout_seconds: float = 60
    ) -> AsyncIterator[Process]:
        """A process that receives notifications and claims runs until the end of the context."""
        model = StepwiseModel(list(answers))
        connection, metrics = StoreConnection(self.store), RecordedMetrics()
        prefetched: list[str] = []
        roster, redactor = roster_of(*self.tools.given), OneNameRedactor()
        graph = build(
            Ports(
                redactor=redactor,
                memory=FakeMemory(),
                retriever=FakeRetriever([]),
                model=model,
                toolbox=self.tools,
                approvals=self.approvals,
                transcript=self.store.transcript,
                summaries=FakeSummaries(SummaryBacklog(turns=0, tokens=0, seconds=0)),
                roster=roster,
                templates=TEMPLATES,
                prices={},
                count_tokens=words,
                clock=clock_at("2026-11-29T12:00:00+00:00"),
                prompt_tokens=10_000,
            )
        )
        store = connection.as_store()
        ports = RunPorts(
            intake=store,
            queue=store,
            checkpoints=self.checkpoints,
            transcript=self.store.transcript,
            redactor=redactor,
            roster=roster,
            model=model,
            toolbox=self.tools,
            count_tokens=words,
            notifier=InMemoryNotifier(self.bus),
            metrics=metrics,
            prefetch=lambda run, text: prefetched.append(text),
            lease_seconds=RENEWALS,
            run_timeout_seconds=run_timeout_seconds,
        )
        manager = RunManager(graph, ports, max_active=max_active)
        async with manager.lifespan():
            try:
                yield Process(manager, model, connection, metrics, self.tool_calls, prefetched)
            finally:
                connection.thaw()
                model.may_close.set()
                model.allow()
