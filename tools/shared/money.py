"""Amounts of money as a model reads them: exact decimal numbers in strings, with the decimals of their currency, one currency
at a time."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import groupby
from typing import Any

from graph.tool import Row, ToolError
from graph.values.currencies import decimal_places, round_amount

AMOUNT_DECIMALS = 8
"""That an argument may have; how many its currency has is seen by `check_decimals`."""


def amount_text(amount: Decimal, currency: str | None) -> str:
    """An amount with the decimals of its currency: `-12.50`, in yen `-1250`."""
    return f"{amount:.{decimal_places(currency)}f}"


def check_decimals(currency: str | None, *amounts: Decimal | None) -> None:
    """See that amounts have no more decimals than their currency.

    Raises:
        ToolError: one has.
    """
    for amount in amounts:
        if amount is not None and amount != round_amount(amount, currency):
            decimals = decimal_places(currency)
            name = currency or "an amount without a currency"
            raise ToolError(f"{name} has {decimals or 'no'} decimals: {amount:f}. Ask for the exact amount.")


def percent_text(part: Decimal, whole: Decimal) -> str:
    """How much of the whole a part is, in percent with one decimal; 0.0 unless both are positive."""
    if part <= 0 or whole <= 0:
        return "0.0"
    return f"{100 * part / whole:.1f}"


def by_currency(rows: Iterable[Row]) -> list[list[Row]]:
    """The rows of each currency together, the currencies in order; rows of one currency stay in theirs."""

    def currency(row: Row) -> str:
        return str(row["currency"])

    return [list(same) for _, same in groupby(sorted(rows, key=currency), currency)]


def flow_totals(sums: Mapping[str, Any]) -> dict[str, Any]:
    """The totals of one currency.

    Args:
        sums: `currency`, `matches`, and as Decimals `income`, `spent_gross` and `refunds` (both positive).

    Returns:
        `spent_net` is spending less refunds, `net` is income less `spent_net`; transfers are in neither.
    """
    currency, spent_net = sums["currency"], sums["spent_gross"] - sums["refunds"]
    return {
        "currency": currency,
        "count": sums["matches"],
        "income": amount_text(sums["income"], currency),
        "spent_gross": amount_text(sums["spent_gross"], currency),
        "refunds": amount_text(sums["refunds"], currency),
        "spent_net": amount_text(spent_net, currency),
        "net": amount_text(sums["income"] - spent_net, currency),
    }
