"""Amounts of money as results hold them: exact decimal strings with the decimals of their currency."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from graph.tool import Row, ToolError
from graph.values.currencies import decimal_places, round_amount

MAX_DECIMALS = 8
"""The most decimals of an argument; `check_decimals` applies the limit of its currency."""


def amount_text(amount: Decimal, currency: str | None) -> str:
    """An amount with the decimals of its currency: `-12.50`, in yen `-1250`."""
    return f"{amount:.{decimal_places(currency)}f}"


def check_decimals(currency: str | None, *amounts: Decimal | None) -> None:
    """Check that amounts have no more decimals than their currency.

    Raises:
        ToolError: an amount has more.
    """
    for amount in amounts:
        if amount is not None and amount != round_amount(amount, currency):
            decimals = decimal_places(currency)
            name = currency or "an amount without a currency"
            raise ToolError(f"{name} has {decimals or 'no'} decimals: {amount:f}. Ask for the exact amount.")


def percent_text(part: Decimal, whole: Decimal) -> str:
    """The share of a part in the whole, in percent with one decimal; 0.0 unless both are positive."""
    if part <= 0 or whole <= 0:
        return "0.0"
    return f"{100 * part / whole:.1f}"


def by_currency(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """The rows of each currency, with the currencies in alphabetical order and each one's rows in the given order."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row["currency"], []).append(row)
    return dict(sorted(groups.items()))


def balance_totals(currency: str, balances: Sequence[Decimal]) -> dict[str, Any]:
    """Sums over the known balances of one currency; the amounts are None if no balance is known.

    Args:
        currency: the currency of the balances.
        balances: the known balances; owed amounts are negative.
    """
    assets = sum((balance for balance in balances if balance > 0), Decimal())
    owed = -sum((balance for balance in balances if balance < 0), Decimal())
    return {
        "currency": currency,
        "assets": amount_text(assets, currency) if balances else None,
        "owed": amount_text(owed, currency) if balances else None,
        "net": amount_text(assets - owed, currency) if balances else None,
        "known": len(balances),
    }
