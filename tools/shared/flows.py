"""Sums of transactions: income, spending and refunds of one currency."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from graph.tool import Row
from tools.shared.arguments import PeriodArguments
from tools.shared.money import amount_text

AMOUNT_COLUMNS = ("income", "spent_gross", "refunds")
"""The amounts that a query adds up for each group of transactions; all are positive."""

NO_FLOW: Row = {"matches": 0} | dict.fromkeys(AMOUNT_COLUMNS, Decimal())
"""The sums of a group without transactions."""


def sum_flows(currency: str, groups: Iterable[Row]) -> dict[str, Any]:
    """The sums over groups of one currency: `currency`, `matches` and the amounts."""
    total = dict(NO_FLOW)
    for group in groups:
        for column in total:
            total[column] += group[column]
    return {"currency": currency, **total}


def net_spending(group: Row) -> Decimal:
    """Spending less refunds."""
    spending: Decimal = group["spent_gross"] - group["refunds"]
    return spending


def category_amount(group: Row) -> Decimal:
    """What a category comes to: its income, or its spending less refunds."""
    amount: Decimal = group["income"] + net_spending(group)
    return amount


def flow_totals(sums: Row) -> dict[str, Any]:
    """The totals of one currency as results hold them.

    Args:
        sums: `currency`, `matches` and the amounts.

    Returns:
        `spent_net` is spending less refunds, `net` is income less `spent_net`; transfers are in neither.
    """
    currency, spent_net = sums["currency"], net_spending(sums)
    return {
        "currency": currency,
        "count": sums["matches"],
        "income": amount_text(sums["income"], currency),
        "spent_gross": amount_text(sums["spent_gross"], currency),
        "refunds": amount_text(sums["refunds"], currency),
        "spent_net": amount_text(spent_net, currency),
        "net": amount_text(sums["income"] - spent_net, currency),
    }


def flow_filters(
    arguments: PeriodArguments, categories: Sequence[str] | None, merchant: str | None = None
) -> dict[str, Any]:
    """The filters that were applied. The merchant's name has a field of its own name, so that it is masked."""
    given = arguments.model_dump(mode="json", exclude_none=True, exclude={"category", "merchant", "months", "limit"})
    return (
        given
        | ({"category": categories[0]} if categories else {})
        | ({"merchant_contains": merchant} if merchant else {})
    )
