"""A report compares a month with the one before, exactly, and shows in its document what its result says."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.tool import ToolContext, ToolError
from tests.support.fakes.ports import FakeFiles
from tests.support.ledgers import Ledger, UserRows, earned, refunded, spent, transferred
from tools.monthly_report import (
    MAX_CATEGORIES,
    OTHERS,
    MonthlyReport,
    category_comparison,
    document_parts,
    monthly_report,
)
from tools.rendering.document import Grid, Note

OCTOBER, SEPTEMBER = "2025-10-15", "2025-09-30"


async def report(context: ToolContext, **arguments: Any) -> dict[str, Any]:
    return await monthly_report(MonthlyReport(**arguments), context)


@pytest.fixture
async def two_months(ledger: Ledger, user: str) -> None:
    await ledger.add_transactions(
        user,
        [
            spent("80.10", on=OCTOBER, merchant="Harbour Bakery"),
            refunded("5.05", on="2025-10-31", merchant="Harbour Bakery"),
            spent("24.95", "Shopping", on="2025-10-01", merchant="Quay Books"),
            earned("1000", on=OCTOBER),
            transferred("-500", on=OCTOBER),
            spent("50", on=SEPTEMBER),
            spent("10", "Healthcare", on=SEPTEMBER),
            spent("3", on="2025-08-31"),
            spent("4", on="2025-11-01"),
        ],
    )


@pytest.mark.usefixtures("two_months")
async def test_the_last_month_that_is_over_is_compared_with_the_one_before(
    context: ToolContext, files: FakeFiles
) -> None:
    result = await report(context)
    assert (result["status"], result["month"], result["compared_with"], result["complete"]) == (
        "ok",
        "2025-10",
        "2025-09",
        True,
    )
    [usd] = result["currencies"]
    assert usd["this_month"] == {"count": 4, "income": "1000.00", "spent": "100.00", "net": "900.00"}
    assert usd["month_before"] == {"count": 2, "income": "0.00", "spent": "60.00", "net": "-60.00"}
    assert usd["change"] == {"income": "1000.00", "spent": "40.00", "net": "960.00"}
    assert [tuple(row.values()) for row in usd["categories"]] == [
        ("Groceries", "75.05", "50.00", "25.05"),
        ("Shopping", "24.95", "0.00", "24.95"),
        ("Healthcare", "0.00", "10.00", "-10.00"),
    ]
    assert [tuple(row.values()) for row in usd["merchants"]] == [
        ("Harbour Bakery", 2, "75.05"),
        ("Quay Books", 1, "24.95"),
    ]
    [(name, media_type, content)] = files.kept
    assert (name, media_type) == ("report-2025-10.pdf", "application/pdf")
    assert content.startswith(b"%PDF-")
    assert result["display"] == {
        "type": "document",
        "title": "Report of 2025-10",
        "file_id": "file-1",
        "media_type": "application/pdf",
        "bytes": len(content),
    }


@pytest.mark.usefixtures("two_months")
async def test_the_document_shows_the_figures_of_the_result(context: ToolContext) -> None:
    result = await report(context)
    grids = [part for part in document_parts(result, [], dt.date(2025, 5, 1)) if isinstance(part, Grid)]
    [usd] = result["currencies"]
    assert [list(row)[1:] for row in grids[0].rows] == [
        [usd[column][name] for column in ("this_month", "month_before", "change")]
        for name in ("income", "spent", "net")
    ]
    assert [list(row) for row in grids[1].rows] == [list(row.values()) for row in usd["categories"]]
    assert [row[-1] for row in grids[2].rows] == [row["spent"] for row in usd["merchants"]]


@pytest.mark.usefixtures("two_months")
async def test_the_current_month_is_said_to_be_not_over(context: ToolContext) -> None:
    result = await report(context, month="2025-11")
    assert (result["complete"], result["currencies"][0]["this_month"]["spent"]) == (False, "4.00")
    assert any(
        isinstance(part, Note) and "not over" in part.text for part in document_parts(result, [], dt.date(2025, 6, 1))
    )


async def test_each_currency_has_a_section_of_its_own(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(user, [spent("1", on=OCTOBER), spent("2", on=OCTOBER, currency="CAD")])
    result = await report(context)
    assert [(each["currency"], each["this_month"]["spent"]) for each in result["currencies"]] == [
        ("CAD", "2.00"),
        ("USD", "1.00"),
    ]


async def test_the_last_day_of_a_leap_february_counts(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(user, [spent("1", on=day) for day in ("2024-01-31", "2024-02-29", "2024-03-01")])
    [usd] = (await report(context, month="2024-02"))["currencies"]
    assert (usd["this_month"]["spent"], usd["month_before"]["spent"]) == ("1.00", "1.00")


async def test_in_january_december_is_the_month_before(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(user, [spent("1", on="2025-01-01")])
    assert (await report(context, month="2025-01"))["compared_with"] == "2024-12"


async def test_a_month_without_rows_has_no_document(context: ToolContext, files: FakeFiles) -> None:
    result = await report(context)
    assert (result["status"], result["currencies"], files.kept) == ("no_rows", [], [])


@pytest.mark.parametrize("month", ["2025-12", "0000-01"])
async def test_a_month_that_has_not_begun_or_does_not_exist_is_refused(context: ToolContext, month: str) -> None:
    with pytest.raises(ToolError):
        await report(context, month=month)


@pytest.mark.usefixtures("two_months")
async def test_nobody_elses_rows_are_reported(context: ToolContext, rows_of: Callable[[str], UserRows]) -> None:
    assert (await report(replace(context, rows=rows_of(str(uuid.uuid4())))))["status"] == "no_rows"


ENTRIES = st.lists(
    st.tuples(st.booleans(), st.sampled_from([f"c{n:02}" for n in range(25)]), st.integers(-10_000, 10_000)),
    max_size=60,
)


@settings(deadline=None)
@given(ENTRIES)
def test_no_cent_is_lost_between_the_categories(entries: list[tuple[bool, str, int]]) -> None:
    """Sums by another way: whole cents in dictionaries of integers."""
    months: tuple[dict[str, int], dict[str, int]] = (defaultdict(int), defaultdict(int))
    for now, category, amount in entries:
        months[0 if now else 1][category] += amount
    groups = [
        [
            {
                "category": category,
                "flow": "expense",
                "spent_gross": Decimal(max(amount, 0)) / 100,
                "refunds": Decimal(max(-amount, 0)) / 100,
            }
            for category, amount in month.items()
        ]
        for month in months
    ]
    this_month, month_before = groups
    rows = category_comparison(this_month, month_before, "USD")
    assert len(rows) <= MAX_CATEGORIES
    for column, month in (("spent", months[0]), ("before", months[1])):
        assert sum(Decimal(row[column]) * 100 for row in rows) == sum(month.values())
    for row in rows:
        assert Decimal(row["change"]) == Decimal(row["spent"]) - Decimal(row["before"])
        if row["category"] != OTHERS:
            assert Decimal(row["spent"]) * 100 == months[0].get(row["category"], 0)
