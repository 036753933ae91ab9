"""Adds up the user's accounts and debts."""

from collections.abc import Iterator, Sequence
from typing import Any

from graph.tool import Row, Tool, ToolContext
from tools.shared.arguments import ToolArguments
from tools.shared.display import table
from tools.shared.money import amount_text, balance_totals, by_currency
from tools.shared.sentences.lists import is_are, join_names
from tools.shared.sentences.wording import Wording, summarized

METHOD = (
    "Known account balances (what is owed on them is negative) less the debts on file; a debt that is linked to an account "
    "with a known balance counts as that account only."
)
MAX_ITEMS = 60
"""The most accounts and debts in a result."""


class NetWorth(ToolArguments):
    pass


async def net_worth(arguments: NetWorth, context: ToolContext) -> dict[str, Any]:
    """Tell the user's net worth as far as it is known: accounts and debts, in each currency.

    Use it for "what am I worth" and "assets and debts together". `totals` has one entry a currency (never add currencies
    together): `assets`, `owed` (positive) and `net`, null where nothing is known, `oldest_day`, the oldest day of a figure
    in it, and `unknown_accounts`, how many have no balance on file: say that these are missing and never estimate them.
    `may_count_twice` is true where a card account and a card debt stand beside each other unlinked: say so. `status` is
    "unknown" if no figure is known, and "no_rows" if there are no accounts and no debts.
    """
    items = assets_and_debts(await context.rows.fetch("accounts"), await context.rows.fetch("debts"))
    known = any(item["balance"] is not None for item in items)
    listed = [item_result(item) for item in items[:MAX_ITEMS]]
    result = {
        "status": "ok" if known else "unknown" if items else "no_rows",
        "method": METHOD,
        "matches": len(items),
        "totals": [net_worth_totals(currency, same) for currency, same in by_currency(items).items()],
        "items": listed,
        **table("Net worth", ("name", "kind", "currency", "balance", "as_of"), listed),
    }
    return summarized(result, net_worth_sentences, context)


def assets_and_debts(accounts: Sequence[Row], debts: Sequence[Row]) -> list[Row]:
    """Accounts and debts as items. Owed amounts are negative, unknown ones None. Debts that an account includes are omitted."""
    shown_by = {account["id"] for account in accounts if account["balance"] is not None}
    return [
        *(
            {
                "name": account["name"],
                "kind": account["type"],
                "currency": account["currency"],
                "balance": account["balance"],
                "as_of": account["balance_as_of"],
            }
            for account in accounts
        ),
        *(
            {
                "name": debt["name"],
                "kind": debt["kind"],
                "currency": debt["currency"],
                "balance": -debt["balance"],
                "as_of": debt["as_of"],
            }
            for debt in debts
            if debt["account_id"] not in shown_by and debt["balance"]
        ),
    ]


def net_worth_totals(currency: str, items: Sequence[Row]) -> dict[str, Any]:
    known = [item for item in items if item["balance"] is not None]
    kinds = {item["kind"] for item in known if item["balance"] < 0}
    return balance_totals(currency, [item["balance"] for item in known]) | {
        "unknown_accounts": len(items) - len(known),
        "oldest_day": min(item["as_of"] for item in known).isoformat() if known else None,
        "may_count_twice": {"credit", "credit_card"} <= kinds,
    }


def item_result(item: Row) -> dict[str, Any]:
    balance, day = item["balance"], item["as_of"]
    return {
        "name": item["name"],
        "kind": item["kind"],
        "currency": item["currency"],
        "balance": None if balance is None else amount_text(balance, item["currency"]),
        "as_of": None if day is None else day.isoformat(),
    }


def net_worth_sentences(result: Row, wording: Wording) -> Iterator[str]:
    if result["status"] == "no_rows":
        yield "There are no accounts and no debts in your records."
        return
    known = [total for total in result["totals"] if total["net"] is not None]
    if not known:
        yield f"Your net worth is unknown: none of your {wording.count(result['matches'], 'account')} has a balance on file."
        return
    nets = [
        "{} ({} held less {} owed)".format(
            *(wording.money(total[name], total["currency"]) for name in ("net", "assets", "owed"))
        )
        for total in known
    ]
    yield f"Your net worth is {join_names(nets)}, as far as it is known."
    yield f"The oldest figure in it is of {wording.day(min(total['oldest_day'] for total in known))}."
    missing = sum(total["unknown_accounts"] for total in result["totals"])
    if missing:
        yield f"{wording.count(missing, 'account').capitalize()} without a known balance {is_are(missing)} not counted."
    if any(total["may_count_twice"] for total in known):
        yield "A card may be counted twice, as an account and as a debt."


TOOL = Tool(
    net_worth,
    returns_untrusted_text=True,
    examples=(
        "What is my net worth?",
        "What am I worth all in all?",
        "Work out my net worth with my debts",
        "What are my assets and liabilities?",
        "Am I worth more than I owe?",
        "Add up everything I own and owe",
        "What is left if I paid off all my debts?",
    ),
)
