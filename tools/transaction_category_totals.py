"""Adds transactions up by category."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any, Literal

from pydantic import Field

from graph.tool import Row, Tool, ToolContext
from tools.shared.arguments import PeriodArguments
from tools.shared.display import table
from tools.shared.flows import category_amount, flow_totals, sum_flows
from tools.shared.money import amount_text, by_currency, percent_text
from tools.shared.sentences.flows import main_first, nothing_found, totals_sentences
from tools.shared.sentences.wording import Wording, summarized


class TransactionCategoryTotals(PeriodArguments):
    type: Literal["expense", "income", "all"] = Field("expense", description="expense: less refunds; all: both, apart.")


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
    categories = [entry for same in by_currency_and_flow(groups) for entry in rank_categories(same)]
    result = {
        "status": "ok" if groups else "no_rows",
        "filters": arguments.as_filters(),
        "totals": [flow_totals(sum_flows(currency, same)) for currency, same in by_currency(groups).items()],
        "categories": categories,
        **table("By category", ("category", "type", "currency", "count", "total", "share_percent"), categories),
    }
    return summarized(result, category_sentences, context)


def by_currency_and_flow(groups: Iterable[Row]) -> list[list[Row]]:
    """The groups of each currency and flow."""

    def key(group: Row) -> tuple[str, str]:
        return group["currency"], group["flow"]

    return [list(same) for _, same in groupby(sorted(groups, key=key), key)]


def rank_categories(groups: Sequence[Row]) -> list[dict[str, Any]]:
    """The categories of one currency and type, the largest total first."""
    whole = sum((max(category_amount(group), Decimal()) for group in groups), Decimal())
    ordered = sorted(groups, key=lambda group: (-category_amount(group), group["category"]))
    return [category_result(group, whole) for group in ordered]


def category_result(group: Row, whole: Decimal) -> dict[str, Any]:
    currency = group["currency"]
    entry = {
        "category": group["category"],
        "type": group["flow"],
        "currency": currency,
        "count": group["matches"],
        "total": amount_text(category_amount(group), currency),
        "share_percent": percent_text(category_amount(group), whole),
    }
    if group["flow"] == "expense":
        entry |= {
            "spent_gross": amount_text(group["spent_gross"], currency),
            "refunds": amount_text(group["refunds"], currency),
        }
    return entry


def category_sentences(result: Row, wording: Wording) -> Iterator[str]:
    filters = result["filters"]
    if not result["categories"]:
        yield nothing_found(filters, wording)
        return
    yield from totals_sentences(result["totals"], filters, wording)
    entries = main_first(result["categories"], result["totals"])
    listed = [category_phrase(entry, filters["type"] == "all", wording) for entry in entries]
    yield f"{'The only category is' if len(listed) == 1 else 'The largest categories are'} {wording.listing(listed)}."


def category_phrase(entry: Row, with_type: bool, wording: Wording) -> str:
    kind = {"expense": "spent, ", "income": "received, "}[entry["type"]] if with_type else ""
    total, share = wording.money(entry["total"], entry["currency"]), wording.percent(entry["share_percent"])
    return f"{entry['category']} with {total} ({kind}{share})"


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
