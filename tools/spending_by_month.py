"""Adds transactions up by month."""

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from pydantic import Field

from graph.tool import Row, Tool, ToolContext, ToolError
from graph.values.months import add_months, last_day
from tools.shared.arguments import PeriodArguments
from tools.shared.categories import OptionalCategory, category_filter
from tools.shared.display import table
from tools.shared.flows import NO_FLOW, flow_filters, flow_totals, net_spending, sum_flows
from tools.shared.money import amount_text, by_currency
from tools.shared.sentences.flows import main_currency, main_first, nothing_found, totals_sentences
from tools.shared.sentences.lists import join_names
from tools.shared.sentences.wording import Wording, summarized
from tools.shared.text_fields import ShortText

MAX_MONTHS = 36


class SpendingByMonth(PeriodArguments):
    months: int = Field(
        12,
        description="Months up to end_date, without start_date.",
        ge=1,
        le=MAX_MONTHS,
    )
    category: OptionalCategory = None
    merchant: ShortText | None = Field(None, description="Part of the merchant's name.")


async def spending_by_month(arguments: SpendingByMonth, context: ToolContext) -> dict[str, Any]:
    """Add up the user's spending and income month by month, the oldest month first.

    Use it for trends and for "how much each month", overall, of one category or at one merchant; leave the dates out for
    the last twelve months. Each entry of `months` is one month in one currency: `spent_net` is spending less refunds, `net`
    is income less spent_net; a month without transactions is there with 0.00. `complete` is false where the period covers
    only a part of the month, as of the current one: do not call that a fall. `totals` and `monthly_average` (over complete
    months only, null if there is none) have one entry a currency; never add currencies together. Moves between the user's
    own accounts are not counted. `status` is "no_rows" if the period holds nothing: then say so, and do not guess.
    """
    arguments.check_period()
    first, last = resolve_period(arguments, context.today)
    categories = await category_filter(arguments.category, context.rows)
    groups = await context.rows.fetch(
        "flow_by_month", start_date=first, end_date=last, categories=categories, merchant=arguments.merchant
    )
    currencies = by_currency(groups)
    months = [
        row for currency, same in currencies.items() for row in month_rows(currency, same, first, last, context.today)
    ]
    result = {
        "status": "ok" if groups else "no_rows",
        "filters": {
            "start_date": first.isoformat(),
            "end_date": last.isoformat(),
            **flow_filters(arguments, categories, arguments.merchant),
        },
        "totals": [flow_totals(sum_flows(currency, same)) for currency, same in currencies.items()],
        "monthly_average": [
            average_month(currency, same, first, last, context.today) for currency, same in currencies.items()
        ],
        "months": months,
        **table("By month", ("month", "currency", "count", "income", "spent_net", "net"), months),
    }
    return summarized(result, month_sentences, context)


def resolve_period(arguments: SpendingByMonth, today: dt.date) -> tuple[dt.date, dt.date]:
    """The first and the last day of the period.

    Raises:
        ToolError: the period is too long.
    """
    last = arguments.end_date or max(today, arguments.start_date or today)
    first = arguments.start_date or first_of_earlier_month(last, arguments.months - 1)
    if add_months(first.replace(day=1), MAX_MONTHS) <= last:
        raise ToolError(f"At most {MAX_MONTHS} months can be shown; ask for a shorter period.")
    return first, last


def first_of_earlier_month(day: dt.date, months: int) -> dt.date:
    """The first day of the month a number of months before, or of the calendar's first month."""
    return add_months(day.replace(day=1), -min(months, (day.year - 1) * 12 + day.month - 1))


def month_rows(
    currency: str, groups: Sequence[Row], first: dt.date, last: dt.date, today: dt.date
) -> list[dict[str, Any]]:
    """A row for each month of one currency, also for months without transactions."""
    found = {group["month"]: group for group in groups}
    empty = {"currency": currency, **NO_FLOW}
    return [
        {"month": f"{month:%Y-%m}"}
        | flow_totals(found.get(month, empty))
        | {"complete": is_complete(month, first, last, today)}
        for month in months_between(first, last)
    ]


def months_between(first: dt.date, last: dt.date) -> list[dt.date]:
    """The first days of all months of the period, also of partial ones."""
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    return [add_months(first.replace(day=1), number) for number in range(count)]


def is_complete(month: dt.date, first: dt.date, last: dt.date, today: dt.date) -> bool:
    """Whether a month is over and lies completely in the period."""
    return first <= month and last_day(month) <= last and last_day(month) < today


def average_month(
    currency: str, groups: Sequence[Row], first: dt.date, last: dt.date, today: dt.date
) -> dict[str, Any]:
    """The monthly average of one currency over the complete months, rounded to its smallest unit, half to even."""
    whole = [month for month in months_between(first, last) if is_complete(month, first, last, today)]
    sums = sum_flows(currency, [group for group in groups if group["month"] in whole])
    return {
        "currency": currency,
        "complete_months": len(whole),
        "income": amount_text(sums["income"] / len(whole), currency) if whole else None,
        "spent_net": amount_text(net_spending(sums) / len(whole), currency) if whole else None,
    }


def month_sentences(result: Row, wording: Wording) -> Iterator[str]:
    filters = result["filters"]
    if not result["totals"]:
        yield nothing_found(filters, wording)
        return
    yield from totals_sentences(result["totals"], filters, wording)
    main = main_currency(result["totals"])
    months = [month for month in result["months"] if month["currency"] == main and month["count"]]
    averages = [
        average_phrase(average, wording)
        for average in main_first(result["monthly_average"], result["totals"])
        if average["complete_months"] > 1 and any(Decimal(average[name]) for name in ("spent_net", "income"))
    ]
    if averages:
        yield f"In a full month you {join_names(averages)} on average."
    if len(months) > 1:
        listed = wording.listing([month_phrase(row, wording) for row in months[::-1]])
        dearest = max(months, key=lambda month: Decimal(month["spent_net"]))
        most = (
            f"; most was spent in {wording.month(dearest['month'])}, with {wording.money(dearest['spent_net'], main)}"
        )
        yield f"Month by month, the latest first: {listed}{most if Decimal(dearest['spent_net']) > 0 else ''}."


def average_phrase(average: Row, wording: Wording) -> str:
    spent, income = (wording.money(average[name], average["currency"]) for name in ("spent_net", "income"))
    return f"spend {spent}" if not Decimal(average["income"]) else f"spend {spent} and receive {income}"


def month_phrase(month: Row, wording: Wording) -> str:
    spent, income = (wording.money(month[name], month["currency"]) for name in ("spent_net", "income"))
    so_far = "" if month["complete"] else " (not a full month)"
    if not Decimal(month["income"]):
        return f"{spent} in {wording.month(month['month'])}{so_far}"
    return f"{spent} spent and {income} received in {wording.month(month['month'])}{so_far}"


TOOL = Tool(
    spending_by_month,
    examples=(
        "How much do I spend each month?",
        "Monthly spending for the last six months",
        "What is my average monthly spending?",
        "How did my groceries develop month by month?",
        "Income and expenses per month this year",
        "Which month was the most expensive?",
        "Is my spending going up from month to month?",
    ),
)
