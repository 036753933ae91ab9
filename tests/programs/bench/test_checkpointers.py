"""The comparison of checkpointers compares: all three store and read, and nothing of it is left. Times are no subject here."""

import psycopg

from graph.adapters.postgres.provisioning import DatabaseUrls
from tests.bench.checkpointers import CLAIMED, MARKS, STOCK, UNCLAIMED, Plan, compare, table
from tests.bench.processes import ROOT

BRIEF = Plan(rounds=2, slices=1, seconds=0.2)


async def test_each_checkpointer_is_measured_in_each_round(database_url: str, admin_url: str) -> None:
    rates = await compare(DatabaseUrls(database_url, admin_url), BRIEF, lambda line: None)
    assert {name: len(each) for name, each in rates.items()} == {STOCK: 2, CLAIMED: 2, UNCLAIMED: 2}
    assert all(rate > 0 for each in rates.values() for rate in each)
    with psycopg.connect(admin_url) as connection:
        assert connection.execute("select 1 from pg_namespace where nspname = 'stock'").fetchone() is None


def test_the_table_shows_the_median_of_the_rounds_and_its_ratio() -> None:
    rates = {STOCK: [100.0, 300.0, 200.0], CLAIMED: [240.0, 250.0, 1.0], UNCLAIMED: [600.0, 500.0, 900.0]}
    assert table(rates).splitlines()[2:] == [
        "| AsyncPostgresSaver | 200 | 1.00 |",
        "| this runtime | 240 | 1.20 |",
        "| this runtime, without claims | 600 | 3.00 |",
    ]


def test_the_page_has_a_place_for_the_table() -> None:
    text = (ROOT / "docs" / "performance.md").read_text("utf-8")
    assert [text.count(mark) for mark in MARKS] == [1, 1]
