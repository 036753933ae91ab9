import datetime as dt
from typing import Any

from graph.tool import ToolContext
from tests.support.ledgers import Ledger, refunded
from tools.account_balances_query import AccountBalancesQuery, account_balances_query

DAY = dt.date(2025, 11, 19)


async def call(context: ToolContext, **arguments: Any) -> dict[str, Any]:
    return await account_balances_query(AccountBalancesQuery(**arguments), context)


async def test_a_balance_comes_with_its_day_and_currency(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_accounts(
        user,
        [{"name": "Main", "type": "checking", "balance": "10.5", "balance_as_of": DAY, "number_last4": "4417"}],
    )
    assert (await call(context))["accounts"] == [
        {
            "name": "Main",
            "type": "checking",
            "number_last4": "4417",
            "currency": "USD",
            "balance": "10.50",
            "as_of": "2025-11-19",
            "status": "known",
        }
    ]


async def test_an_unknown_balance_is_unknown_whatever_the_transactions_say(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    [account] = await ledger.add_accounts(user, [{"name": "Broker", "type": "investment", "currency": "CAD"}])
    await ledger.add_transactions(user, [refunded("500", currency="CAD", account_id=account)])
    result = await call(context)
    [broker] = result["accounts"]
    assert (broker["balance"], broker["as_of"], broker["status"]) == (None, None, "unknown")
    assert result["totals"] == [
        {"currency": "CAD", "assets": None, "owed": None, "net": None, "known": 0, "unknown": 1}
    ]


async def test_totals_cover_known_balances_of_one_currency(ledger: Ledger, user: str, context: ToolContext) -> None:
    known = {"balance_as_of": DAY}
    await ledger.add_accounts(
        user,
        [
            {"name": "Main", "type": "checking", "balance": "100.10", **known},
            {"name": "Card", "type": "credit", "balance": "-40.05", **known},
            {"name": "Old", "type": "savings"},
            {"name": "Maple", "type": "checking", "currency": "CAD", "balance": "7", **known},
        ],
    )
    assert (await call(context))["totals"] == [
        {"currency": "CAD", "assets": "7.00", "owed": "0.00", "net": "7.00", "known": 1, "unknown": 0},
        {"currency": "USD", "assets": "100.10", "owed": "40.05", "net": "60.05", "known": 2, "unknown": 1},
    ]


async def test_a_type_narrows_accounts_and_totals(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_accounts(user, [{"name": "Main", "type": "checking"}, {"name": "Card", "type": "credit"}])
    result = await call(context, account_type="credit")
    assert [account["name"] for account in result["accounts"]] == ["Card"]
    assert result["totals"][0]["unknown"] == 1


async def test_no_accounts_is_an_answer_of_its_own(context: ToolContext) -> None:
    assert await call(context) == {
        "summary": "There are no accounts in your records.",
        "status": "no_accounts",
        "account_type": "all",
        "accounts": [],
        "totals": [],
    }


async def test_nobody_elses_accounts_are_seen(ledger: Ledger, context: ToolContext) -> None:
    await ledger.add_accounts("00000000-0000-4000-8000-0000000000aa", [{"name": "Theirs", "type": "checking"}])
    assert (await call(context))["status"] == "no_accounts"
