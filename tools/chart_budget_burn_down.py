"""Draws the rest of a budget day by day."""

import datetime as dt
import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from pydantic import Field

from graph.tool import DISPLAY, SUMMARY, Row, Tool, ToolContext, ToolError
from graph.values.currencies import round_amount
from graph.values.months import last_day
from tools.rendering.chart import Chart, ChartSeries
from tools.rendering.render import store_chart
from tools.shared.categories import category_filter
from tools.shared.chart_currency import ChartArguments, choose_currency
from tools.shared.money import amount_text
from tools.shared.months import MONTH_PATTERN, parse_month
from tools.shared.sentences.charts import left_out_sentence, missing_chart_sentences
from tools.shared.sentences.wording import Wording, summarized


class ChartBudgetBurnDown(ChartArguments):
    category: str | None = Field(
        None, description="One category, by name; default: all budgets together.", max_length=100
    )
    month: str | None = Field(None, description="YYYY-MM; default: the current month.", pattern=MONTH_PATTERN)


async def chart_budget_burn_down(arguments: ChartBudgetBurnDown, context: ToolContext) -> dict[str, Any]:
    """Draw how much of a monthly budget was left on each day of a month, beside an even pace. The user sees it beside
    your answer.

    Use it when the user wants to see how a budget is going. The picture is shown to the user beside your answer.
    `budget`, `spent` (refunds taken off) and `left` stand for the whole month so far; `left` is negative when the budget
    is overspent. `days` holds what the lines show: `left` at the end of each day, and `even_pace`, what would be left if
    the same were spent every day. `status` is "unknown" if there is no budget on file for what was asked: say that, and do
    not invent one; "ambiguous" if there are budgets in several `currencies`: ask which.
    """
    first = parse_month(arguments.month) if arguments.month else context.today.replace(day=1)
    if first > context.today:
        raise ToolError("That month has not begun; ask for the current month or an earlier one.")
    end = min(last_day(first), context.today)
    categories = await category_filter(arguments.category, context.rows)
    found = await context.rows.fetch("budgets_with_days", start_date=first, end_date=end, categories=categories)
    chosen = choose_currency(found, arguments.currency, context.profile.currency, nothing="unknown")
    head = {"filters": arguments.as_filters() | {"month": f"{first:%Y-%m}"}, **chosen.result_fields}
    if not chosen.currency:
        return summarized(head | {"days": []}, chart_sentences, context)
    own = [row for row in found if row["currency"] == chosen.currency]
    result = summarized(head | burn_down(own, first, end, chosen.currency), chart_sentences, context)
    days = result["days"]
    chart = Chart(
        title=f"{categories[0] if categories else 'All budgets'}: left in {first:%Y-%m}",
        kind="lines",
        currency=chosen.currency,
        labels=[day["date"] for day in days],
        series=[
            ChartSeries("Left", [day["left"] for day in days]),
            ChartSeries("Even pace", [day["even_pace"] for day in days]),
        ],
    )
    return result | {DISPLAY: await store_chart(chart, f"budget-{first:%Y-%m}", context.files, result[SUMMARY])}


def burn_down(found: Sequence[Row], first: dt.date, end: dt.date, currency: str) -> dict[str, Any]:
    """The rest of the budgets of one currency at the end of each day of a month.

    Args:
        found: a row for each budget and day with spending; one row with a null day for a budget without spending.
        first: the first day of the month.
        end: the last day in the chart.
        currency: the currency of the budgets.
    """
    budgets = {row["category"]: row["monthly_amount"] for row in found}
    whole = sum(budgets.values(), Decimal())
    spent_on: dict[dt.date, Decimal] = defaultdict(Decimal)
    for row in found:
        if row["day"]:
            spent_on[row["day"]] += row["spent"]
    length = last_day(first).day
    dates = [first + dt.timedelta(days=number) for number in range((end - first).days + 1)]
    spent = list(itertools.accumulate(spent_on[date] for date in dates))
    return {
        "categories_budgeted": sorted(budgets),
        "budget": amount_text(whole, currency),
        "spent": amount_text(spent[-1], currency),
        "left": amount_text(whole - spent[-1], currency),
        "days": [
            {
                "date": date.isoformat(),
                "left": amount_text(whole - so_far, currency),
                "even_pace": amount_text(round_amount(whole * (length - date.day) / length, currency), currency),
            }
            for date, so_far in zip(dates, spent, strict=True)
        ],
    }


def chart_sentences(result: Row, wording: Wording) -> Iterator[str]:
    month = wording.month(result["filters"]["month"])
    category = result["filters"].get("category")
    if not result["days"]:
        subject = f" for {category}" if category else ""
        yield from missing_chart_sentences(result, f"There is no budget on file{subject} to draw.")
        return
    currency = result["currency"]
    budget, spent = (wording.money(result[name], currency) for name in ("budget", "spent"))
    left = wording.size(result["left"], currency)
    state = f"{left} over" if result["left"].startswith("-") else f"{left} left"
    categories = wording.listing(result["categories_budgeted"])
    yield f"The chart shows what is left day by day in {month} of the budget for {categories}."
    yield f"You have spent {spent} of {budget}: {state}."
    pace = wording.money(result["days"][-1]["even_pace"], currency)
    yield f"At an even pace {pace} would be left on {wording.day(result['days'][-1]['date'])}."
    yield left_out_sentence(result)


TOOL = Tool(
    chart_budget_burn_down,
    max_calls_per_minute=10,
    examples=(
        "Show me a chart of how much of my budget is left",
        "Draw a burn down of my groceries budget",
        "Can I see a graph of my budget for this month?",
        "Plot how fast I am using up my dining budget",
        "Chart all my budgets against an even pace",
        "Make a picture of my budget day by day",
    ),
)
