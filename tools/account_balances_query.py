"""Returns the balances of the user's accounts."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from graph.tool import Row, Tool, ToolContext
from tools.shared.arguments import ToolArguments
from tools.shared.display import table
from tools.shared.money import amount_text, balance_totals, by_currency
from tools.shared.sentences.lists import join_names
from tools.shared.sentences.wording import Wording, summarized

MAX_NAMED_ACCOUNTS = 8
"""The most accounts that the summary names with their balances."""


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
    listed = [account_result(account) for account in accounts]
    result = {
        "status": "ok" if accounts else "no_accounts",
        "account_type": wanted,
        "accounts": listed,
        "totals": [account_totals(currency, same) for currency, same in by_currency(accounts).items()],
        **table("Accounts", ("name", "type", "number_last4", "currency", "balance", "as_of"), listed),
    }
    return summarized(result, balance_sentences, context)


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


def balance_sentences(result: Row, wording: Wording) -> Iterator[str]:
    accounts, wanted = result["accounts"], result["account_type"]
    kind = "" if wanted == "all" else f"{wanted} "
    if not accounts:
        yield f"There are no {kind}accounts in your records."
        return
    known = [account for account in accounts if account["balance"] is not None]
    unknown = [account_name(account) for account in accounts if account["balance"] is None]
    if known:
        yield known_sentence(known, wording)
    if len(known) > 1:
        totals = [total_phrase(total, wording) for total in result["totals"] if total["net"] is not None]
        yield f"Together that is {join_names(totals)}."
    if unknown:
        many = len(unknown) > 1
        yield f"The {'balances' if many else 'balance'} of {wording.listing(unknown)} {'are' if many else 'is'} unknown."


def known_sentence(accounts: Sequence[Row], wording: Wording) -> str:
    """The known balances: what is held, then what is owed."""
    days = {account["as_of"] for account in accounts}
    day = days.pop() if len(days) == 1 else None
    held, owed = (
        [account_phrase(account, wording, with_day=day is None) for account in accounts if is_owed(account) is wanted]
        for wanted in (False, True)
    )
    parts = [f"have {wording.listing(held, limit=MAX_NAMED_ACCOUNTS)}"] if held else []
    parts += [f"owe {wording.listing(owed, limit=MAX_NAMED_ACCOUNTS)}"] if owed else []
    return f"{f'As of {wording.day(day)} you' if day else 'You'} {', and '.join(parts)}."


def is_owed(account: Row) -> bool:
    return bool(account["balance"].startswith("-"))


def account_phrase(account: Row, wording: Wording, *, with_day: bool) -> str:
    money = wording.size(account["balance"], account["currency"])
    day = f" (as of {wording.day(account['as_of'])})" if with_day and account["as_of"] else ""
    return f"{money} {'on' if is_owed(account) else 'in'} {account_name(account)}{day}"


def account_name(account: Row) -> str:
    return f"{account['name']} ending in {account['number_last4']}" if account["number_last4"] else str(account["name"])


def total_phrase(total: Row, wording: Wording) -> str:
    net, assets, owed = (wording.money(total[name], total["currency"]) for name in ("net", "assets", "owed"))
    return f"{net} net ({assets} held and {owed} owed)" if Decimal(total["owed"]) else net


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
