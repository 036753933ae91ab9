"""What the tools that add up spending share."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from graph.tool import Row, Rows
from tools.shared.arguments import Period
from tools.shared.categories import resolve_categories

SUMS = ("matches", "income", "spent_gross", "refunds")
CATEGORY = "Only this category, by name; leave out for all."


async def resolved(category: str | None, rows: Rows) -> list[str] | None:
    return await resolve_categories([category], rows) if category else None


def add_up(groups: Sequence[Row], months: set[dt.date] | None = None) -> dict[str, Any]:
    """The sums of groups of one currency, of all or of those in some months."""
    counted = [group for group in groups if months is None or group["month"] in months]
    return {"currency": groups[0]["currency"]} | {
        name: sum((group[name] for group in counted), 0 if name == "matches" else Decimal()) for name in SUMS
    }


def echo(arguments: Period, categories: Sequence[str] | None) -> dict[str, Any]:
    """The filters that were applied; the words to look for have a name of their own, so that they are masked."""
    given = arguments.model_dump(mode="json", exclude_none=True, exclude={"category", "merchant", "months", "limit"})
    merchant = getattr(arguments, "merchant", None)
    return (
        given
        | ({"category": categories[0]} if categories else {})
        | ({"merchant_contains": merchant} if merchant else {})
    )
