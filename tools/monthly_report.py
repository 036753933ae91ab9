"""Writes a PDF report of a month: totals, categories and merchants, compared with the month before."""

import asyncio
import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from pydantic import Field

from graph.tool import DISPLAY, Row, Tool, ToolContext, ToolError
from graph.values.months import add_months, last_day
from tools.rendering.chart import Chart, ChartSeries
from tools.rendering.document import PDF, DocumentPart, Grid, Heading, Note, Picture
from tools.rendering.file_storage import store_file
from tools.rendering.render import render_chart, render_pdf
from tools.shared.arguments import ToolArguments
from tools.shared.flows import NO_FLOW, net_spending, sum_flows
from tools.shared.money import amount_text, by_currency
from tools.shared.months import MONTH_PATTERN, parse_month
from tools.shared.sentences.lists import join_names
from tools.shared.sentences.wording import Wording, summarized

MAX_CATEGORIES = 15
MAX_MERCHANTS = 10
CHART_MONTHS = 6
OTHERS = "All others"
FLOWS = ("income", "spent", "net")


class MonthlyReport(ToolArguments):
    month: str | None = Field(None, description="YYYY-MM; default: the last that is over.", pattern=MONTH_PATTERN)


async def monthly_report(arguments: MonthlyReport, context: ToolContext) -> dict[str, Any]:
    """Make a report of one month as a PDF: income, spending, categories, merchants and charts, beside the month before.
    The user sees it beside your answer.

    Use it when the user asks for a report, an overview or a document of a month. The document is shown to the user beside
    your answer: sum it up in a few sentences, do not repeat its tables. `currencies` has one entry a currency (never add
    them together): `this_month`, `month_before` and their `change`, each with `income`, `spent` (refunds taken off) and
    `net`; `categories` with `spent`, `before` and `change`, the largest first; `merchants` on which most was spent.
    `complete` is false if the month is not over: then do not call less spending a saving. `status` is "no_rows" if the
    month holds nothing; then there is no document.
    """
    first = parse_month(arguments.month) if arguments.month else add_months(context.today.replace(day=1), -1)
    if first > context.today:
        raise ToolError("That month has not begun; ask for the current month or an earlier one.")
    before = add_months(first, -1)
    here, then = month_range(first), month_range(before)
    groups = await context.rows.fetch("category_totals", **here, flow=None)
    head = {
        "status": "ok" if groups else "no_rows",
        "month": f"{first:%Y-%m}",
        "compared_with": f"{before:%Y-%m}",
        "complete": last_day(first) < context.today,
    }
    if not groups:
        return summarized(head | {"currencies": []}, report_sentences, context)
    earlier = by_currency(await context.rows.fetch("category_totals", **then, flow=None))
    merchants = by_currency(await context.rows.fetch("top_merchants", **here, limit=MAX_MERCHANTS))
    oldest = add_months(first, 1 - CHART_MONTHS)
    months = await context.rows.fetch("month_sums", start_date=oldest, end_date=last_day(first), categories=None)
    result = head | {
        "currencies": [
            currency_section(currency, same, earlier.get(currency, []), merchants.get(currency, []))
            for currency, same in by_currency(groups).items()
        ]
    }
    title = f"Report of {first:%Y-%m}"
    content = await asyncio.to_thread(lambda: render_pdf(title, document_parts(result, months, oldest)))
    display = {"type": "document", "title": title, "media_type": PDF, "bytes": len(content)}
    file_id = await store_file(context.files, f"report-{first:%Y-%m}.pdf", PDF, content, "answer in words")
    return summarized(result, report_sentences, context) | {DISPLAY: display | {"file_id": file_id}}


def month_range(first: dt.date) -> dict[str, dt.date]:
    return {"start_date": first, "end_date": last_day(first)}


# The figures ----------------------------------------------------------------------------------------------------------


def currency_section(
    currency: str, groups: Sequence[Row], earlier: Sequence[Row], merchants: Sequence[Row]
) -> dict[str, Any]:
    """The part of the result for one currency."""
    now, then = flow_texts(groups, currency), flow_texts(earlier, currency)
    return {
        "currency": currency,
        "this_month": now,
        "month_before": then,
        "change": {name: amount_text(Decimal(now[name]) - Decimal(then[name]), currency) for name in FLOWS},
        "categories": category_comparison(groups, earlier, currency),
        "merchants": [
            {"merchant": row["merchant"], "count": row["matches"], "spent": amount_text(row["spent"], currency)}
            for row in merchants
        ],
    }


def flow_texts(groups: Iterable[Row], currency: str) -> dict[str, Any]:
    """Income, spending less refunds, and the difference, as text."""
    sums = sum_flows(currency, groups)
    spent = net_spending(sums)
    return {
        "count": sums["matches"],
        "income": amount_text(sums["income"], currency),
        "spent": amount_text(spent, currency),
        "net": amount_text(sums["income"] - spent, currency),
    }


def category_comparison(groups: Iterable[Row], earlier: Iterable[Row], currency: str) -> list[dict[str, str]]:
    """Spending by category in both months, the largest of this month first; the smallest categories share the last row."""
    now, then = (
        {row["category"]: net_spending(row) for row in rows if row["flow"] == "expense"} for rows in (groups, earlier)
    )
    names = sorted(
        now.keys() | then.keys(), key=lambda name: (-now.get(name, Decimal()), -then.get(name, Decimal()), name)
    )
    pairs = [(name, now.get(name, Decimal()), then.get(name, Decimal())) for name in names]
    if len(pairs) > MAX_CATEGORIES:
        rest = pairs[MAX_CATEGORIES - 1 :]
        others = (
            OTHERS,
            sum((spent for _, spent, _ in rest), Decimal()),
            sum((spent for *_, spent in rest), Decimal()),
        )
        pairs = [*pairs[: MAX_CATEGORIES - 1], others]
    return [
        {
            "category": name,
            "spent": amount_text(spent, currency),
            "before": amount_text(was, currency),
            "change": amount_text(spent - was, currency),
        }
        for name, spent, was in pairs
    ]


# The document ---------------------------------------------------------------------------------------------------------


def document_parts(result: Row, months: Sequence[Row], oldest: dt.date) -> list[DocumentPart]:
    """The content of the document; each figure is the text of the result."""
    parts: list[DocumentPart] = (
        [] if result["complete"] else [Note("The month is not over; its figures are those so far.")]
    )
    own_months = by_currency(months)
    for section in result["currencies"]:
        parts += [Heading(section["currency"]), *section_tables(section, result["month"], result["compared_with"])]
        parts += [
            Picture(render_chart(chart))
            for chart in section_charts(section, own_months.get(section["currency"], []), oldest)
        ]
    parts.append(Note("Spending is less refunds. Moves between the user's own accounts are not counted."))
    return parts


def section_tables(section: Row, month: str, before: str) -> list[DocumentPart]:
    columns = (section["this_month"], section["month_before"], section["change"])
    totals = [[name.capitalize(), *(column[name] for column in columns)] for name in FLOWS]
    categories = [[row["category"], row["spent"], row["before"], row["change"]] for row in section["categories"]]
    merchants = [[row["merchant"], str(row["count"]), row["spent"]] for row in section["merchants"]]
    grids = [
        Grid("Totals", ("", month, before, "Change"), totals),
        Grid("Spending by category", ("Category", month, before, "Change"), categories),
        Grid("Top merchants", ("Merchant", "Purchases", "Spent"), merchants),
    ]
    return [grid for grid in grids if grid.rows]


def section_charts(section: Row, months: Sequence[Row], oldest: dt.date) -> list[Chart]:
    found, currency = {row["month"]: row for row in months}, section["currency"]
    drawn = [add_months(oldest, number) for number in range(CHART_MONTHS)]
    flows_drawn = [found.get(month, NO_FLOW) for month in drawn]
    income = [amount_text(flow["income"], currency) for flow in flows_drawn]
    spent = [amount_text(net_spending(flow), currency) for flow in flows_drawn]
    by_month = Chart(
        "Income and spending by month",
        "columns",
        section["currency"],
        [f"{month:%Y-%m}" for month in drawn],
        [ChartSeries("Income", income), ChartSeries("Spent", spent)],
    )
    shown = [row for row in section["categories"] if Decimal(row["spent"])]
    series = [ChartSeries("Spent", [row["spent"] for row in shown])]
    by_category = Chart("Spending by category", "bars", section["currency"], [row["category"] for row in shown], series)
    return [by_category, by_month] if shown else [by_month]


def report_sentences(result: Row, wording: Wording) -> Iterator[str]:
    month = wording.month(result["month"])
    if not result["currencies"]:
        yield f"I found no transactions in {month}, so there is no report."
        return
    main, *others = sorted(result["currencies"], key=lambda section: -section["this_month"]["count"])
    so_far = "" if result["complete"] else " so far"
    yield f"The report of {month} is ready as a PDF: you {flow_phrase(main, wording)} in {month}{so_far}."
    change = main["change"]["spent"]
    size, word = wording.size(change, main["currency"]), "less" if change.startswith("-") else "more"
    yield f"That is {size} {word} spent than in {wording.month(result['compared_with'])}."
    if others:
        yield f"In other currencies you {join_names([flow_phrase(section, wording) for section in others])}."
    top = [
        f"{row['category']} with {wording.money(row['spent'], section['currency'])}"
        for section in (main, *others)
        for row in section["categories"]
        if Decimal(row["spent"]) > 0
    ]
    if top:
        yield f"Most was spent on {wording.listing(top)}."


def flow_phrase(section: Row, wording: Wording) -> str:
    spent, income = (wording.money(section["this_month"][name], section["currency"]) for name in ("spent", "income"))
    return f"spent {spent} and received {income}" if Decimal(section["this_month"]["income"]) else f"spent {spent}"


TOOL = Tool(
    monthly_report,
    timeout_seconds=30.0,
    max_calls_per_minute=5,
    returns_untrusted_text=True,
    examples=(
        "Make a report of last month",
        "Give me a monthly report as a PDF",
        "Write a report of my finances for March",
        "I want a document with an overview of October",
        "Prepare my monthly financial report",
        "Can I get a PDF summary of the month?",
    ),
)
