"""Adds transactions up by category."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any, Literal

from pydantic import Field

from graph.tool import Tool, ToolContext
from tools.shared.arguments import Period
from tools.shared.money import amount_text, flow_totals, percent_text


class TransactionCategoryTotals(Period):
    type: Literal["expense", "income", "all"] = Field(
        "expense", description="expense: spending less its refunds; income; or all for both, apart from each other."
    )


async def transaction_category_totals(arguments: TransactionCategoryTotals, context: ToolContext) -> dict[str, Any]:
    """Break the user's spending or income of a period down by category, largest first.

    Use it for "where does my money go", for the biggest categories and for comparing them. Each entry of `categories`
    is one category in one currency: `count` transactions, `total`, and `share_percent`, its part of all positive totals
    of the same type and currency. For spending, `total` is `spent_gross` less `refunds`; it is negative, with a share
    of 0.0, where more came back than was paid. `totals` sums each currency exactly; never add currencies together.
    Moves between the user's own accounts are not counted. `status` is "no_rows" if the period holds nothing: then say
    so, and do not guess.
    """
    arguments.check_period()
    groups = await context.rows.fetch(
        "category_totals",
        start_date=arguments.start_date,
        end_date=arguments.end_date,
        flow=None if arguments.type == "all" else arguments.type,
    )
    return {
        "status": "ok" if groups else "no_rows",
        "filters": echo(arguments),
        "totals": [flow_totals(add_up(same)) for same in split(groups, "currency")],
        "categories": [entry for same in split(groups, "currency", "flow") for entry in rank(same)],
    }


def split(groups: Iterable[Mapping[str, Any]], *names: str) -> list[list[Mapping[str, Any]]]:
    """The groups that agree in these columns, together."""

    def key(group: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(group[name] for name in names)

    return [list(same) for _, same in groupby(sorted(groups, key=key), key)]


def add_up(groups: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The sums of groups of one currency."""
    sums = {name: sum(group[name] for group in groups) for name in ("matches", "income", "spent_gross", "refunds")}
    return {"currency": groups[0]["currency"], **sums}


def total(group: Mapping[str, Any]) -> Decimal:
    """What was earned in an income category, or spent in another, refunds taken off."""
    amount: Decimal = group["income"] + group["spent_gross"] - group["refunds"]
    return amount


def rank(groups: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The categories of one currency and type, the largest total first."""
    whole = sum((max(total(group), Decimal()) for group in groups), Decimal())
    ordered = sorted(groups, key=lambda group: (-total(group), group["category"]))
    return [present(group, whole) for group in ordered]


def present(group: Mapping[str, Any], whole: Decimal) -> dict[str, Any]:
    currency = group["currency"]
    entry = {
        "category": group["category"],
        "type": group["flow"],
        "currency": currency,
        "count": group["matches"],
        "total": amount_text(total(group), currency),
        "share_percent": percent_text(total(group), whole),
    }
    if group["flow"] == "expense":
        entry |= {
            "spent_gross": amount_text(group["spent_gross"], currency),
            "refunds": amount_text(group["refunds"], currency),
        }
    return entry


def echo(arguments: TransactionCategoryTotals) -> dict[str, Any]:
    return arguments.model_dump(mode="json", exclude_none=True)


TOOL = Tool(
    transaction_category_totals,
    examples=(
        "Where does my money go?",
        "What are my biggest spending categories this year?",
        "Break down my spending by category for last month",
        "What share of my expenses is rent and bills?",
        "How much do I spend on each category?",
        "Which category did I spend the most on this summer?",
        "Where does my income come from?",
    ),
)
