"""Tells what is on the accounts, as far as it is known."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from graph.tool import Tool, ToolContext
from tools.shared.arguments import ToolArguments
from tools.shared.money import amount_text, by_currency


class AccountBalancesQuery(ToolArguments):
    account_type: Literal["checking", "savings", "credit", "investment", "all"] = Field(
        "all", description="The kind of account to look at, or all."
    )


async def account_balances_query(arguments: AccountBalancesQuery, context: ToolContext) -> dict[str, Any]:
    """Tell the balances of the user's accounts: each with its currency and the day it was reported.

    What is owed is negative, as on a credit card. A balance of null with status "unknown" was never reported: say that
    it is unknown and never work it out from transactions. `totals` has one entry a currency (never add currencies
    together) over the known balances only: `assets`, `owed` (positive) and `net`, all null where none is known, and how
    many accounts are `known` and `unknown`. `status` is "no_accounts" if the user has none of this kind.
    """
    wanted = arguments.account_type
    accounts = [row for row in await context.rows.fetch("accounts") if wanted in ("all", row["type"])]
    return {
        "status": "ok" if accounts else "no_accounts",
        "account_type": wanted,
        "accounts": [present(account) for account in accounts],
        "totals": [add_up(same[0]["currency"], same) for same in by_currency(accounts)],
    }


def present(account: Mapping[str, Any]) -> dict[str, Any]:
    balance, day = account["balance"], account["balance_as_of"]
    return {
        "name": account["name"],
        "type": account["type"],
        "number_last4": account["number_last4"],
        "currency": account["currency"],
        "balance": None if balance is None else amount_text(balance, account["currency"]),
        "as_of": None if day is None else day.isoformat(),
        "status": "unknown" if balance is None else "known",
    }


def add_up(currency: str, accounts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Sums over the known balances of one currency; no sum at all where none is known."""
    known = [account["balance"] for account in accounts if account["balance"] is not None]
    assets = sum((balance for balance in known if balance > 0), Decimal())
    owed = -sum((balance for balance in known if balance < 0), Decimal())
    return {
        "currency": currency,
        "assets": amount_text(assets, currency) if known else None,
        "owed": amount_text(owed, currency) if known else None,
        "net": amount_text(assets - owed, currency) if known else None,
        "known": len(known),
        "unknown": len(accounts) - len(known),
    }


TOOL = Tool(
    account_balances_query,
    returns_untrusted_text=True,
    examples=(
        "What is my account balance?",
        "How much money do I have?",
        "How much is in my savings account?",
        "What do I owe on my credit card?",
        "Show all my accounts",
        "How much cash do I have in checking?",
    ),
)
