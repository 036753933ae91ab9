"""Charts of the user's money as pictures. What a picture shows is what the result's rows say."""

import datetime as dt
import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from graph.tool import DISPLAY, Row, Rows, Tool, ToolContext, ToolFault
from graph.values.currencies import rounded
from graph.values.months import last_day, months_later
from tools.rendering.chart import Chart, Series
from tools.rendering.render import keep_chart
from tools.shared.arguments import Period, ToolArguments
from tools.shared.categories import resolve_categories
from tools.shared.interest import METHOD, MOST_MONTHS, interest, pay_off
from tools.shared.money import AMOUNT_DECIMALS, amount_text, check_decimals, flow_totals, percent_text
from tools.shared.months import PATTERN, read_month

MOST_BARS = 12
"""Categories that are shown by name; the smaller ones are shown as one."""
OTHERS = "All others"
MOST_MONTHLY_ROWS = 24
"""Payments of which each is a row; of more only each twelfth is."""


class InCurrency(ToolArguments):
    currency: str | None = Field(
        None,
        description="Three letters, such as USD. Leave out for the user's main currency; currencies are never added together.",
        pattern=r"^[A-Za-z]{3}$",
    )


# By category ----------------------------------------------------------------------------------------------------------


class ChartByCategory(Period, InCurrency):
    type: Literal["expense", "income"] = Field("expense", description="expense: spending less its refunds; or income.")


async def chart_by_category(arguments: ChartByCategory, context: ToolContext) -> dict[str, Any]:
    """Draw a bar chart of the user's spending or income by category over a period.

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
    picked = await pick_currency(groups, arguments.currency, context.rows)
    head = {"filters": echo(arguments), **picked.told}
    if not picked.currency:
        return head | {"categories": []}
    bars = bars_of([group for group in groups if group["currency"] == picked.currency])
    result = head | {"totals": [flow_totals(sums(picked.currency, groups))], "categories": bars}
    what = "Spending" if arguments.type == "expense" else "Income"
    chart = Chart(
        title=f"{what} by category{period_text(arguments)}",
        kind="bars",
        currency=picked.currency,
        labels=[bar["category"] for bar in bars],
        series=[Series(what, [bar["total"] for bar in bars])],
    )
    return result | {DISPLAY: await keep_chart(chart, f"{what.lower()}-by-category-{context.today}", context.files)}


def bars_of(groups: Sequence[Row]) -> list[dict[str, Any]]:
    """Categories of one currency and type, the largest total first, the smaller ones as one."""
    ordered = sorted(groups, key=lambda group: (-total(group), group["category"]))
    entries = [(group["category"], group["matches"], total(group)) for group in ordered]
    if len(entries) > MOST_BARS:
        rest = entries[MOST_BARS - 1 :]
        entries = [
            *entries[: MOST_BARS - 1],
            (OTHERS, sum(count for _, count, _ in rest), sum((amount for *_, amount in rest), Decimal())),
        ]
    whole = sum((max(total(group), Decimal()) for group in groups), Decimal())
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


def total(group: Row) -> Decimal:
    """What was earned, or spent less what came back."""
    amount: Decimal = group["income"] + group["spent_gross"] - group["refunds"]
    return amount


# By month -------------------------------------------------------------------------------------------------------------


class ChartByMonth(InCurrency):
    months: int = Field(12, description="How many months, the current one included.", ge=2, le=36)
    category: str | None = Field(None, description="Only this category, by name.", max_length=100)


async def chart_by_month(arguments: ChartByMonth, context: ToolContext) -> dict[str, Any]:
    """Draw a chart of the user's income and spending for each of the last months, or of one category.

    Use it for trends over months. The picture is shown to the user beside your answer. `months` holds what the columns
    show, the oldest first: `income`, `spent` (refunds taken off) and `net`; a month without transactions is there with
    0.00, and `complete` is false for the current month, which is not over: do not call it a fall. `totals` is exact over
    all months. `status` is "no_rows" if there is nothing to draw, "ambiguous" if several `currencies` have rows and none is
    the user's main one: ask which.
    """
    last = context.today.replace(day=1)
    first = months_later(last, 1 - arguments.months)
    categories = await resolve_categories([arguments.category], context.rows) if arguments.category else None
    groups = await context.rows.fetch("month_sums", start_date=first, end_date=last_day(last), categories=categories)
    picked = await pick_currency(groups, arguments.currency, context.rows)
    head = {"filters": echo(arguments) | ({"category": categories[0]} if categories else {}), **picked.told}
    if not picked.currency:
        return head | {"months": []}
    own = [group for group in groups if group["currency"] == picked.currency]
    rows = months_of(own, first, arguments.months, last, picked.currency)
    result = head | {"totals": [flow_totals(sums(picked.currency, groups))], "months": rows}
    series = [Series("Income", [row["income"] for row in rows]), Series("Spent", [row["spent"] for row in rows])]
    chart = Chart(
        title=f"{categories[0] if categories else 'Income and spending'} by month",
        kind="columns",
        currency=picked.currency,
        labels=[row["month"] for row in rows],
        series=[each for each in series if any(Decimal(text) for text in each.texts)] or series[1:],
    )
    return result | {DISPLAY: await keep_chart(chart, f"by-month-{context.today}", context.files)}


def months_of(
    groups: Sequence[Row], first: dt.date, count: int, current: dt.date, currency: str
) -> list[dict[str, Any]]:
    """Each month of one currency, those without a row, too."""
    found = {group["month"]: group for group in groups}
    nothing = {"matches": 0, "income": Decimal(), "spent_gross": Decimal(), "refunds": Decimal()}
    rows = []
    for month in (months_later(first, number) for number in range(count)):
        group = found.get(month, nothing)
        spent = group["spent_gross"] - group["refunds"]
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


# Budget ---------------------------------------------------------------------------------------------------------------


class ChartBudgetBurnDown(InCurrency):
    category: str | None = Field(
        None, description="Whose budget, by category name. Leave out for all budgets together.", max_length=100
    )
    month: str | None = Field(None, description="YYYY-MM. Leave out for the current month.", pattern=PATTERN)


async def chart_budget_burn_down(arguments: ChartBudgetBurnDown, context: ToolContext) -> dict[str, Any]:
    """Draw how much of a monthly budget was left on each day of a month, beside an even pace.

    Use it when the user wants to see how a budget is going. The picture is shown to the user beside your answer.
    `budget`, `spent` (refunds taken off) and `left` stand for the whole month so far; `left` is negative when the budget
    is overspent. `days` holds what the lines show: `left` at the end of each day, and `even_pace`, what would be left if
    the same were spent every day. `status` is "unknown" if there is no budget on file for what was asked: say that, and do
    not invent one; "ambiguous" if there are budgets in several `currencies`: ask which.
    """
    first = read_month(arguments.month) if arguments.month else context.today.replace(day=1)
    if first > context.today:
        raise ToolFault("That month has not begun; ask for the current month or an earlier one.")
    end = min(last_day(first), context.today)
    categories = await resolve_categories([arguments.category], context.rows) if arguments.category else None
    found = await context.rows.fetch("budgets_with_days", start_date=first, end_date=end, categories=categories)
    picked = await pick_currency(found, arguments.currency, context.rows, nothing="unknown")
    head = {"filters": echo(arguments) | {"month": f"{first:%Y-%m}"}, **picked.told}
    if not picked.currency:
        return head | {"days": []}
    own = [row for row in found if row["currency"] == picked.currency]
    result = head | burn_down(own, first, end, picked.currency)
    days = result["days"]
    chart = Chart(
        title=f"{categories[0] if categories else 'All budgets'}: left in {first:%Y-%m}",
        kind="lines",
        currency=picked.currency,
        labels=[day["date"] for day in days],
        series=[
            Series("Left", [day["left"] for day in days]),
            Series("Even pace", [day["even_pace"] for day in days]),
        ],
    )
    return result | {DISPLAY: await keep_chart(chart, f"budget-{first:%Y-%m}", context.files)}


def burn_down(found: Sequence[Row], first: dt.date, end: dt.date, currency: str) -> dict[str, Any]:
    """What was left of budgets of one currency on each day from the first of a month on.

    Args:
        found: a line for each budget and day, or one with a null day for a budget without spending.
        first: of the month.
        end: the last day that is shown.
        currency: of the budgets.
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
                "even_pace": amount_text(rounded(whole * (length - date.day) / length, currency), currency),
            }
            for date, so_far in zip(dates, spent, strict=True)
        ],
    }


# Debt -----------------------------------------------------------------------------------------------------------------


class ChartDebtPayoff(ToolArguments):
    balance: Decimal = Field(
        description="What is owed now, as a positive amount.", gt=0, le=10**9, decimal_places=AMOUNT_DECIMALS
    )
    annual_rate_percent: Decimal = Field(
        description="Yearly interest in percent: 19.99. 0 for none.", ge=0, le=100, decimal_places=4
    )
    monthly_payment: Decimal = Field(
        description="What is paid each month, as a positive amount.", gt=0, le=10**9, decimal_places=AMOUNT_DECIMALS
    )
    currency: str = Field("USD", description="Three letters, such as USD.", pattern=r"^[A-Za-z]{3}$")


async def chart_debt_payoff(arguments: ChartDebtPayoff, context: ToolContext) -> dict[str, Any]:
    """Draw how a debt shrinks under a fixed monthly payment, and say when it is paid and what interest it costs.

    Give the balance, rate and payment that the user named or that another tool returned; never guess them, ask. The
    picture is shown to the user beside your answer. `months`, `payoff_month`, `total_interest` and `total_paid` follow from
    the stated `method`; `rows` holds what the line shows (each month, or each twelfth of a long run). `status` is
    "never_paid" if the payment does not cover the interest: then `interest_first_month` says what it would have to exceed.
    """
    currency = arguments.currency.upper()
    check_decimals(currency, arguments.balance, arguments.monthly_payment)
    plan = pay_off(arguments.balance, arguments.annual_rate_percent, arguments.monthly_payment, currency)
    head = {"filters": arguments.model_dump(mode="json"), "method": METHOD, "currency": currency}
    if plan is None:
        first_interest = interest(arguments.balance, arguments.annual_rate_percent, currency)
        return {
            "status": "never_paid",
            "within_months": MOST_MONTHS,
            **head,
            "interest_first_month": amount_text(first_interest, currency),
            "rows": [],
        }
    start = context.today.replace(day=1)
    step = 1 if len(plan) <= MOST_MONTHLY_ROWS else 12
    shown = [*range(0, len(plan), step), len(plan)]
    left = [arguments.balance, *(payment.left for payment in plan)]
    rows = [{"month": f"{months_later(start, at):%Y-%m}", "balance": amount_text(left[at], currency)} for at in shown]
    paid = sum((payment.paid for payment in plan), Decimal())
    chart = Chart(
        title="Debt left by month",
        kind="lines",
        currency=currency,
        labels=[row["month"] for row in rows],
        series=[Series("Balance", [row["balance"] for row in rows])],
    )
    return {
        "status": "ok",
        **head,
        "months": len(plan),
        "payoff_month": rows[-1]["month"],
        "last_payment": amount_text(plan[-1].paid, currency),
        "total_paid": amount_text(paid, currency),
        "total_interest": amount_text(paid - arguments.balance, currency),
        "rows": rows,
        DISPLAY: await keep_chart(chart, f"debt-payoff-{context.today}", context.files),
    }


# What they share ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Picked:
    """The currency that is drawn, if it is clear which, and what the result says of it."""

    currency: str | None
    told: Mapping[str, Any]


async def pick_currency(found: Iterable[Row], wanted: str | None, rows: Rows, nothing: str = "no_rows") -> Picked:
    """The currency that was asked for, else the only one, else the user's main one.

    Args:
        found: rows with their currencies.
        wanted: the currency that was asked for.
        rows: of the caller.
        nothing: the status if no row is in it.
    """
    currencies = sorted({row["currency"] for row in found})
    if wanted:
        wanted = wanted.upper()
    elif len(currencies) == 1:
        wanted = currencies[0]
    elif currencies:
        profile = await rows.fetch("main_currency")
        wanted = next((row["currency"] for row in profile if row["currency"] in currencies), None)
        if wanted is None:
            return Picked(None, {"status": "ambiguous", "currencies": currencies})
    others = {"other_currencies": rest} if (rest := [each for each in currencies if each != wanted]) else {}
    if wanted not in currencies:
        return Picked(None, {"status": nothing, **others})
    return Picked(wanted, {"status": "ok", "currency": wanted, **others})


def sums(currency: str, groups: Iterable[Row]) -> dict[str, Any]:
    """The sums of the groups of one currency."""
    own = [group for group in groups if group["currency"] == currency]
    names = ("matches", "income", "spent_gross", "refunds")
    return {"currency": currency, **{name: sum(group[name] for group in own) for name in names}}


def period_text(period: Period) -> str:
    match period.start_date, period.end_date:
        case None, None:
            return ""
        case start, None:
            return f" since {start}"
        case None, end:
            return f" up to {end}"
        case start, end:
            return f", {start} to {end}"


def echo(arguments: ToolArguments) -> dict[str, Any]:
    return arguments.model_dump(mode="json", exclude_none=True)


TOOLS = (
    Tool(
        chart_by_category,
        per_minute=10,
        examples=(
            "Show me a chart of my spending by category",
            "Draw a graph of where my money went last month",
            "Can I see a bar chart of my spending categories?",
            "Make a chart of my income by category",
            "Plot my spending categories for this year",
            "Chart my biggest categories since January",
        ),
    ),
    Tool(
        chart_by_month,
        per_minute=10,
        examples=(
            "Show me a chart of my spending by month",
            "Draw my monthly income against my monthly spending",
            "Draw a graph of my groceries month by month",
            "Can I see a chart of my spending in each month?",
            "Graph the last 6 months of income and spending",
            "Make a monthly chart of what I spend on dining",
        ),
    ),
    Tool(
        chart_budget_burn_down,
        per_minute=10,
        examples=(
            "Show me a chart of how much of my budget is left",
            "Draw a burn down of my groceries budget",
            "Can I see a graph of my budget for this month?",
            "Plot how fast I am using up my dining budget",
            "Chart all my budgets against an even pace",
            "Make a picture of my budget day by day",
        ),
    ),
    Tool(
        chart_debt_payoff,
        per_minute=10,
        examples=(
            "Draw a chart of paying off 5000 at 19.99 percent with 250 a month",
            "Show me a graph of my debt going down if I pay 300 a month",
            "Plot when my credit card debt would be paid off",
            "Chart the payoff of a 12000 loan at 7 percent",
            "Can I see how my balance shrinks with 150 a month?",
            "Make a picture of my debt payoff",
        ),
    ),
)
