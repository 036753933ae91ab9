"""Debts as results hold them."""

import datetime as dt
from decimal import Decimal
from typing import Any

from graph.tool import Row, ToolError
from tools.shared.interest import monthly_interest
from tools.shared.money import amount_text

MAX_DEBTS = 40
"""The most debts in a result and in a plan."""


def debt_result(debt: Row) -> dict[str, Any]:
    grown = monthly_interest(debt["balance"], debt["annual_rate_percent"], debt["currency"])
    return debt_state(debt) | {
        "id": str(debt["id"]),
        "kind": debt["kind"],
        "account": debt["account"],
        "interest_next_month": amount_text(grown, debt["currency"]),
        "minimum_below_interest": is_growing(debt),
    }


def debt_state(debt: Row) -> dict[str, Any]:
    return {
        "name": debt["name"],
        "currency": debt["currency"],
        "balance": amount_text(debt["balance"], debt["currency"]),
        "annual_rate_percent": rate_text(debt["annual_rate_percent"]),
        "minimum_payment": amount_text(debt["minimum_payment"], debt["currency"]),
        "as_of": debt["as_of"].isoformat(),
    }


def rate_text(rate: Decimal) -> str:
    """A rate in percent with two decimals, or four if it has more than two."""
    return f"{rate:.2f}" if rate == round(rate, 2) else f"{rate:.4f}"


def is_growing(debt: Row) -> bool:
    grown = monthly_interest(debt["balance"], debt["annual_rate_percent"], debt["currency"])
    return bool(debt["balance"] and debt["minimum_payment"] <= grown)


def check_as_of(day: dt.date | None, today: dt.date) -> None:
    if day and day > today:
        raise ToolError("as_of is in the future; a balance is of today or an earlier day.")
