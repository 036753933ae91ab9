import datetime as dt
import uuid
from typing import Any

from graph.tool import ToolContext
from tests.support.ledgers import Ledger
from tools.net_worth import NetWorth, net_worth

DAY = dt.date(2025, 11, 19)


async def call(context: ToolContext) -> dict[str, Any]:
    return await net_worth(NetWorth(), context)


async def test_accounts_and_debts_are_added_up_in_each_currency(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    known = {"balance_as_of": DAY}
    await ledger.add_accounts(
        user,
        [
            {"name": "Main", "type": "checking", "balance": "1000.10", **known},
            {"name": "Card", "type": "credit", "balance": "-200", **known},
            {"name": "Broker", "type": "investment"},
            {"name": "Maple", "type": "checking", "currency": "CAD"},
        ],
    )
    await ledger.add(
        "debts",
        user,
        {"name": "Loan", "balance": "300.05", "as_of": dt.date(2025, 10, 1), "kind": "car_loan"},
        {"name": "Paid", "balance": "0", "currency": "EUR"},
    )
    result = await call(context)
    assert result["status"] == "ok"
    assert result["totals"] == [
        {
            "currency": "CAD",
            "assets": None,
            "owed": None,
            "net": None,
            "known": 0,
            "unknown_accounts": 1,
            "oldest_day": None,
            "may_count_twice": False,
        },
        {
            "currency": "USD",
            "assets": "1000.10",
            "owed": "500.05",
            "net": "500.05",
            "known": 3,
            "unknown_accounts": 1,
            "oldest_day": "2025-10-01",
            "may_count_twice": False,
        },
    ]


async def test_a_debt_that_an_account_shows_is_counted_once_and_one_that_may_be_shown_is_said(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    [card, silent] = await ledger.add_accounts(
        user,
        [
            {"name": "Card", "type": "credit", "balance": "-200", "balance_as_of": DAY},
            {"name": "Silent", "type": "credit"},
        ],
    )
    debt = {"kind": "credit_card", "balance": "210"}
    await ledger.add("debts", user, {**debt, "name": "Linked", "account_id": card})
    [usd] = (await call(context))["totals"]
    assert (usd["owed"], usd["may_count_twice"]) == ("200.00", False)
    await ledger.add("debts", user, {**debt, "name": "Known here only", "account_id": silent})
    [usd] = (await call(context))["totals"]
    assert (usd["owed"], usd["may_count_twice"], usd["unknown_accounts"]) == ("410.00", True, 1)


async def test_nothing_known_is_not_nothing_there(ledger: Ledger, user: str, context: ToolContext) -> None:
    assert (await call(context))["status"] == "no_rows"
    await ledger.add_accounts(user, [{"name": "Broker", "type": "investment"}])
    result = await call(context)
    assert (result["status"], result["items"][0]["balance"]) == ("unknown", None)


async def test_nobody_elses_worth_is_seen(ledger: Ledger, context: ToolContext) -> None:
    stranger = str(uuid.uuid4())
    await ledger.add_accounts(stranger, [{"name": "Theirs", "type": "checking"}])
    await ledger.add("debts", stranger, {"name": "Theirs", "balance": "5"})
    assert (await call(context))["status"] == "no_rows"
