"""Amounts of money as a model reads them: exact decimal numbers in strings, two places, one currency at a time."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any


def amount_text(amount: Decimal) -> str:
    """An amount with its cents: `-12.50`."""
    return f"{amount:.2f}"


def percent_text(part: Decimal, whole: Decimal) -> str:
    """How much of the whole a part is, in percent with one decimal; 0.0 unless both are positive."""
    if part <= 0 or whole <= 0:
        return "0.0"
    return f"{100 * part / whole:.1f}"


def flow_totals(sums: Mapping[str, Any]) -> dict[str, Any]:
    """The totals of one currency.

    Args:
        sums: `currency`, `matches`, and as Decimals `income`, `spent_gross` and `refunds` (both positive).

    Returns:
        `spent_net` is spending less refunds, `net` is income less `spent_net`; transfers are in neither.
    """
    spent_net = sums["spent_gross"] - sums["refunds"]
    return {
        "currency": sums["currency"],
        "count": sums["matches"],
        "income": amount_text(sums["income"]),
        "spent_gross": amount_text(sums["spent_gross"]),
        "refunds": amount_text(sums["refunds"]),
        "spent_net": amount_text(spent_net),
        "net": amount_text(sums["income"] - spent_net),
    }
