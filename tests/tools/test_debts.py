import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from graph.tool import ToolContext, ToolError
from graph.values.profile import Profile
from tests.support.ledgers import Ledger
from tools.add_debt import AddDebt, add_debt, preview_add_debt
from tools.debt_payoff_plan import DebtPayoffPlan, debt_payoff_plan
from tools.list_debts import ListDebts, list_debts
from tools.shared.debts import rate_text
from tools.update_debt import UpdateDebt, preview_update_debt, update_debt

STRANGER = str(uuid.uuid4())
SMALL = {"name": "Small", "balance": "60", "minimum_payment": "10"}
LARGE = {"name": "Large", "balance": "100", "annual_rate_percent": "24", "minimum_payment": "20"}


async def debts_of(context: ToolContext) -> dict[str, Any]:
    return await list_debts(ListDebts(), context)


async def plan(context: ToolContext, **arguments: Any) -> dict[str, Any]:
    return await debt_payoff_plan(DebtPayoffPlan(**arguments), context)


async def test_debts_are_listed_dearest_first_with_their_interest_and_totals(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add(
        "debts", user, SMALL, LARGE, {"name": "Paid", "balance": "0"}, {**SMALL, "name": "Maple", "currency": "CAD"}
    )
    result = await debts_of(context)
    first = result["debts"][0]
    assert first["name"] == "Large"
    assert (first["balance"], first["annual_rate_percent"], first["interest_next_month"]) == ("100.00", "24.00", "2.00")
    assert (first["as_of"], first["minimum_below_interest"]) == ("2025-11-20", False)
    assert result["totals"] == [
        {"currency": "CAD", "unpaid": 1, "owed": "60.00", "minimum_payments": "10.00", "interest_next_month": "0.00"},
        {"currency": "USD", "unpaid": 2, "owed": "160.00", "minimum_payments": "30.00", "interest_next_month": "2.00"},
    ]


@pytest.mark.parametrize(("rate", "text"), [("4.9900", "4.99"), ("4.1250", "4.1250"), ("0", "0.00")])
def test_a_rate_keeps_the_places_that_it_has(rate: str, text: str) -> None:
    assert rate_text(Decimal(rate)) == text


async def test_the_two_orders_are_compared(ledger: Ledger, user: str, context: ToolContext) -> None:
    """By hand in test_interest: 4.51 against 3.10 of interest."""
    await ledger.add("debts", user, SMALL, LARGE)
    result = await plan(context, extra_payment=30)
    assert (result["monthly_payment"], result["owed"], result["interest_saved_by_avalanche"]) == (
        "60.00",
        "160.00",
        "1.41",
    )
    assert result["snowball"] == {
        "status": "ok",
        "months": 3,
        "debt_free_month": "2026-02",
        "total_interest": "4.51",
        "order": [
            {"name": "Small", "payoff_month": "2026-01", "months": 2},
            {"name": "Large", "payoff_month": "2026-02", "months": 3},
        ],
    }
    assert (result["avalanche"]["months"], result["avalanche"]["total_interest"]) == (3, "3.10")


async def test_a_minimum_below_the_interest_is_said_and_ends(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add("debts", user, {**LARGE, "minimum_payment": "2.00"})
    result = await plan(context)
    assert result["minimum_below_interest"] == [{"name": "Large"}]
    assert result["avalanche"] == {"status": "never_paid", "within_months": 1200}
    assert (result["interest_next_month"], result["interest_saved_by_avalanche"]) == ("2.00", None)
    assert (await debts_of(context))["debts"][0]["minimum_below_interest"] is True
    assert (await plan(context, extra_payment="0.50"))["avalanche"]["status"] == "ok"


async def test_debts_of_several_currencies_are_planned_apart(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add("debts", user, LARGE, {**SMALL, "currency": "CAD"})
    assert (await plan(context))["currencies"] == ["CAD", "USD"]
    assert (await plan(context))["status"] == "ambiguous"
    assert (await plan(context, currency="cad"))["owed"] == "60.00"
    assert (await plan(context, currency="EUR"))["status"] == "no_rows"


async def test_without_unpaid_debts_there_is_nothing_to_plan(ledger: Ledger, user: str, context: ToolContext) -> None:
    assert (await debts_of(context))["status"] == "no_rows"
    await ledger.add("debts", user, {"name": "Paid", "balance": "0"})
    assert (await plan(context))["status"] == "no_rows"


async def test_nobody_elses_debt_is_seen_or_changed(ledger: Ledger, context: ToolContext) -> None:
    [theirs] = await ledger.add("debts", STRANGER, {**LARGE, "name": f"Theirs {uuid.uuid4()}"})
    assert (await debts_of(context))["status"] == "no_rows"
    with pytest.raises(ToolError, match="no debt yet"):
        await update_debt(UpdateDebt(debt=str(theirs), balance=0), context)


# Changes --------------------------------------------------------------------------------------------------------------

NEW = {"name": "Car", "balance": "900", "annual_rate_percent": "6.5", "minimum_payment": "40"}


async def test_a_debt_is_added_as_it_was_previewed(ledger: Ledger, user: str, context: ToolContext) -> None:
    context = replace(context, profile=Profile(currency="CAD"))
    arguments = AddDebt(**NEW, kind="car_loan", as_of=dt.date(2025, 11, 1))
    [change] = (await preview_add_debt(arguments, context))["changes"]
    assert (await debts_of(context))["status"] == "no_rows"
    made = (await add_debt(arguments, context))["debt"]
    assert change["after"].items() <= made.items()
    assert (made["currency"], made["as_of"], made["kind"], made["account"]) == ("CAD", "2025-11-01", "car_loan", None)
    assert (await debts_of(context))["debts"] == [made]


async def test_a_debt_that_an_account_shows_takes_its_currency(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_accounts(user, [{"name": "Rewards Card", "type": "credit", "currency": "CAD"}])
    made = (await add_debt(AddDebt(**NEW, account="rewards"), context))["debt"]
    assert (made["account"], made["currency"]) == ("Rewards Card", "CAD")
    with pytest.raises(ToolError, match="in CAD"):
        await add_debt(AddDebt(**{**NEW, "name": "Two"}, account="rewards", currency="USD"), context)
    with pytest.raises(ToolError, match="No account matches"):
        await add_debt(AddDebt(**{**NEW, "name": "Two"}, account="boat"), context)


@pytest.mark.parametrize("act", [add_debt, preview_add_debt])
async def test_a_debt_that_exists_or_is_of_tomorrow_is_refused(
    ledger: Ledger, user: str, context: ToolContext, act: Callable[..., Any]
) -> None:
    await ledger.add("debts", user, {"name": "Car", "balance": "1"})
    with pytest.raises(ToolError, match="this name"):
        await act(AddDebt(**{**NEW, "name": "cAR"}, currency="USD"), context)
    with pytest.raises(ToolError, match="future"):
        await act(AddDebt(**{**NEW, "name": "Two"}, currency="USD", as_of=dt.date(2025, 11, 21)), context)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"balance": "80"}, {"balance": "80.00", "as_of": "2025-11-20"}),
        ({"balance": "0", "as_of": "2025-11-15"}, {"balance": "0.00", "as_of": "2025-11-15"}),
        ({"annual_rate_percent": "5.125"}, {"annual_rate_percent": "5.1250", "as_of": "2025-10-01"}),
        ({"minimum_payment": "33"}, {"minimum_payment": "33.00", "as_of": "2025-10-01"}),
    ],
)
async def test_a_debt_is_changed_as_it_was_previewed_and_a_new_balance_is_dated(
    ledger: Ledger, user: str, context: ToolContext, change: dict[str, Any], expected: dict[str, Any]
) -> None:
    await ledger.add("debts", user, {**LARGE, "as_of": dt.date(2025, 10, 1)})
    arguments = UpdateDebt(debt="large", **change)
    [previewed] = (await preview_update_debt(arguments, context))["changes"]
    assert previewed["before"]["balance"] == "100.00"
    made = (await update_debt(arguments, context))["debt"]
    assert expected.items() <= made.items()
    assert previewed["after"].items() <= made.items()


@pytest.mark.parametrize("act", [update_debt, preview_update_debt])
@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({}, "what changes"),
        ({"as_of": "2025-11-01"}, "give balance"),
        ({"balance": 1, "as_of": "2025-11-21"}, "future"),
        ({"balance": 1, "debt": "boat"}, "No debt matches"),
        ({"balance": 1, "debt": "l"}, "Several match"),
    ],
)
async def test_a_change_that_is_not_clear_is_refused_and_nothing_is_changed(
    ledger: Ledger, user: str, context: ToolContext, act: Callable[..., Any], change: dict[str, Any], word: str
) -> None:
    await ledger.add("debts", user, SMALL, LARGE)
    before = await debts_of(context)
    with pytest.raises(ToolError, match=word):
        await act(UpdateDebt(**{"debt": "Large", **change}), context)
    assert await debts_of(context) == before
