"""Finds recurring payments and income."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any, Literal

from pydantic import Field

from graph.tool import Row, Tool, ToolContext
from graph.values.currencies import round_amount
from tools.shared.arguments import ToolArguments
from tools.shared.display import table
from tools.shared.money import amount_text
from tools.shared.payment_series import (
    CADENCE_RULES,
    LOOK_BACK,
    MAX_BILL_RATIO,
    MIN_BOOKINGS,
    PaymentSeries,
    fetch_payees,
    payee_series,
)
from tools.shared.sentences.cadences import CADENCE_WORDS
from tools.shared.sentences.lists import MAX_LISTED, is_are, join_names
from tools.shared.sentences.wording import Wording, summarized

LONG_LOOK_BACK = dt.timedelta(days=1200)
"""The time in which yearly bookings are searched."""
MAX_YEARLY_BOOKINGS = 8
"""The most bookings in that time of a merchant that is paid yearly or half-yearly: twice a year makes 7."""
MIN_DAYS_APART = 150
"""The smallest average distance of such bookings, in days."""

SUBSCRIPTION_CATEGORIES = (
    "Entertainment",
    "Education",
    "Personal Care",
    "Shopping",
    "Business Expenses",
    "Bills & Services",
)
"""Categories in which a recurring fixed price counts as a subscription."""
BILLS_CATEGORY = "Bills & Services"
MAX_SUBSCRIPTION_BILL = 100
"""The highest price of a bill that counts as a subscription, so that rent does not."""


METHOD = (
    f"A series is at least {MIN_BOOKINGS} bookings of one payee in the last {LOOK_BACK.days} days ({LONG_LOOK_BACK.days} where "
    "a merchant comes once or twice a year), each a week, two weeks, a month, three months, half a year or a year after the "
    "one before (a few days more or less; one distance in six may stray), of amounts that differ by at most 15 %, or, from "
    f"monthly on, whose largest is at most {MAX_BILL_RATIO} times the smallest. It is over when it is late by more than half "
    "its distance. monthly_cost spreads the usual amount (the median of the last three) over the months; 365 days are 12 "
    f"months. A subscription is a series from monthly on with at most two prices in {', '.join(SUBSCRIPTION_CATEGORIES[:-1])}, "
    f"or in {BILLS_CATEGORY} up to {MAX_SUBSCRIPTION_BILL}."
)


NOUNS = {
    ("expense", False): ("regular payment", "regular payments"),
    ("expense", True): ("subscription", "subscriptions"),
    ("income", False): ("regular income", "regular incomes"),
    ("income", True): ("regular income", "regular incomes"),
}
"""What a series is called, by type and by whether only subscriptions are listed."""


class RecurringPayments(ToolArguments):
    type: Literal["expense", "income"] = Field("expense", description="Paid or received.")
    subscriptions_only: bool = Field(False, description="Subscriptions only.")
    include_ended: bool = Field(False, description="Also those that are over.")
    limit: int = Field(25, description="Entries to list.", ge=1, le=40)


async def recurring_payments(arguments: RecurringPayments, context: ToolContext) -> dict[str, Any]:
    """Find the user's recurring payments and subscriptions: what comes regularly, how often, what it costs a month. They
    are detected from bookings.

    Use it for "which subscriptions do I have" and fixed costs; what falls due on which day in the next weeks is another
    tool's. They are detected from bookings, not known contracts: say "regular", and see `method` for how. Each entry of
    `recurring` has its merchant (or the statement's `description` where there is none), `every`, `usual_amount` and
    `last_amount` (positive), `amount_varies`, `monthly_cost`, `first_date` and `last_date` within the time looked at, `seen`
    bookings, `active`, the `next_expected_date` (null once it is over) and whether it is taken for a `subscription`. `totals`
    adds up `monthly_cost` of all active ones by currency, listed or not; never add currencies together. `status` is "no_rows"
    if nothing regular was found: say that, not that there is nothing.
    """
    today = context.today
    series = await fetch_series(arguments.type, context)
    kept = [
        payment
        for payment in series
        if (arguments.include_ended or not payment.is_over(today))
        and (is_subscription(payment) or not arguments.subscriptions_only)
    ]
    kept.sort(
        key=lambda payment: (payment.is_over(today), -monthly_cost(payment), payment.merchant or "", payment.last_date)
    )
    listed = [series_result(payment, today) for payment in kept[: arguments.limit]]
    result = {
        "status": "ok" if kept else "no_rows",
        "filters": arguments.model_dump(mode="json") | {"as_of": today.isoformat()},
        "method": METHOD,
        "found": len(kept),
        "listed": len(listed),
        "ended": sum(payment.is_over(today) for payment in series),
        "totals": all_totals([payment for payment in kept if not payment.is_over(today)]),
        "recurring": listed,
        **table(
            "Recurring",
            ("merchant", "description", "every", "currency", "usual_amount", "monthly_cost", "next_expected_date"),
            listed,
        ),
    }
    return summarized(result, recurring_sentences, context)


async def fetch_series(flow: str, context: ToolContext) -> list[PaymentSeries]:
    """All series of expenses or of income, also those that have ended."""
    today = context.today
    lately = await fetch_payees(context.rows, today)
    seldom = await context.rows.fetch(
        "payees_paid_yearly",
        start_date=today - LONG_LOOK_BACK,
        end_date=today,
        min_count=MIN_BOOKINGS,
        max_count=MAX_YEARLY_BOOKINGS,
        min_days_apart=MIN_DAYS_APART,
    )
    found = [series for row in lately if row["flow"] == flow for series in payee_series(row)]
    known = {(series.merchant, series.description, series.currency) for series in found}
    yearly = [
        series
        for row in seldom
        if row["flow"] == flow and (row["merchant"], row["description"], row["currency"]) not in known
        for series in payee_series(row)
        if series.cadence in ("half_yearly", "yearly")
    ]
    return found + yearly


def is_subscription(series: PaymentSeries) -> bool:
    prices = {booking.amount for booking in series.bookings}
    small = series.category != BILLS_CATEGORY or abs(series.usual_amount) <= MAX_SUBSCRIPTION_BILL
    return (
        bool(CADENCE_RULES[series.cadence].months)
        and len(prices) <= 2
        and series.category in SUBSCRIPTION_CATEGORIES
        and small
    )


def monthly_cost(series: PaymentSeries) -> Decimal:
    """The monthly cost of a series, rounded to the smallest unit of its currency, half to even."""
    rule, amount = CADENCE_RULES[series.cadence], abs(series.usual_amount)
    exact = amount / rule.months if rule.months else amount * 365 / (12 * rule.days)
    return round_amount(exact, series.currency)


def series_result(series: PaymentSeries, today: dt.date) -> dict[str, Any]:
    over = series.is_over(today)
    return {
        "merchant": series.merchant,
        "description": series.description,
        "category": series.category,
        "currency": series.currency,
        "every": series.cadence,
        "usual_amount": amount_text(abs(series.usual_amount), series.currency),
        "last_amount": amount_text(abs(series.bookings[-1].amount), series.currency),
        "amount_varies": series.amount_varies,
        "monthly_cost": amount_text(monthly_cost(series), series.currency),
        "seen": len(series.bookings),
        "first_date": series.bookings[0].day.isoformat(),
        "last_date": series.last_date.isoformat(),
        "active": not over,
        "next_expected_date": None if over else next(series.expected_dates()).isoformat(),
        "subscription": is_subscription(series),
    }


def all_totals(active: Iterable[PaymentSeries]) -> list[dict[str, Any]]:
    def key(series: PaymentSeries) -> str:
        return series.currency

    return [currency_totals(currency, list(same)) for currency, same in groupby(sorted(active, key=key), key)]


def currency_totals(currency: str, series: Sequence[PaymentSeries]) -> dict[str, Any]:
    """The monthly cost of the series of one currency: the sum of their rounded costs."""
    subscriptions = [payment for payment in series if is_subscription(payment)]
    return {
        "currency": currency,
        "count": len(series),
        "monthly_cost": amount_text(sum(map(monthly_cost, series), Decimal()), currency),
        "subscriptions": len(subscriptions),
        "subscriptions_monthly_cost": amount_text(sum(map(monthly_cost, subscriptions), Decimal()), currency),
    }


def recurring_sentences(result: Row, wording: Wording) -> Iterator[str]:
    filters, rows = result["filters"], result["recurring"]
    noun, nouns = NOUNS[filters["type"], filters["subscriptions_only"]]
    if not rows:
        yield f"I found no {nouns} in your records up to {wording.day(filters['as_of'])}."
        return
    if result["totals"]:
        costs = [
            f"{wording.count(total['count'], noun, nouns)}, "
            f"{wording.money(total['monthly_cost'], total['currency'])} a month in all"
            for total in result["totals"]
        ]
        yield f"You have {join_names(costs)}."
    listed = [series_phrase(row, wording) for row in rows]
    many = "They are" if result["found"] <= MAX_LISTED else "The largest are"
    yield f"{'It is' if result['found'] == 1 else many} {wording.listing(listed, result['found'])}."
    if result["ended"] and not filters["include_ended"]:
        ended = wording.count(result["ended"], "regular payment")
        yield f"{ended} that {'has' if result['ended'] == 1 else 'have'} ended {is_are(result['ended'])} left out."


def series_phrase(row: Row, wording: Wording) -> str:
    name, usual = (
        row["merchant"] or row["description"] or "no name",
        wording.money(row["usual_amount"], row["currency"]),
    )
    about = "about " if row["amount_varies"] else ""
    ended = "" if row["active"] else f" until {wording.day(row['last_date'])}"
    return f"{name} with {about}{usual} {CADENCE_WORDS[row['every']]}{ended}"


TOOL = Tool(
    recurring_payments,
    returns_untrusted_text=True,
    examples=(
        "Which subscriptions do I have?",
        "What are my recurring payments?",
        "What do my subscriptions cost me a month?",
        "List everything that I pay regularly",
        "What are my fixed costs?",
        "Which memberships am I still paying for?",
        "Which subscriptions have ended?",
    ),
)
