"""Runs a recorded turn through the real graph and the real runtime: no network, no database, no key, no clock."""

import asyncio
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from employees.roster import Roster, read_roster
from graph.adapters.models.pricing import read_prices
from graph.adapters.models.token_counter import token_counter
from graph.adapters.postgres.conversation.message_rows import rows_of
from graph.build import FLOW, Ports, TurnGraph, build, build_nodes
from graph.errors import error_from_code
from graph.events import Event
from graph.ports.models import ChatModel, CountTokens, Prices
from graph.ports.runs import RunOutcome, RunRequest
from graph.replay.fake_values import FAKE_VALUE, FakeValueRedactor, with_fake_values
from graph.replay.interruption import InterruptedNode, Interruption
from graph.replay.normalise import events_for, messages_for, usage_for
from graph.replay.recorded_ports import (
    OWNER,
    SESSION,
    RecordedMemory,
    RecordedModel,
    RecordedRetriever,
    RecordedSummaries,
    RecordedTools,
)
from graph.replay.recording import Outcome, Recording
from graph.runs.manager import RunManager
from graph.runs.runner import RunPorts
from graph.testing.auto_approvals import AutoApprovals
from graph.testing.in_memory_checkpoints import InMemoryCheckpoints
from graph.testing.in_memory_notifications import InMemoryNotifier, NotificationBus
from graph.testing.in_memory_runs import InMemoryRunStore
from graph.testing.no_run_metrics import NoRunMetrics
from graph.turn.node import Node
from graph.turn.prompt import PromptTemplates, load_templates
from tools.catalog import by_name

SETTLING_TURNS = 200
"""Iterations of the event loop after which every streamed event has arrived, since nothing else in a replay waits."""

LEASE_SECONDS = 3600.0

INTERRUPTED_BY_PORTS = frozenset({"redact", FLOW.model.name, "call_tools"})
"""Nodes that a recorded port interrupts in the middle of their work."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """Today's employees, prompts and prices, with which recordings are played."""

    roster: Roster
    templates: PromptTemplates
    prices: Prices
    count: CountTokens


@cache
def current_checkout(data: Path) -> Checkout:
    """The parts of this checkout; `data` is the folder of the tokenizer's cache."""
    root = Path(__file__).parent.parent.parent
    return Checkout(
        roster=read_roster(root / "employees", by_name()),
        templates=load_templates(),
        prices=read_prices(),
        count=token_counter(data / "tiktoken"),
    )


@dataclass(slots=True)
class ReplayResult:
    """The outcome of a played turn."""

    outcome: Outcome
    leaks: list[str] = field(default_factory=list)
    """Fake values that were stored, streamed or sent to the model."""


class ReplayHarness:
    """The ports of one recording, and a run manager over them."""

    def __init__(self, recording: Recording, checkout: Checkout, model: ChatModel | None = None) -> None:
        """
        Args:
            recording: the turn whose values the ports return.
            code: what the turn is made of.
            model: who answers instead of the recorded model.
        """
        self.recording = recording
        self.checkout = checkout
        self.interruption = Interruption(error_from_code(**recording.error) if recording.error else None)
        self.recorded = RecordedModel(recording.model, recording.answers, recording.tools, self.interruption)
        self.model = model or self.recorded
        self.redactor = FakeValueRedactor(self.interruption if recording.ended_at == "redact" else None)
        self.tools = RecordedTools(by_name(), recording.tools, self.interruption)
        self.checkpoints = InMemoryCheckpoints()
        self.store = InMemoryRunStore(lease_seconds=LEASE_SECONDS)
        self.store.sessions[OWNER, SESSION] = recording.employee

    def wrap_node(self, name: str, node: Node) -> Node:
        """The node; interrupted if the recorded turn ended in it and none of its ports interrupts it."""
        is_here = name == self.recording.ended_at and name not in INTERRUPTED_BY_PORTS
        return InterruptedNode(self.interruption, node) if is_here else node

    def nodes(self) -> dict[str, Node]:
        return {name: self.wrap_node(name, node) for name, node in build_nodes(self.ports()).items()}

    def ports(self) -> Ports:
        given = self.recording
        return Ports(
            redactor=self.redactor,
            memory=RecordedMemory(given.memory),
            retriever=RecordedRetriever(given.passages),
            model=self.model,
            toolbox=self.tools,
            approvals=AutoApprovals("approved"),
            transcript=self.store.transcript,
            summaries=RecordedSummaries(given.unsummarized),
            roster=self.checkout.roster,
            templates=self.checkout.templates,
            prices=self.checkout.prices,
            count_tokens=self.checkout.count,
            clock=noon_of(given.today),
            prompt_tokens=given.budget,
        )

    def runs(self, graph: TurnGraph) -> RunManager:
        ports = RunPorts(
            intake=self.store,
            queue=self.store,
            checkpoints=self.checkpoints,
            transcript=self.store.transcript,
            redactor=self.redactor,
            roster=self.checkout.roster,
            model=self.model,
            toolbox=self.tools,
            count_tokens=self.checkout.count,
            notifier=InMemoryNotifier(NotificationBus()),
            metrics=NoRunMetrics(),
            prefetch=lambda run, text: None,
            lease_seconds=LEASE_SECONDS,
            run_timeout_seconds=LEASE_SECONDS,
        )
        return RunManager(graph, ports, max_active=1)


def noon_of(day: str) -> Callable[[], dt.datetime]:
    """A clock that stands at noon of the day, since a turn reads only the date."""
    return lambda: dt.datetime.combine(dt.date.fromisoformat(day), dt.time(12), dt.UTC)


async def play(recording: Recording, checkout: Checkout, model: ChatModel | None = None) -> ReplayResult:
    """Play a recorded turn.

    Args:
        recording: the turn.
        code: what it is played with.
        model: who answers instead of the recorded model.
    """
    harness = ReplayHarness(recording, checkout, model)
    runs = harness.runs(build(harness.ports(), harness.wrap_node))
    run = await runs.accept(RunRequest(OWNER, with_fake_values(recording.question), session_id=SESSION))
    following = asyncio.create_task(events_of(runs, run.id))
    stopping = asyncio.create_task(stop_at(harness.interruption, runs, run.id))
    events = await following
    stopping.cancel()
    await runs.drain(grace_seconds=10)
    return ReplayResult(outcome_of(harness, run.id, events), leaks_of(harness, events))


async def events_of(runs: RunManager, run_id: str) -> list[Event]:
    return [event async for _, event in runs.follow(OWNER, run_id)]


async def stop_at(interruption: Interruption, runs: RunManager, run_id: str) -> None:
    """Stop the run where its user did, after all earlier events have arrived."""
    await interruption.reached.wait()
    for _ in range(SETTLING_TURNS):
        await asyncio.sleep(0)
    await runs.stop(OWNER, run_id)


def outcome_of(harness: ReplayHarness, run_id: str, events: list[Event]) -> Outcome:
    turn = next((turn.record for turn in harness.store.transcript.turns), None)
    outcome = harness.store.runs[run_id].outcome or RunOutcome("failed")
    trace = outcome.trace
    return Outcome(
        status=outcome.status,
        path=[step["node"] for step in trace["path"]] if trace else [],
        requests=harness.recorded.requests,
        messages=messages_for(rows_of(turn), harness.recording.tools) if turn else [],
        events=events_for(events, harness.recording.tools),
        usage=usage_for(turn.usage if turn else None),
        summary_due=bool(trace and trace["turn"].get("summary_due")),
    )


def leaks_of(harness: ReplayHarness, events: list[Event]) -> list[str]:
    """The fake values that were stored, streamed or sent to the model."""
    saver = harness.checkpoints.saver
    places = {
        "a checkpoint": repr((dict(saver.storage), dict(saver.writes), saver.blobs)),
        "the history": repr(harness.store.transcript.turns),
        "an event": repr(events),
        "a request to the model": repr(harness.recorded.requests),
    }
    return sorted({f"{found[0]} in {place}" for place, text in places.items() for found in FAKE_VALUE.finditer(text)})
