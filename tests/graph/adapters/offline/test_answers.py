"""Tool results in words: every amount as it stands in the result, and what is unknown or missing said so."""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from graph.adapters.offline.answers import render_result
from graph.tool import ToolContext
from tools.catalog import by_name

TOTAL = {"currency": "USD", "count": 23, "income": "0.00", "spent_gross": "524.34", "refunds": "12.00"}
TOTAL |= {"spent_net": "512.34", "net": "-512.34", "transfers": "0.00"}
ROW = {"id": "1", "date": "2026-10-03", "amount": "-54.20", "currency": "USD", "merchant": "Trader Joe's"}
ROW |= {"description": "TRADER JOES 552", "category": "Groceries", "type": "expense", "account": "Everyday"}
OCTOBER = {"start_date": "2026-10-01", "end_date": "2026-10-31"}
MARCH = {"start_date": "2026-03-01", "end_date": "2026-03-31"}
GROCERIES: dict[str, Any] = {"type": "expense", "categories": ["Groceries"], **OCTOBER}


def found(total: Mapping[str, Any] = TOTAL, **filters: Any) -> dict[str, Any]:
    """A result of transactions_query."""
    return {"status": "ok", "matches": 23, "shown": 1, "totals": [total], "transactions": [ROW], "filters": filters}


def told(result: Any, *, rows: bool = False) -> str:
    return render_result(json.dumps(result), rows=rows)


def test_spending_is_rendered_with_its_dates_and_refunds() -> None:
    assert told(found(**GROCERIES)) == (
        "You spent 512.34 USD on Groceries from 2026-10-01 to 2026-10-31 (23 transactions, 12.00 refunded)."
    )


def test_rows_are_listed_where_they_are_asked_for() -> None:
    text = told(found(**GROCERIES), rows=True)
    assert "- 2026-10-03: -54.20 USD, Trader Joe's (Groceries)" in text
    assert text.endswith("These are the newest 1 of 23.")


def test_income_and_everything_together_have_words_of_their_own() -> None:
    total = TOTAL | {"income": "3000.00", "net": "2487.66", "transfers": "-50.00"}
    assert told(found(total, type="income")) == "You received 3000.00 USD in all your records (23 transactions)."
    assert told(found(total, type="all", start_date="2026-10-01")) == (
        "512.34 USD spent, 12.00 refunded and 3000.00 USD received since 2026-10-01 "
        "(23 transactions, net 2487.66 USD; -50.00 in transfers)."
    )


def test_currencies_are_never_added_up() -> None:
    canadian = TOTAL | {"currency": "CAD", "count": 1, "refunds": "0.00"}
    assert told(found(type="expense") | {"totals": [canadian, TOTAL]}) == (
        "You spent 512.34 CAD (1 transaction) and 512.34 USD (23 transactions, 12.00 refunded) in all your records."
    )


def test_nothing_found_is_said_with_the_filters() -> None:
    filters = {"type": "expense", "merchant_contains": "Amazon", "min_amount": "20", "end_date": "2026-10-31"}
    nothing = {"status": "no_rows", "matches": 0, "shown": 0, "totals": [], "transactions": [], "filters": filters}
    assert told(nothing) == "I found no spending at “Amazon” in amounts from 20 up to 2026-10-31."


def test_an_error_is_passed_on_and_not_papered_over() -> None:
    assert told({"error": "No account matches; the user has: Everyday"}) == (
        "I could not look that up: No account matches; the user has: Everyday."
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"jobs_done": 3, "note": "fine", "gone": null}', "- jobs done: 3\n- note: fine"),
        ("{}", "The result is empty."),
        ("[1, 2]", "[1, 2]"),
        ("no json at all", "no json at all"),
    ],
)
def test_any_other_result_is_rendered_field_by_field(content: str, expected: str) -> None:
    assert render_result(content, rows=True) == expected


@dataclass
class StoredRows:
    """Rows that a tool's queries would find."""

    rows: Mapping[str, list[dict[str, Any]]]

    async def fetch(self, query: str, **parameters: object) -> list[dict[str, Any]]:
        return self.rows[query]


async def answered(name: str, arguments: Mapping[str, Any], rows: Mapping[str, list[dict[str, Any]]]) -> str:
    """What is told of the real tool's result on stored rows."""
    tool = by_name()[name]
    context = ToolContext(StoredRows(rows), dt.date(2026, 11, 15))
    return told(await tool.function(tool.arguments.model_validate(arguments), context))


def share(category: str, spent: str, refunds: str = "0") -> dict[str, Any]:
    sums = {"income": Decimal(0), "spent_gross": Decimal(spent), "refunds": Decimal(refunds)}
    return {"category": category, "flow": "expense", "currency": "USD", "matches": 2, **sums}


async def test_category_totals_are_rendered_in_order_with_shares() -> None:
    rows = {"category_totals": [share("Shopping", "25"), share("Groceries", "80", "5")]}
    assert await answered("transaction_category_totals", MARCH, rows) == (
        "You spent 100.00 USD from 2026-03-01 to 2026-03-31 (4 transactions, 5.00 refunded).\n"
        "- Groceries: 75.00 USD (2 transactions, 75.0 %)\n"
        "- Shopping: 25.00 USD (2 transactions, 25.0 %)"
    )
    assert await answered("transaction_category_totals", MARCH, {"category_totals": []}) == (
        "I found no spending from 2026-03-01 to 2026-03-31."
    )


def account(name: str, kind: str, balance: str | None) -> dict[str, Any]:
    day = dt.date(2026, 11, 14) if balance else None
    known = {"balance": Decimal(balance) if balance else None, "balance_as_of": day}
    return {"name": name, "type": kind, "currency": "USD", "number_last4": "4417", **known}


async def test_balances_are_rendered_one_by_one_and_unknown_ones_as_unknown() -> None:
    rows = {"accounts": [account("Everyday", "checking", "120.5"), account("Rainy Day", "savings", None)]}
    assert await answered("account_balances_query", {}, rows) == (
        "Your accounts:\n"
        "- Everyday (checking, ending in 4417): 120.50 USD as of 2026-11-14\n"
        "- Rainy Day (savings, ending in 4417): the balance is unknown\n"
        "Together in USD: 120.50 net (120.50 held, 0.00 owed; 1 not known)."
    )
    assert await answered("account_balances_query", {"account_type": "savings"}, rows) == (
        "Rainy Day (savings, ending in 4417): the balance is unknown."
    )
    assert await answered("account_balances_query", {"account_type": "credit"}, rows) == (
        "There are no credit accounts in your records."
    )


async def test_a_comparison_of_two_periods_is_rendered_in_total_and_by_category() -> None:
    def spent(period: str, category: str, amount: str) -> dict[str, Any]:
        return {**share(category, amount), "period": period}

    rows = {"flow_of_two_periods": [spent("before", "Groceries", "80"), spent("after", "Groceries", "100")]}
    assert await answered("compare_periods", {"type": "expense"}, rows) == (
        "Before is from 2026-10-01 to 2026-10-15, after is from 2026-11-01 to 2026-11-15.\n"
        "- Spent: 80.00 USD before, 100.00 USD after (difference 20.00 USD, 25.0 %)\n"
        "- Groceries, expense: 80.00 USD before, 100.00 USD after (difference 20.00 USD, 25.0 %)"
    )
    assert await answered("compare_periods", {"type": "expense"}, {"flow_of_two_periods": []}) == (
        "I found no spending from 2026-10-01 to 2026-10-15 or from 2026-11-01 to 2026-11-15."
    )


def test_a_question_of_a_tool_is_not_rendered_as_nothing_found() -> None:
    ambiguous = {"status": "ambiguous", "currencies": ["CAD", "USD"], "categories": [], "filters": {"type": "expense"}}
    assert told(ambiguous).startswith("- status: ambiguous\n- currencies: ")


def test_a_result_of_another_shape_is_rendered_field_by_field() -> None:
    assert told({"status": "ok", "year": 2025, "categories": [{"category": "Gifts"}]}) == (
        '- status: ok\n- year: 2025\n- categories: [{"category": "Gifts"}]'
    )
