"""Draws spending or income by category."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from graph.tool import DISPLAY, SUMMARY, Row, Tool, ToolContext
from tools.rendering.chart import Chart, ChartSeries
from tools.rendering.render import store_chart
from tools.shared.arguments import PeriodArguments
from tools.shared.chart_currency import ChartArguments, choose_currency
from tools.shared.flows import category_amount, flow_totals, sum_flows
from tools.shared.money import amount_text, percent_text
from tools.shared.sentences.charts import left_out_sentence, missing_chart_sentences
from tools.shared.sentences.flows import nothing_found, scope_of, totals_sentences
from tools.shared.sentences.wording import Wording, summarized

MAX_BARS = 12
"""The most bars. The smallest categories share the last bar."""
OTHERS = "All others"


class ChartByCategory(PeriodArguments, ChartArguments):
    type: Literal["expense", "income"] = Field("expense", description="expense: less refunds.")


async def chart_by_category(arguments: ChartByCategory, context: ToolContext) -> dict[str, Any]:
    """Draw a bar chart of the user's spending or income by category over a period. The user sees it beside your answer.

    Use it when the user asks for a chart, graph or picture of categories; without a picture transaction_category_totals
    says the same. The picture is shown to the user beside your answer: do not describe how to open it, say in a sentence
    what stands out. `categories` holds what the bars show, the largest first; "All others" is the sum of the smaller ones.
    `total` is spending less refunds, and `totals` is exact over the period. `status` is "no_rows" if there is nothing to
    draw, and "ambiguous" if several `currencies` have rows and none is the user's main one: ask which. Other currencies
    with rows are in `other_currencies`.
    """
    arguments.check_period()
    groups = await context.rows.fetch(
        "category_totals", start_date=arguments.start_date, end_date=arguments.end_date, flow=arguments.type
    )
    chosen = choose_currency(groups, arguments.currency, context.profile.currency)
    head = {"filters": arguments.as_filters(), **chosen.result_fields}
    if not chosen.currency:
        return summarized(head | {"categories": []}, chart_sentences, context)
    own = [group for group in groups if group["currency"] == chosen.currency]
    bars = category_bars(own)
    totals = [flow_totals(sum_flows(chosen.currency, own))]
    result = summarized(head | {"totals": totals, "categories": bars}, chart_sentences, context)
    what = "Spending" if arguments.type == "expense" else "Income"
    chart = Chart(
        title=f"{what} by category{period_suffix(arguments)}",
        kind="bars",
        currency=chosen.currency,
        labels=[bar["category"] for bar in bars],
        series=[ChartSeries(what, [bar["total"] for bar in bars])],
    )
    name = f"{what.lower()}-by-category-{context.today}"
    return result | {DISPLAY: await store_chart(chart, name, context.files, result[SUMMARY])}


def category_bars(groups: Sequence[Row]) -> list[dict[str, Any]]:
    """The bars of one currency and type, the largest total first; the smallest categories share the last bar."""
    ordered = sorted(groups, key=lambda group: (-category_amount(group), group["category"]))
    entries = [(group["category"], group["matches"], category_amount(group)) for group in ordered]
    if len(entries) > MAX_BARS:
        rest = entries[MAX_BARS - 1 :]
        entries = [
            *entries[: MAX_BARS - 1],
            (OTHERS, sum(count for _, count, _ in rest), sum((amount for *_, amount in rest), Decimal())),
        ]
    whole = sum((max(category_amount(group), Decimal()) for group in groups), Decimal())
    currency = groups[0]["currency"] if groups else ""
    return [
        {
            "category": name,
            "currency": currency,
            "count": count,
            "total": amount_text(amount, currency),
            "share_percent": percent_text(amount, whole),
        }
        for name, count, amount in entries
    ]


def period_suffix(period: PeriodArguments) -> str:
    match period.start_date, period.end_date:
        case None, None:
            return ""
        case start, None:
            return f" since {start}"
        case None, end:
            return f" up to {end}"
        case start, end:
            return f", {start} to {end}"


def chart_sentences(result: Row, wording: Wording) -> Iterator[str]:
    filters = result["filters"]
    if not result["categories"]:
        yield from missing_chart_sentences(result, nothing_found(filters, wording))
        return
    bars = [
        f"{bar['category']} with {wording.money(bar['total'], bar['currency'])} ({wording.percent(bar['share_percent'])})"
        for bar in result["categories"]
    ]
    what = "spending" if filters["type"] == "expense" else "income"
    yield f"The chart shows your {what} by category{scope_of({**filters, 'currency': None}, wording)}: {wording.listing(bars)}."
    yield from totals_sentences(result["totals"], filters, wording)
    yield left_out_sentence(result)


TOOL = Tool(
    chart_by_category,
    max_calls_per_minute=10,
    examples=(
        "Show me a chart of my spending by category",
        "Draw a graph of where my money went last month",
        "Can I see a bar chart of my spending categories?",
        "Make a chart of my income by category",
        "Plot my spending categories for this year",
        "Chart my biggest categories since January",
    ),
)
