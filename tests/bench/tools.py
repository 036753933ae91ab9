"""How long each tool takes for a user with 100,000 transactions, beside 1,000 others: `make bench-tools`.

Tools are called as in the recordings of the employees (`tests/replay/duties.yaml`) and in the tests
(`tests/support/tool_calls.yaml`). Of a tool that changes something the preview and the change are measured; the change is
undone each time.
"""

import argparse
import asyncio
import datetime as dt
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import psycopg
import yaml
from psycopg.rows import dict_row

from graph.adapters.embeddings.local import LocalEmbedder
from graph.adapters.postgres.conversation.retriever import PostgresRetriever
from graph.adapters.postgres.database import Database
from graph.adapters.postgres.embedded import EmbeddedPostgres
from graph.adapters.postgres.ledger.toolbox import TransactionRows, UserRows
from graph.adapters.postgres.named_queries import read_queries
from graph.adapters.postgres.provisioning import prepare_embedded
from graph.state import Passage
from graph.tool import Knowledge, Rows, Tool, ToolContext, ToolError
from migrations.demo.generate import DEMO_USER
from migrations.demo.seed import seed
from tests.support.fakes.ports import FakeFiles
from tests.support.tool_calls import NEWEST_PURCHASE, calls
from tools.catalog import CATALOG, by_name

ROOT = Path(__file__).parent.parent.parent
TRANSACTIONS, OTHERS, ROWS_OF_OTHERS = 100_000, 1_000, 200
TEXTS, TEXTS_OF_OTHERS = 1_000, 20
CALLS = 60
BAR_MS = 150
DRAWN = ("chart_", "monthly_report", "export_transactions")
"""What draws or writes documents has no bar."""
REFUSED = "refused"
TURNING = ("handoff_to_employee", "delegate_to_employee")
"""What they take is a colleague's turn."""

FILL = """
insert into transactions (user_id, account_id, posted_at, amount, currency, merchant, description, category)
select
    %(user)s, (select id from accounts where user_id = %(user)s and currency = 'USD' order by name limit 1),
    %(today)s::date - (n %% 1825), case when n %% 40 = 0 then 1 else -1 end * (1 + (n * 7919 %% 20000) / 100.0), 'USD',
    'Merchant ' || (n * 31 %% 400), 'POS ' || n,
    (array['Groceries', 'Shopping', 'Meals & Dining', 'Utilities', 'Entertainment', 'Income', 'Healthcare'])[1 + n %% 7]
from generate_series(1, %(rows)s) as n
"""

WRITE_TEXTS = """
insert into memory_embeddings (user_id, source_id, chunk, embedding, embedding_model)
select
    %(user)s, 'note:' || n, 'What was thought of groceries, ' || n,
    (select array_agg(sin(n * i)) from generate_series(1, 384) as i)::vector, %(model)s
from generate_series(1, %(rows)s) as n
"""


class Undone(Exception):
    """Ends a transaction whose effect is not wanted."""


@dataclass(frozen=True, slots=True)
class Measured:
    tool: Tool
    p50: float
    p95: float
    said: str
    """The status of its result, or why there is none."""

    @property
    def holds(self) -> bool:
        return not self.said.startswith(REFUSED) and (self.p95 < BAR_MS or self.tool.name.startswith(DRAWN))


async def measure(say: Callable[[str], None], scale: float = 1.0) -> list[Measured]:
    """
    Args:
        say: takes lines about progress.
        scale: which part of the rows there is.
    """
    duties: dict[str, Any] = yaml.safe_load((ROOT / "tests" / "replay" / "duties.yaml").read_text("utf-8"))
    with TemporaryDirectory() as home, EmbeddedPostgres(Path(home) / "postgres", say) as cluster:
        addresses = await prepare_embedded(cluster, Path(home) / "server.password", say)
        embedder = await asyncio.to_thread(LocalEmbedder, Path(home) / "embedder")
        async with Database.open(addresses.server, size=4) as database:
            today = dt.date(2026, 11, 20)
            async with database.transaction(DEMO_USER) as connection:
                await seed(connection, DEMO_USER, today)
            assert addresses.migration
            fill(addresses.migration, embedder.model, today, scale, say)
            queries = read_queries(*sorted((ROOT / "tools" / "sql").glob("*.sql")))
            bench = Bench(database, queries, Stored(PostgresRetriever(database, embedder)), today)
            purchase = newest_purchase(addresses.migration)
            given = {name: arguments for name, arguments in duties.items() if arguments is not None}
            return [await bench.measure(*each) for each in [*given.items(), *calls(purchase, today)]]


def fill(address: str, model: str, today: dt.date, scale: float, say: Callable[[str], None]) -> None:
    """The transactions and stored texts of the user and of the others, written as the administrator."""
    with psycopg.connect(address, autocommit=True) as connection:
        say(f"writing {TRANSACTIONS * scale:,.0f} transactions, and those of {OTHERS * scale:,.0f} others")
        users = [(DEMO_USER, int(TRANSACTIONS * scale), TEXTS)]
        users += [(str(uuid4()), ROWS_OF_OTHERS, TEXTS_OF_OTHERS) for _ in range(int(OTHERS * scale))]
        for user, rows, texts in users:
            connection.execute(FILL, {"user": user, "today": today, "rows": rows})
            connection.execute(WRITE_TEXTS, {"user": user, "model": model, "rows": texts})
        connection.execute("analyze transactions, memory_embeddings")


def newest_purchase(address: str) -> dict[str, Any]:
    with psycopg.connect(address, row_factory=dict_row) as connection:
        purchase = connection.execute(NEWEST_PURCHASE, (DEMO_USER,)).fetchone()
    assert purchase
    return purchase


@dataclass(frozen=True, slots=True)
class Stored:
    """The user's stored texts (port `Knowledge`)."""

    retriever: PostgresRetriever

    async def search(self, query: str) -> list[Passage]:
        return await self.retriever.search(DEMO_USER, query)


@dataclass(frozen=True, slots=True)
class Bench:
    """The user's rows."""

    database: Database
    queries: Mapping[str, bytes]
    knowledge: Knowledge
    today: dt.date

    async def measure(self, name: str, given: Mapping[str, Any]) -> Measured:
        """Call a tool many times; what it changes is undone but for the last time, so that the next tool finds it."""
        tool = by_name()[name]
        arguments = tool.arguments.model_validate(given)

        async def read() -> Mapping[str, Any]:
            return await tool.function(arguments, self.context())

        async def change(undo: bool = True) -> Mapping[str, Any]:
            assert tool.preview
            shown = await tool.preview(arguments, self.context())
            with suppress(Undone):
                async with self.database.transaction(DEMO_USER) as connection:
                    await tool.function(arguments, self.context(TransactionRows(connection, self.queries)))
                    if undo:
                        raise Undone
            return shown

        times, said = await timed(read if tool.risk == "read" else change)
        if tool.risk != "read":
            await change(undo=False)
        return Measured(tool, times[len(times) // 2], times[int(len(times) * 0.95)], said)

    def context(self, rows: Rows | None = None) -> ToolContext:
        own = UserRows(self.database, self.queries, DEMO_USER)
        return ToolContext(rows or own, self.today, FakeFiles(), self.knowledge)


async def timed(call: Callable[[], Awaitable[Mapping[str, Any]]]) -> tuple[list[float], str]:
    """Milliseconds of some calls in order of length, and what came of the last."""
    times, said = [], ""
    for _ in range(CALLS + 1):
        began = time.perf_counter()
        try:
            said = str((await call()).get("status", "ok"))
        except ToolError as fault:
            said = f"{REFUSED}: {fault}"
        times.append(1000 * (time.perf_counter() - began))
    return sorted(times[1:]), said


def table(measured: list[Measured]) -> str:
    rows = [f"| {each.tool.name} | {each.p50:.0f} | {each.p95:.0f} | {each.said} |" for each in measured]
    return "\n".join(["| tool | p50 (ms) | p95 (ms) | result |", "| --- | ---: | ---: | --- |", *rows])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.tools", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="part of the rows (1)")
    measured = asyncio.run(measure(lambda line: print(line, flush=True), parser.parse_args().scale))
    print(table(measured))
    unmeasured = {tool.name for tool in CATALOG} - {each.tool.name for each in measured} - set(TURNING)
    assert not unmeasured, unmeasured
    late = [each.tool.name for each in measured if not each.holds]
    print(f"{len(measured)} tools, {len(late)} of them over {BAR_MS} ms: {', '.join(late) or 'none'}")
    return 1 if late else 0


if __name__ == "__main__":
    raise SystemExit(main())
