"""Draws income and spending by month."""

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from pydantic import Field

from graph.tool import DISPLAY, SUMMARY, Row, Tool, ToolContext
from graph.values.months import add_months, last_day
from tools.rendering.chart import Chart, ChartSeries
from tools.rendering.render import store_chart
from tools.shared.categories import category_filter
from tools.shared.chart_currency import ChartArguments, choose_currency
from tools.shared.flows import NO_FLOW, flow_totals, net_spending, sum_flows
from tools.shared.money import amount_text
from tools.shared.months import parse_month
from tools.shared.sentences.charts import left_out_sentence, missing_chart_sentences
from tools.shared.sentences.flows import totals_sentences
from tools.shared.sentences.wording import Wording, summarized


class ChartByMonth(ChartArguments):
    months: int = Field(12, description="Months, with the current one.", ge=2, le=36)
    category: str | None = Field(None, description="Only this category, by name.", max_length=100)


async def chart_by_month(arguments: ChartByMonth, context: ToolContext) -> dict[str, Any]:
    """Draw a chart of the user's income and spending for each of the last months, or of one category. The user sees it
    beside your answer.

    Use it for trends over months. The picture is shown to the user beside your answer. `months` holds what the columns
    show, the oldest first: `income`, `spent` (refunds taken off) and `net`; a month without transactions is there with
    0.00, and `complete` is false for the current month, which is not over: do not call it a fall. `totals` is exact over
    all months. `status` is "no_rows" if there is nothing to draw, "ambiguous" if several `currencies` have rows and none is
    the user's main one: ask which.
    """
    last = context.today.replace(day=1)
    first = add_months(last, 1 - arguments.months)
    categories = await category_filter(arguments.category, context.rows)
    groups = await context.rows.fetch("month_sums", start_date=first, end_date=last_day(last), categories=categories)
    chosen = choose_currency(groups, arguments.currency, context.profile.currency)
    head = {
        "filters": arguments.as_filters() | ({"category": categories[0]} if categories else {}),
        **chosen.result_fields,
    }
    if not chosen.currency:
        return summarized(head | {"months": []}, chart_sentences, context)
    own = [group for group in groups if group["currency"] == chosen.currency]
    rows = month_rows(own, first, arguments.months, last, chosen.currency)
    totals = [flow_totals(sum_flows(chosen.currency, own))]
    result = summarized(head | {"totals": totals, "months": rows}, chart_sentences, context)
    series = [
        ChartSeries("Income", [row["income"] for row in rows]),
        ChartSeries("Spent", [row["spent"] for row in rows]),
    ]
    chart = Chart(
        title=f"{categories[0] if categories else 'Income and spending'} by month",
        kind="columns",
        currency=chosen.currency,
        labels=[row["month"] for row in rows],
        series=[line for line in series if any(Decimal(amount) for amount in line.amounts)] or series[1:],
    )
    name = f"by-month-{context.today}"
    return result | {DISPLAY: await store_chart(chart, name, context.files, result[SUMMARY])}


def month_rows(
    groups: Sequence[Row], first: dt.date, count: int, current: dt.date, currency: str
) -> list[dict[str, Any]]:
    """A row for each month of one currency, also for months without transactions."""
    found = {group["month"]: group for group in groups}
    rows = []
    for month in (add_months(first, number) for number in range(count)):
        group = found.get(month, NO_FLOW)
        spent = net_spending(group)
        rows.append(
            {
                "month": f"{month:%Y-%m}",
                "count": group["matches"],
                "income": amount_text(group["income"], currency),
                "spent": amount_text(spent, currency),
                "net": amount_text(group["income"] - spent, currency),
                "complete": month < current,
            }
        )
    return rows


def chart_sentences(result: Row, wording: Wording) -> Iterator[str]:
    filters = {"category": result["filters"].get("category"), "type": "all"}
    if not result["months"]:
        yield from missing_chart_sentences(
            result, f"I found nothing to draw in the last {result['filters']['months']} months."
        )
        return
    first, last = (parse_month(result["months"][place]["month"]) for place in (0, -1))
    period = {"start_date": first.isoformat(), "end_date": last_day(last).isoformat()}
    what = f"spending on {filters['category']}" if filters["category"] else "spending and income"
    yield f"The chart shows your {what} month by month {wording.months(first, last)}."
    yield from totals_sentences(result["totals"], filters | period, wording)
    dearest = max(result["months"], key=lambda month: Decimal(month["spent"]))
    if Decimal(dearest["spent"]) > 0:
        spent = wording.money(dearest["spent"], result["currency"])
        yield f"Most was spent in {wording.month(dearest['month'])}, with {spent}."
    yield left_out_sentence(result)


TOOL = Tool(
    chart_by_month,
    max_calls_per_minute=10,
    examples=(
        "Show me a chart of my spending by month",
        "Draw my monthly income against my monthly spending",
        "Draw a graph of my groceries month by month",
        "Can I see a chart of my spending in each month?",
        "Graph the last 6 months of income and spending",
        "Make a monthly chart of what I spend on dining",
    ),
)
