"""`make bench ARGS=--checkpointers`: put+get a second of this runtime's checkpointer beside LangGraph's own.

Many writers share one pool, each on a thread of its own: it stores a checkpoint, then reads the thread's latest. All savers
work on one database in one run and take turns in short slices, so that a busy moment of the machine meets all of them.
"""

import asyncio
import statistics
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, ChannelVersions, CheckpointMetadata, empty_checkpoint
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from graph.adapters.postgres.database import Connection, Database
from graph.adapters.postgres.embedded import EmbeddedPostgres
from graph.adapters.postgres.provisioning import DatabaseUrls, prepare_embedded
from graph.adapters.postgres.runs.checkpointer import UserCheckpointer
from tests.bench.measure import Say
from tests.bench.report import line, machine, shown
from tests.bench.row_sizes import RowSizes

STOCK, CLAIMED, UNCLAIMED = "AsyncPostgresSaver", "this runtime", "this runtime, without claims"

MARKS = "<!-- checkpointers: begin -->", "<!-- checkpointers: end -->"
"""Between them stands on the page what `make bench ARGS=--checkpointers` writes."""

WRITERS = 32
POOL = 16

VALUES: dict[str, Any] = {
    "messages": [
        HumanMessage(
            "How much did I spend on groceries last month, and is that more than in the month before?", id="1"
        ),
        AIMessage("You spent 412.80 on groceries, 31.15 more than in the month before. " * 4, id="2"),
    ],
    "usage": {"prompt": 912, "completion": 68, "total": 980, "cost": "0.00018", "source": "counted"},
    "employee": "prime-boss",
}
"""What a checkpoint holds: a turn's question and answer, and what they used."""
METADATA = CheckpointMetadata(source="loop", step=0, parents={})

Saver = BaseCheckpointSaver[str]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    rounds: int
    slices: int
    """Of each saver in a round."""
    seconds: float
    """Of a slice."""


FULL = Plan(rounds=3, slices=8, seconds=0.5)
QUICK = Plan(rounds=1, slices=1, seconds=0.5)

Rates = Mapping[str, list[float]]
"""Put+get a second of each saver in each round."""


class Unclaimed(Database):
    """Connections as LangGraph's saver takes them: without claims, each statement a transaction of its own."""

    @asynccontextmanager
    async def transaction(self, user_id: str, *, snapshot: bool = False) -> AsyncIterator[Connection]:
        async with self.pool.connection() as connection:
            yield connection


async def run(plan: Plan, say: Say) -> str:
    """Conditions and table, from a Postgres of its own."""
    with TemporaryDirectory() as home, EmbeddedPostgres(Path(home) / "postgres", say) as cluster:
        rates = await compare(await prepare_embedded(cluster, Path(home) / "password", say), plan, say)
        with RowSizes(cluster.admin_url()) as row_sizes:
            return f"{conditions(plan, row_sizes.version())}\n\n{table(rates)}"


async def compare(addresses: DatabaseUrls, plan: Plan, say: Say) -> Rates:
    """All savers in all rounds."""
    rates: dict[str, list[float]] = defaultdict(list)
    async with checkpointers(addresses) as makers:
        for make in makers.values():
            await put_and_get(make, plan.seconds)
        for number in range(plan.rounds):
            say(f"round {number + 1} of {plan.rounds}")
            for name, rate in (await one_round(makers, plan)).items():
                rates[name].append(rate)
    return rates


async def one_round(makers: Mapping[str, Callable[[], Saver]], plan: Plan) -> Mapping[str, float]:
    pairs, seconds = Counter[str](), defaultdict[str, float](float)
    for _ in range(plan.slices):
        for name, make in makers.items():
            began = time.perf_counter()
            pairs[name] += await put_and_get(make, plan.seconds)
            seconds[name] += time.perf_counter() - began
    return {name: pairs[name] / seconds[name] for name in makers}


@asynccontextmanager
async def checkpointers(addresses: DatabaseUrls) -> AsyncIterator[Mapping[str, Callable[[], Saver]]]:
    """What makes a writer's saver.

    LangGraph's is one for all writers, and has tables of its own in a schema that is gone at the end. Without claims a row of
    ours would be nobody's, so that form of our saver works on LangGraph's tables.
    """
    assert addresses.migration
    stock_tables = make_conninfo(addresses.migration, options="-c search_path=stock")
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(stock_schema(addresses.migration))
        stock = AsyncPostgresSaver(await stack.enter_async_context(documented_pool(stock_tables)))
        await stock.setup()
        ours = await stack.enter_async_context(Database.open(addresses.server, size=POOL))
        unclaimed = await stack.enter_async_context(Unclaimed.open(stock_tables, size=POOL))
        yield {
            STOCK: lambda: stock,
            CLAIMED: lambda: UserCheckpointer(ours, str(uuid.uuid4())),
            UNCLAIMED: lambda: UserCheckpointer(unclaimed, ""),
        }


@asynccontextmanager
async def stock_schema(user_id: str) -> AsyncIterator[None]:
    async with await AsyncConnection.connect(user_id, autocommit=True) as connection:
        await connection.execute("create schema stock")
        try:
            yield
        finally:
            await connection.execute("drop schema stock cascade")


def documented_pool(address: str) -> AsyncConnectionPool[AsyncConnection[DictRow]]:
    """A pool as LangGraph's documentation makes it."""
    options = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    return AsyncConnectionPool(address, min_size=POOL, max_size=POOL, kwargs=options, open=False)


async def put_and_get(make: Callable[[], Saver], seconds: float) -> int:
    """How many checkpoints all writers together have stored and read again in that time."""
    until = time.perf_counter() + seconds
    return sum(await asyncio.gather(*(write(make(), until) for _ in range(WRITERS))))


async def write(checkpointer: Saver, until: float) -> int:
    thread = RunnableConfig(configurable={"thread_id": str(uuid.uuid4()), "checkpoint_ns": ""})
    place, pairs = thread, 0
    while time.perf_counter() < until:
        checkpoint = empty_checkpoint()
        checkpoint["channel_values"] = VALUES
        versions: ChannelVersions = dict.fromkeys(VALUES, checkpoint["id"])
        checkpoint["channel_versions"] = versions
        place = await checkpointer.aput(place, checkpoint, METADATA, versions)
        found = await checkpointer.aget_tuple(thread)
        assert found
        assert found.checkpoint["id"] == checkpoint["id"]
        pairs += 1
    return pairs


def conditions(plan: Plan, postgres: str) -> str:
    """Where, when and how much was measured."""
    return (
        f"{machine(postgres)} {WRITERS} writers on a pool of {POOL}. Rounds: {plan.rounds}, in each {plan.slices} slices of "
        f"{plan.seconds:g} s of each checkpointer."
    )


def table(rates: Rates) -> str:
    """The medians of the rounds as a Markdown table."""
    stock = statistics.median(rates[STOCK])
    lines = [line("checkpointer", "put+get a second", f"to {STOCK}"), line("---", "---:", "---:")]
    for name, each in rates.items():
        lines.append(line(name, shown(statistics.median(each)), f"{statistics.median(each) / stock:.2f}"))
    return "\n".join(lines)
