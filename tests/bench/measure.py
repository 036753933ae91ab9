"""What is measured, in which order: services take turns, so that a busy moment of the machine meets all of them."""

import asyncio
import statistics
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from typing import TypeVar

import aiohttp

from tests.bench.counting_proxy import CountingProxy
from tests.bench.load import Conversation, Load, Service, Times, drive, open_http
from tests.bench.processes import OURS, PLAIN, Stage
from tests.bench.row_sizes import RowSizes
from tests.bench.usage import cpu_seconds, memory_bytes

Say = Callable[[str], None]

SETTLE_SECONDS = 0.5
"""After a load: what a service writes after its answers belongs to them."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    rounds: int
    """Each figure under load is the median of so many rounds."""
    sessions: Mapping[int, int]
    """How many conversations at once, and how many there are in a round."""
    turns: int
    """Of each conversation."""
    counted_sessions: int
    """How many conversations pass the proxy that counts."""
    long_turns: int
    """Of the one long conversation."""

    @property
    def turns_under_load(self) -> int:
        """Of each service in all rounds."""
        return self.rounds * self.turns * sum(self.sessions.values())


FULL = Plan(rounds=5, sessions={1: 16, 8: 32, 32: 64}, turns=5, counted_sessions=10, long_turns=200)
QUICK = Plan(rounds=1, sessions={1: 2, 8: 8, 32: 32}, turns=1, counted_sessions=4, long_turns=6)

COMPARED = 20
"""Turns at either end of the long conversation that are compared."""


@dataclass(frozen=True, slots=True)
class Row:
    """A figure of each service that has it."""

    figure: str
    values: Mapping[str, float]
    at_once: int | None = None
    """Under how many conversations at once."""


@dataclass(frozen=True, slots=True)
class Round:
    """A load on one service, and what it used."""

    load: Load
    service_cpu: float
    postgres_cpu: float
    """Seconds."""
    written: int
    """Bytes."""

    def each(self, amount: float) -> float:
        return amount / len(self.load.turns)


FIRST_TEXT = "first text, p50 (ms)"
CPU = "CPU of the service a turn (ms)"
CPU_OF_POSTGRES = "CPU of Postgres a turn (ms)"

UNDER_LOAD: Mapping[str, Callable[[Round], float]] = {
    FIRST_TEXT: lambda each: each.load.first_text(50),
    "first text, p95 (ms)": lambda each: each.load.first_text(95),
    "whole turn, p50 (ms)": lambda each: each.load.total(50),
    "whole turn, p95 (ms)": lambda each: each.load.total(95),
    "turns a second": lambda each: len(each.load.turns) / each.load.seconds,
    CPU: lambda each: each.each(each.service_cpu) * 1000,
    CPU_OF_POSTGRES: lambda each: each.each(each.postgres_cpu) * 1000,
}


async def measure(stage: Stage, plan: Plan, say: Say) -> list[Row]:
    """All rows of the table."""
    async with open_http() as http:
        async with AsyncExitStack() as stack:
            say("starting the services")
            services = await all_of(stack, stage.passthrough(), stage.plain(), stage.ours())
            rounds = await under_load(http, stage, services, plan, say)
            memory = Row("memory of the service (MB)", {each.name: memory_bytes(each.pid) / 1e6 for each in services})
            long = await long_conversations(http, stage, services[1:], plan.long_turns, say)
        trips = await round_trips(http, stage, plan, say)
    return [*timed_rows(rounds, plan), trips, written(rounds), *long, memory, failed(rounds)]


Started = TypeVar("Started")


async def all_of(stack: AsyncExitStack, *starting: AbstractAsyncContextManager[Started]) -> list[Started]:
    """Enter contexts side by side."""
    async with asyncio.TaskGroup() as group:
        entering = [group.create_task(stack.enter_async_context(each)) for each in starting]
    return [entered.result() for entered in entering]


Rounds = Mapping[tuple[str, int], list[Round]]


async def under_load(
    http: aiohttp.ClientSession, stage: Stage, services: list[Service], plan: Plan, say: Say
) -> Rounds:
    """The rounds of each service at each number of conversations."""
    say("warming them up")
    for service in services:
        await drive(http, service, sessions=8, turns=plan.turns, at_once=4)
    rounds: dict[tuple[str, int], list[Round]] = defaultdict(list)
    with stage.row_sizes(OURS) as cluster:
        for number in range(plan.rounds):
            for at_once, sessions in plan.sessions.items():
                say(f"round {number + 1} of {plan.rounds}: {sessions} conversations, {at_once} at once")
                for service in services:
                    took = await one_round(http, service, cluster, sessions, plan.turns, at_once)
                    rounds[service.name, at_once].append(took)
                    for failure in took.load.failures:
                        say(f"{service.name}: {failure}")
    return rounds


async def one_round(
    http: aiohttp.ClientSession, service: Service, cluster: RowSizes, sessions: int, turns: int, at_once: int
) -> Round:
    postmaster = cluster.postmaster()

    def used() -> tuple[float, float, int]:
        return cpu_seconds(service.pid), cpu_seconds(postmaster), cluster.written()

    before = used()
    load = await drive(http, service, sessions, turns, at_once)
    await asyncio.sleep(SETTLE_SECONDS)
    service_cpu, postgres_cpu, wal = (now - then for now, then in zip(used(), before, strict=True))
    return Round(load, service_cpu, postgres_cpu, int(wal))


def timed_rows(rounds: Rounds, plan: Plan) -> list[Row]:
    rows = []
    for at_once in plan.sessions:
        for figure, of_round in UNDER_LOAD.items():
            values = {
                name: statistics.median(map(of_round, all_rounds))
                for (name, level), all_rounds in rounds.items()
                if level == at_once and (name in (PLAIN, OURS) or figure != CPU_OF_POSTGRES)
            }
            rows.append(Row(figure, values, at_once))
    return rows


def written(rounds: Rounds) -> Row:
    """Bytes a turn that reached Postgres' log; a median, because a checkpoint makes the next writes larger."""
    values = {
        service: statistics.median(
            each.each(each.written) / 1000 for (name, _), part in rounds.items() if name == service for each in part
        )
        for service in (PLAIN, OURS)
    }
    return Row("written by Postgres a turn (kB)", values)


def failed(rounds: Rounds) -> Row:
    values: dict[str, float] = defaultdict(int)
    for (name, _), part in rounds.items():
        values[name] += sum(len(each.load.failures) for each in part)
    return Row("turns that failed", values)


async def round_trips(http: aiohttp.ClientSession, stage: Stage, plan: Plan, say: Say) -> Row:
    """Round trips to Postgres a turn: the services again, each behind a proxy that counts."""
    say("counting round trips to Postgres")
    values = {}
    async with AsyncExitStack() as stack:
        proxies = await all_of(stack, *(CountingProxy(stage.database_port) for _ in range(2)))
        services = await all_of(stack, stage.plain(proxies[0].port), stage.ours(proxies[1].port))
        for proxy, service in zip(proxies, services, strict=True):
            await drive(http, service, sessions=plan.counted_sessions, turns=plan.turns, at_once=1)
            await asyncio.sleep(SETTLE_SECONDS)
            before = proxy.round_trips
            load = await drive(http, service, sessions=plan.counted_sessions, turns=plan.turns, at_once=1)
            await asyncio.sleep(SETTLE_SECONDS)
            values[service.name] = (proxy.round_trips - before) / len(load.turns)
    return Row("round trips to Postgres a turn", values)


async def long_conversations(
    http: aiohttp.ClientSession, stage: Stage, services: list[Service], turns: int, say: Say
) -> list[Row]:
    """How a conversation of so many turns ages, and what is kept of it."""
    first_text, total, size, checkpoints = {}, {}, {}, {}
    for service in services:
        say(f"a conversation of {turns} turns with {service.name}")
        old, late, early = await aged(http, service, turns)
        await asyncio.sleep(SETTLE_SECONDS)
        first_text[service.name] = growth(early, late, lambda turn: turn.first_text)
        total[service.name] = growth(early, late, lambda turn: turn.total)
        assert old.session
        with stage.row_sizes(service.name) as row_sizes:
            kept = row_sizes.kept(old.session)
        size[service.name], checkpoints[service.name] = kept.all / 1000, kept.checkpoints / 1000
    return [
        Row(f"session of {turns} turns: all its rows (kB)", size),
        Row(f"session of {turns} turns: its checkpoints (kB)", checkpoints),
        Row(f"session of {turns} turns: first text at its end / at its beginning", first_text),
        Row(f"session of {turns} turns: whole turn at its end / at its beginning", total),
    ]


async def aged(
    http: aiohttp.ClientSession, service: Service, turns: int
) -> tuple[Conversation, list[Times], list[Times]]:
    """A long conversation, its last turns, and the first turns of another, held in turn with those last ones."""
    old, young = Conversation(http, service, 1), Conversation(http, service, 2)
    compared = min(COMPARED, turns // 2)
    for _ in range(turns - compared):
        await old.turn()
    late, early = [], []
    for _ in range(compared):
        late.append(await old.turn())
        early.append(await young.turn())
    return old, late, early


def growth(early: list[Times], late: list[Times], what: Callable[[Times], float]) -> float:
    """A time of the late turns as a multiple of the early ones', in the middle of each."""
    return statistics.median(map(what, late)) / statistics.median(map(what, early))
