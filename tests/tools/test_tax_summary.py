import datetime as dt
import uuid
from typing import Any

import pytest

from graph.tool import ToolContext, ToolError
from tests.support.ledgers import Ledger
from tools.shared.categories import SYSTEM_CATEGORIES
from tools.tax_summary import DEDUCTION_CATEGORIES, TaxSummary, tax_summary


async def call(context: ToolContext, **arguments: Any) -> dict[str, Any]:
    return await tax_summary(TaxSummary(**arguments), context)


def row(day: str, amount: str, category: str, **more: Any) -> dict[str, Any]:
    return {"posted_at": dt.date.fromisoformat(day), "amount": amount, "category": category, **more}


async def test_a_year_is_summed_up_by_category_with_its_candidates(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add_transactions(
        user,
        [
            row("2024-01-01", "1000", "Income"),
            row("2024-12-31", "-80.10", "Healthcare"),
            row("2024-02-29", "20", "Healthcare"),
            row("2024-05-05", "-50", "Groceries"),
            row("2024-05-05", "-9", "Healthcare", currency="CAD"),
            row("2024-05-05", "-500", "Healthcare", is_transfer=True),
            row("2023-12-31", "-7", "Healthcare"),
            row("2025-01-01", "-7", "Healthcare"),
        ],
    )
    result = await call(context)
    assert (result["year"], result["complete"]) == (2024, True)
    found = [
        (each["currency"], each["category"], each["total"], each["deduction_candidate"])
        for each in result["categories"]
    ]
    assert found == [
        ("CAD", "Healthcare", "9.00", True),
        ("USD", "Groceries", "50.00", False),
        ("USD", "Healthcare", "60.10", True),
        ("USD", "Income", "1000.00", False),
    ]
    assert [
        (total["currency"], total["income"], total["spent_net"], total["candidates_spent"])
        for total in result["totals"]
    ] == [
        ("CAD", "0.00", "9.00", "9.00"),
        ("USD", "1000.00", "110.10", "60.10"),
    ]


async def test_this_year_is_not_over_and_the_next_has_not_begun(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add_transactions(user, [row("2025-01-01", "-7", "Healthcare")])
    assert (await call(context, year=2025))["complete"] is False
    with pytest.raises(ToolError, match="not begun"):
        await call(context, year=2026)


async def test_a_year_may_be_empty_and_nobody_elses_is_seen(ledger: Ledger, context: ToolContext) -> None:
    await ledger.add_transactions(str(uuid.uuid4()), [row("2024-01-01", "-7", "Healthcare")])
    assert (await call(context))["status"] == "no_rows"


def test_candidates_are_categories_of_the_system() -> None:
    assert set(SYSTEM_CATEGORIES) > DEDUCTION_CATEGORIES
