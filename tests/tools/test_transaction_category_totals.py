import random
from decimal import Decimal
from typing import Any

import pytest

from graph.tool import ToolContext, ToolError
from tests.support.ledgers import Ledger, earned, refunded, spent, transferred
from tools.transaction_category_totals import TransactionCategoryTotals, transaction_category_totals
from tools.transactions_query import TransactionsQuery, transactions_query


async def call(context: ToolContext, **arguments: Any) -> dict[str, Any]:
    return await transaction_category_totals(TransactionCategoryTotals(**arguments), context)


async def test_the_largest_category_comes_first_with_its_share(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(user, [spent("25"), spent("80", "Shopping"), refunded("5", "Shopping")])
    result = await call(context)
    assert result["categories"] == [
        {
            "category": "Shopping",
            "type": "expense",
            "currency": "USD",
            "count": 2,
            "total": "75.00",
            "share_percent": "75.0",
            "spent_gross": "80.00",
            "refunds": "5.00",
        },
        {
            "category": "Groceries",
            "type": "expense",
            "currency": "USD",
            "count": 1,
            "total": "25.00",
            "share_percent": "25.0",
            "spent_gross": "25.00",
            "refunds": "0.00",
        },
    ]
    assert result["totals"][0]["spent_net"] == "100.00"


async def test_shares_are_within_a_currency(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(user, [spent("1"), spent("99", currency="CAD")])
    assert [entry["share_percent"] for entry in (await call(context))["categories"]] == ["100.0", "100.0"]


async def test_a_category_with_more_refunds_than_purchases_has_no_share(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add_transactions(user, [spent("10"), refunded("30", "Shopping")])
    groceries, shopping = (await call(context))["categories"]
    assert (groceries["share_percent"], shopping["total"], shopping["share_percent"]) == ("100.0", "-30.00", "0.0")


async def test_income_and_expenses_stay_apart(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(user, [spent("40"), earned("100")])
    assert [entry["category"] for entry in (await call(context, type="income"))["categories"]] == ["Income"]
    result = await call(context, type="all")
    assert [(entry["type"], entry["share_percent"]) for entry in result["categories"]] == [
        ("expense", "100.0"),
        ("income", "100.0"),
    ]
    assert result["totals"][0]["net"] == "60.00"


async def test_transfers_are_not_counted(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(user, [transferred("-400", "Investments")])
    assert (await call(context, type="all"))["status"] == "no_rows"


async def test_an_empty_period_says_so_with_its_filters(context: ToolContext) -> None:
    assert await call(context, start_date="2025-01-01") == {
        "summary": "I found no spending since January 1.",
        "status": "no_rows",
        "filters": {"start_date": "2025-01-01", "type": "expense"},
        "totals": [],
        "categories": [],
    }


async def test_an_inverted_period_is_a_fault(context: ToolContext) -> None:
    with pytest.raises(ToolError, match="before it starts"):
        await call(context, start_date="2025-02-02", end_date="2025-02-01")


@pytest.mark.parametrize("seed", range(5))
async def test_categories_add_up_to_what_transactions_query_says(
    ledger: Ledger, user: str, context: ToolContext, seed: int
) -> None:
    chance = random.Random(seed)
    rows = [
        {
            "amount": Decimal(chance.randint(-99_999, 9_999) or 1).scaleb(-2),
            "currency": chance.choice(["USD", "CAD"]),
            "category": chance.choice(["Groceries", "Shopping", "Utilities"]),
        }
        for _ in range(60)
    ]
    await ledger.add_transactions(user, rows)
    by_category = await call(context)
    listed = await transactions_query(TransactionsQuery(type="expense"), context)
    for totals in listed["totals"]:
        entries = [entry for entry in by_category["categories"] if entry["currency"] == totals["currency"]]
        assert sum(Decimal(entry["total"]) for entry in entries) == Decimal(totals["spent_net"])
        assert sum(entry["count"] for entry in entries) == totals["count"]
    assert [{**totals, "transfers": "0.00"} for totals in by_category["totals"]] == listed["totals"]
