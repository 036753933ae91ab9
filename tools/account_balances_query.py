"""Returns the balances of the user's accounts."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from graph.tool import Row, Tool, ToolContext
from tools.shared.arguments import ToolArguments
from tools.shared.money import amount_text, balance_totals, by_currency


class AccountBalancesQuery(ToolArguments):
    account_type: Literal["checking", "savings", "credit", "investment", "all"] = Field(
        "all", description="Kind of account."
    )


async def account_balances_query(arguments: AccountBalancesQuery, context: ToolContext) -> dict[str, Any]:
    """Tell the balances of the user's accounts: each with its currency and the day it was reported. A balance of null is
    unknown.

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
        "accounts": [account_result(account) for account in accounts],
        "totals": [account_totals(currency, same) for currency, same in by_currency(accounts).items()],
    }


def account_result(account: Row) -> dict[str, Any]:
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


def account_totals(currency: str, accounts: Sequence[Row]) -> dict[str, Any]:
    """Sums over the known balances of one currency, and how many balances are unknown."""
    known = [account["balance"] for account in accounts if account["balance"] is not None]
    return balance_totals(currency, known) | {"unknown": len(accounts) - len(known)}


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
