import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from graph.tool import ToolContext, ToolError
from graph.values.profile import Profile
from tests.support.ledgers import Ledger, UserRows, refunded, spent, transferred
from tools.budget_status import BudgetStatus, budget_status, project_spending
from tools.delete_budget import DeleteBudget, delete_budget, preview_delete_budget
from tools.set_budget import SetBudget, preview_set_budget, set_budget


async def call(context: ToolContext, **arguments: Any) -> dict[str, Any]:
    return await budget_status(BudgetStatus(**arguments), context)


async def test_a_budget_says_what_is_spent_left_and_projected(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add("budgets", user, {"monthly_amount": "300"})
    await ledger.add_transactions(
        user,
        [
            spent("200", on=dt.date(2025, 11, 1)),
            spent("40.10", on=dt.date(2025, 11, 20)),
            refunded("15.10", on=dt.date(2025, 11, 19)),
            spent("77", on=dt.date(2025, 10, 31)),
            spent("77", on=dt.date(2025, 11, 21)),
            spent("77", currency="CAD"),
            transferred("-77"),
            spent("77", "Shopping"),
        ],
    )
    result = await call(context)
    # Day 20 of 30: 225 spent, 200 at an even pace, 225 / 20 * 30 by the end.
    assert result["budgets"] == [
        {
            "category": "Groceries",
            "currency": "USD",
            "budget": "300.00",
            "spent": "225.00",
            "left": "75.00",
            "used_percent": "75.0",
            "even_pace": "200.00",
            "ahead_of_pace": "25.00",
            "projected": "337.50",
            "projected_left": "-37.50",
            "state": "at_risk",
        }
    ]
    assert (result["days_gone"], result["days_in_month"]) == (20, 30)
    assert result["totals"] == [{"currency": "USD", "count": 1, "budget": "300.00", "spent": "225.00", "left": "75.00"}]


async def test_budgets_of_two_currencies_are_not_added_together(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add("budgets", user, {"monthly_amount": "10"}, {"monthly_amount": "20", "currency": "CAD"})
    await ledger.add_transactions(user, [spent("15", currency="CAD"), spent("11")])
    result = await call(context)
    assert [(row["currency"], row["spent"], row["state"]) for row in result["budgets"]] == [
        ("CAD", "15.00", "at_risk"),
        ("USD", "11.00", "over"),
    ]
    assert [total["left"] for total in result["totals"]] == ["5.00", "-1.00"]


@pytest.mark.parametrize(
    ("day", "length", "projected"),
    [("2024-02-29", 29, "10.00"), ("2025-02-01", 28, "280.00"), ("2025-12-31", 31, "10.00")],
)
async def test_the_month_is_as_long_as_the_calendar_says(
    ledger: Ledger, user: str, context: ToolContext, day: str, length: int, projected: str
) -> None:
    today = dt.date.fromisoformat(day)
    await ledger.add("budgets", user, {"monthly_amount": "100"})
    await ledger.add_transactions(user, [spent("10", on=today)])
    result = await call(replace(context, today=today))
    assert (result["days_in_month"], result["budgets"][0]["projected"]) == (length, projected)


@pytest.mark.parametrize(("spent", "projected"), [("0", "0"), ("-5", "-5"), ("1", "1.50"), ("0.01", "0.02")])
def test_a_projection_is_a_straight_line_from_what_is_spent(spent: str, projected: str) -> None:
    assert project_spending(Decimal(spent), 20, 30, "USD") == Decimal(projected)


async def test_without_a_budget_the_answer_is_unknown(ledger: Ledger, user: str, context: ToolContext) -> None:
    assert (await call(context))["status"] == "unknown"
    await ledger.add("budgets", user, {"monthly_amount": "1"})
    assert (await call(context, category="Shopping"))["status"] == "unknown"
    assert (await call(context, category="groceries"))["status"] == "ok"
    with pytest.raises(ToolError, match="no category"):
        await call(context, category="Yachts")


async def test_nobody_elses_budget_is_seen_changed_or_deleted(
    ledger: Ledger, user: str, context: ToolContext, rows_of: Callable[[str], UserRows]
) -> None:
    stranger = str(uuid.uuid4())
    await ledger.add("budgets", stranger, {"monthly_amount": "10"})
    assert (await call(context))["status"] == "unknown"
    with pytest.raises(ToolError, match="no such budget"):
        await delete_budget(DeleteBudget(category="Groceries"), context)
    await set_budget(SetBudget(category="Groceries", monthly_amount=5, currency="USD"), context)
    theirs = await call(replace(context, rows=rows_of(stranger)))
    assert [row["budget"] for row in theirs["budgets"]] == ["10.00"]


async def test_a_budget_is_set_as_it_was_previewed_and_once(ledger: Ledger, user: str, context: ToolContext) -> None:
    context = replace(context, profile=Profile(currency="USD"))
    for amount, before in (("50", None), ("70.5", "50.00")):
        arguments = SetBudget(category="groceries", monthly_amount=amount)
        [change] = (await preview_set_budget(arguments, context))["changes"]
        assert (change["before"] and change["before"]["monthly_amount"]) == before
        assert (await set_budget(arguments, context))["budget"] == change["after"]
    assert [row["budget"] for row in (await call(context))["budgets"]] == ["70.50"]


@pytest.mark.parametrize("act", [set_budget, preview_set_budget])
async def test_a_budget_for_what_is_no_spending_is_refused(context: ToolContext, act: Callable[..., Any]) -> None:
    for category, word in (("Yachts", "no category"), ("income", "no category of spending")):
        with pytest.raises(ToolError, match=word):
            await act(SetBudget(category=category, monthly_amount=1, currency="USD"), context)
    with pytest.raises(ToolError, match="currency is not known"):
        await act(SetBudget(category="Groceries", monthly_amount=1), context)


async def test_a_budget_is_deleted_once_it_is_clear_which(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add("budgets", user, {"monthly_amount": "10"}, {"monthly_amount": "20", "currency": "CAD"})
    for act in (preview_delete_budget, delete_budget):
        with pytest.raises(ToolError, match="which currency: CAD, USD"):
            await act(DeleteBudget(category="Groceries"), context)
    arguments = DeleteBudget(category="Groceries", currency="cad")
    [change] = (await preview_delete_budget(arguments, context))["changes"]
    assert (await delete_budget(arguments, context))["deleted"] == change["before"]
    assert [row["currency"] for row in (await call(context))["budgets"]] == ["USD"]
