"""Compares spending and income in two periods."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Literal

from pydantic import Field

from graph.tool import Row, Tool, ToolContext, ToolError
from graph.values.months import add_months, last_day
from tools.shared.arguments import PeriodArguments
from tools.shared.categories import OptionalCategory, category_filter
from tools.shared.display import table
from tools.shared.flows import NO_FLOW, category_amount, net_spending, sum_flows
from tools.shared.money import amount_text, by_currency
from tools.shared.sentences.lists import join_names
from tools.shared.sentences.wording import Wording, summarized

TENTH = Decimal("0.1")

VERBS = {"spent_net": "spent", "income": "received"}
TYPES = {"spent_net": "expense", "income": "income"}
"""The type of the amounts that are compared."""


class ComparePeriods(PeriodArguments):
    """The later period, and the earlier one that it is compared with."""

    compare_start_date: dt.date | None = Field(None, description="Earlier period; default: just before.")
    compare_end_date: dt.date | None = Field(None, description="Its last day.")
    type: Literal["expense", "income", "all"] = Field("all", description="Categories to list; totals cover all.")
    category: OptionalCategory = None
    limit: int = Field(15, description="Categories to list.", ge=1, le=40)


@dataclass(frozen=True, slots=True)
class DateRange:
    """A period with its first and its last day."""

    first: dt.date
    last: dt.date

    def to_result(self) -> dict[str, Any]:
        return {
            "start_date": self.first.isoformat(),
            "end_date": self.last.isoformat(),
            "days": (self.last - self.first).days + 1,
        }


async def compare_periods(arguments: ComparePeriods, context: ToolContext) -> dict[str, Any]:
    """Compare the user's spending and income of two periods, in total and by category: what changed, by how much.
    Without dates: this month so far and the same days before.

    Use it for "more or less than last month" and "what went up". Without dates it compares this month so far with the same
    days of the month before; with start_date and end_date only, with the period just before (whole months with whole
    months). `periods` says which days were compared, `before` and `after`: name them, and say so if their `days` differ.
    `totals` has, per currency, `income`, `spent_net` (spending less refunds) and `net`, each with `before`, `after`,
    `difference` (after less before) and `percent` (of before; null where before is not positive: then there is nothing to
    compare with). `categories` has the same for each category, the largest difference first; `listed` of `all_categories`
    are shown. Never add currencies together. `status` is "no_rows" if both periods are empty: then say so.
    """
    before, after = resolve_periods(arguments, context.today)
    categories = await category_filter(arguments.category, context.rows)
    groups = await context.rows.fetch(
        "flow_of_two_periods",
        before_start=before.first,
        before_end=before.last,
        after_start=after.first,
        after_end=after.last,
        categories=categories,
    )
    wanted = [group for group in groups if arguments.type in ("all", group["flow"])]
    entries = compare_categories(wanted)
    listed = entries[: arguments.limit]
    result = {
        "status": "ok" if groups else "no_rows",
        "periods": {"before": before.to_result(), "after": after.to_result()},
        "filters": {"type": arguments.type, **({"category": categories[0]} if categories else {})},
        "totals": [compare_totals(currency, same) for currency, same in by_currency(groups).items()],
        "all_categories": len(entries),
        "listed": len(listed),
        "categories": listed,
        **table(
            f"{before.first} to {before.last} against {after.first} to {after.last}",
            ("category", "type", "currency", "before", "after", "difference", "percent"),
            listed,
        ),
    }
    return summarized(result, comparison_sentences, context)


def resolve_periods(arguments: ComparePeriods, today: dt.date) -> tuple[DateRange, DateRange]:
    """The earlier and the later period, in this order.

    Raises:
        ToolError: a date is missing, or a period ends before it starts.
    """
    arguments.check_period()
    first, last = arguments.start_date, arguments.end_date
    if first is None and last is None:
        first, last = today.replace(day=1), today
    if first is None or last is None:
        raise ToolError("Give both start_date and end_date of the later period, or neither.")
    after = DateRange(first, last)
    earlier, latest = arguments.compare_start_date, arguments.compare_end_date
    if earlier is None and latest is None:
        return preceding_range(after), after
    if earlier is None or latest is None:
        raise ToolError("Give both compare_start_date and compare_end_date, or neither.")
    if latest < earlier:
        raise ToolError(
            "The earlier period ends before it starts; give compare_start_date and compare_end_date in order."
        )
    return DateRange(earlier, latest), after


def preceding_range(days: DateRange) -> DateRange:
    """The period before another one.

    Whole months are preceded by as many whole months, the beginning of a month by the same days of the month before, and any
    other period by as many days.

    Raises:
        ToolError: the period before lies outside the calendar.
    """
    month = days.first.replace(day=1)
    try:
        if days.first == month and days.last == last_day(days.last):
            count = (days.last.year - month.year) * 12 + days.last.month - month.month + 1
            return DateRange(add_months(month, -count), month - dt.timedelta(days=1))
        if days.first == month and days.last <= last_day(month):
            earlier = add_months(month, -1)
            return DateRange(earlier, earlier.replace(day=min(days.last.day, last_day(earlier).day)))
        return DateRange(
            days.first - (days.last - days.first) - dt.timedelta(days=1), days.first - dt.timedelta(days=1)
        )
    except (ValueError, OverflowError):
        raise ToolError("There is no such period before it; give compare_start_date and compare_end_date.") from None


def compare_totals(currency: str, groups: Sequence[Row]) -> dict[str, Any]:
    """Income, net spending and net flow of one currency in both periods."""
    before, after = (
        sum_flows(currency, [group for group in groups if group["period"] == period]) for period in ("before", "after")
    )
    return {
        "currency": currency,
        "count": {"before": before["matches"], "after": after["matches"]},
        "income": change_result(before["income"], after["income"], currency),
        "spent_net": change_result(net_spending(before), net_spending(after), currency),
        "net": change_result(before["income"] - net_spending(before), after["income"] - net_spending(after), currency),
    }


def compare_categories(groups: Iterable[Row]) -> list[dict[str, Any]]:
    """A row for each category, type and currency with both periods, the largest difference first."""
    found: dict[tuple[str, str, str], dict[str, Row]] = {}
    for group in groups:
        found.setdefault((group["category"], group["flow"], group["currency"]), {})[group["period"]] = group
    entries = [
        {
            "category": category,
            "type": flow,
            "currency": currency,
            **change_result(category_amount(before), category_amount(after), currency),
            "count_before": before["matches"],
            "count_after": after["matches"],
        }
        for (category, flow, currency), both in found.items()
        for before, after in ((both.get("before", NO_FLOW), both.get("after", NO_FLOW)),)
    ]
    return sorted(entries, key=lambda entry: (-abs(Decimal(entry["difference"])), entry["category"], entry["currency"]))


def change_result(before: Decimal, after: Decimal, currency: str) -> dict[str, Any]:
    """The change from one amount to another."""
    return {
        "before": amount_text(before, currency),
        "after": amount_text(after, currency),
        "difference": amount_text(after - before, currency),
        "percent": percent_change(before, after),
    }


def percent_change(before: Decimal, after: Decimal) -> str | None:
    """The change in percent, with one decimal, rounded half to even; None if the first amount is not positive."""
    if before <= 0:
        return None
    percent = (100 * (after - before) / before).quantize(TENTH, ROUND_HALF_EVEN)
    return str(percent or abs(percent))  # avoids -0.0


def comparison_sentences(result: Row, wording: Wording) -> Iterator[str]:
    before, after = (
        wording.period(days["start_date"], days["end_date"])
        for days in (result["periods"]["before"], result["periods"]["after"])
    )
    filters, kind = result["filters"], result["filters"]["type"]
    if not result["totals"]:
        yield f"I found nothing {before} or {after} to compare."
        return
    category = f" on {filters['category']}" if filters.get("category") else ""
    main, *others = sorted(result["totals"], key=lambda total: -sum(total["count"].values()))
    for name, verb in VERBS.items():
        if kind in ("all", TYPES[name]) and has_moved(main[name]):
            yield f"You {verb} {change_phrase(main[name], main['currency'], before, wording, f'{category} {after}')}."
    changes = [
        f"{verb} {change_phrase(total[name], total['currency'], before, wording)}"
        for total in others
        for name, verb in VERBS.items()
        if kind in ("all", TYPES[name]) and has_moved(total[name])
    ]
    if changes:
        yield f"In other currencies you {join_names(changes)}."
    moved = [category_change_phrase(row, wording) for row in result["categories"] if Decimal(row["difference"])]
    if moved and not category:
        yield f"The largest changes: {wording.listing(moved, limit=3)}."


def category_change_phrase(row: Row, wording: Wording) -> str:
    after, difference = wording.money(row["after"], row["currency"]), wording.size(row["difference"], row["currency"])
    return f"{row['category']} ({after}, {difference} {'less' if row['difference'].startswith('-') else 'more'})"


def has_moved(change: Row) -> bool:
    return bool(Decimal(change["before"]) or Decimal(change["after"]))


def change_phrase(change: Row, currency: str, before: str, wording: Wording, scope: str = "") -> str:
    """An amount and how it differs from the one before: `$75.00 in May, $5.00 (7.1%) more than in April`."""
    after, difference = wording.money(change["after"], currency), wording.size(change["difference"], currency)
    if not Decimal(change["difference"]):
        return f"{after}{scope}, as much as {before}"
    if not Decimal(change["before"]):
        return f"{after}{scope}, and nothing {before}"
    percent = f" ({wording.percent(change['percent'])})" if change["percent"] is not None else ""
    word = "less" if change["difference"].startswith("-") else "more"
    return f"{after}{scope}, {difference}{percent} {word} than {before}"


TOOL = Tool(
    compare_periods,
    examples=(
        "Did I spend more this month than last month?",
        "Compare my spending with the month before",
        "What changed in my spending compared to last year?",
        "Which categories went up the most?",
        "How does this year compare to the year before?",
        "Am I spending less than before?",
        "What is the difference between the two months?",
    ),
)
