"""How long each tool takes for a user with 100,000 transactions, beside 1,000 others: `make bench-tools`.

Reading tools are called as in the recordings of the employees (`tests/replay/duties.yaml`); of the others it is measured what
they show their user before a change, and the change, which is undone.
"""

import argparse
import asyncio
import datetime as dt
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import psycopg
import yaml

from graph.adapters.database import Database
from graph.adapters.databases import prepare_embedded
from graph.adapters.embedded_postgres import EmbeddedPostgres
from graph.adapters.queries import read_queries
from graph.adapters.rows import OwnedRows, RowsInTransaction
from graph.tool import Rows, Tool, ToolContext, ToolFault
from migrations.demo import DEMO_USER
from migrations.demo_seed import seed
from tests.fakes.ports import KeptFiles
from tools.catalog import CATALOG

ROOT = Path(__file__).parent.parent.parent
TRANSACTIONS, OTHERS, ROWS_OF_OTHERS = 100_000, 1_000, 200
CALLS = 20
BAR_MS = 150
DRAWN = ("chart_", "monthly_report", "export_transactions")
"""What draws or writes documents has no bar."""

FILL = """
insert into transactions (user_id, account_id, posted_at, amount, currency, merchant, description, category)
select
    %(user)s, (select id from accounts where user_id = %(user)s and currency = 'USD' order by name limit 1),
    %(today)s::date - (n %% 1825), case when n %% 40 = 0 then 1 else -1 end * (1 + (n * 7919 %% 20000) / 100.0), 'USD',
    'Merchant ' || (n * 31 %% 400), 'POS ' || n,
    (array['Groceries', 'Shopping', 'Meals & Dining', 'Utilities', 'Entertainment', 'Income', 'Healthcare'])[1 + n %% 7]
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
        return self.p95 < BAR_MS or self.tool.name.startswith(DRAWN)


async def measure(say: Callable[[str], None], scale: float = 1.0) -> list[Measured]:
    """
    Args:
        say: takes lines about progress.
        scale: which part of the rows there is.
    """
    duties: dict[str, Any] = yaml.safe_load((ROOT / "tests" / "replay" / "duties.yaml").read_text("utf-8"))
    with TemporaryDirectory() as home, EmbeddedPostgres(Path(home) / "postgres", say) as cluster:
        addresses = await prepare_embedded(cluster, Path(home) / "server.password", say)
        async with Database.open(addresses.server, size=4) as database:
            today = dt.date(2026, 11, 20)
            async with database.acting_for(DEMO_USER) as connection:
                await seed(connection, DEMO_USER, today)
            assert addresses.owner
            fill(addresses.owner, today, scale, say)
            queries = read_queries(*sorted((ROOT / "tools" / "sql").glob("*.sql")))
            return [
                await measure_tool(tool, duties[tool.name], database, queries, today)
                for tool in CATALOG
                if duties.get(tool.name) is not None
            ]


def fill(address: str, today: dt.date, scale: float, say: Callable[[str], None]) -> None:
    """The user's transactions and those of the others, written as the administrator."""
    with psycopg.connect(address, autocommit=True) as connection:
        say(f"writing {TRANSACTIONS * scale:,.0f} transactions, and those of {OTHERS * scale:,.0f} others")
        mine = {"user": DEMO_USER, "today": today, "rows": int(TRANSACTIONS * scale)}
        connection.execute(FILL, mine)
        for _ in range(int(OTHERS * scale)):
            connection.execute(FILL, {"user": uuid4(), "today": today, "rows": ROWS_OF_OTHERS})
        connection.execute("analyze transactions")


async def measure_tool(
    tool: Tool, given: Mapping[str, Any], database: Database, queries: Mapping[str, bytes], today: dt.date
) -> Measured:
    arguments = tool.arguments.model_validate(given)

    async def read() -> Mapping[str, Any]:
        return await tool.function(arguments, context_of(OwnedRows(database, queries, DEMO_USER)))

    async def change() -> Mapping[str, Any]:
        shown = tool.preview and await tool.preview(arguments, context_of(OwnedRows(database, queries, DEMO_USER)))
        try:
            async with database.acting_for(DEMO_USER) as connection:
                await tool.function(arguments, context_of(RowsInTransaction(connection, queries)))
                raise Undone
        except Undone:
            return shown or {}

    def context_of(rows: Rows) -> ToolContext:
        return ToolContext(rows, today, KeptFiles())

    times, said = await timed(read if tool.risk == "read" else change)
    return Measured(tool, times[len(times) // 2], times[int(len(times) * 0.95)], said)


async def timed(call: Callable[[], Awaitable[Mapping[str, Any]]]) -> tuple[list[float], str]:
    """Milliseconds of some calls in order of length, and what came of the last."""
    times, said = [], ""
    for _ in range(CALLS + 1):
        began = time.perf_counter()
        try:
            said = str((await call()).get("status", "ok"))
        except ToolFault as fault:
            said = f"refused: {fault}"
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
    late = [each.tool.name for each in measured if not each.holds]
    print(f"{len(measured)} tools, {len(late)} of them over {BAR_MS} ms: {', '.join(late) or 'none'}")
    return 1 if late else 0


if __name__ == "__main__":
    raise SystemExit(main())
