"""Lists upcoming payments and reminders."""

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from pydantic import Field

from graph.tool import Row, Tool, ToolContext
from tools.shared.arguments import ToolArguments
from tools.shared.display import table
from tools.shared.money import amount_text, by_currency
from tools.shared.payment_series import SERIES_METHOD, PaymentSeries, fetch_payees, find_series
from tools.shared.reminders import due_between
from tools.shared.sentences.lists import join_names
from tools.shared.sentences.wording import Wording, summarized

MAX_ITEMS = 60
"""The most payments, and the most reminders, in a result."""


class UpcomingObligations(ToolArguments):
    days: int = Field(30, description="Days ahead.", ge=1, le=90)
    limit: int = Field(20, description="Payments and reminders to list.", ge=1, le=MAX_ITEMS)


async def upcoming_obligations(arguments: UpcomingObligations, context: ToolContext) -> dict[str, Any]:
    """Tell which bills, subscriptions and reminders come up in the next days, the nearest first. Payments are expected,
    not certain.

    Use it for "what do I have to pay soon". `payments` are expected because the user paid the same payee regularly before:
    say "expected", they are not certain. Each has the `expected_date`, `expected_amount` (positive; the median of the last
    three, `amount_varies` is true where it is only a guide), how often it comes, and `seen`, how often it was booked;
    `late` is true where its day has passed and no booking came. `totals` is exact over all payments found, one entry a
    currency; never add currencies together. `reminders` are the user's own. `method` says how series are found. `status` is
    "no_rows" if nothing was found: say that nothing regular was found, not that nothing is due.
    """
    today = context.today
    end = today + dt.timedelta(days=arguments.days - 1)
    found = await fetch_payees(context.rows, today)
    expenses = [row for row in found if row["flow"] == "expense"]
    payments = [item for series in find_series(expenses) for item in expected_payments(series, today, end)]
    payments.sort(key=lambda item: (item["expected_date"], item["merchant"] or "", item["expected_amount"]))
    reminders = [
        {"text": row["text"], "date": day.isoformat(), "time": row["due_time"] and f"{row['due_time']:%H:%M}"}
        for row in await context.rows.fetch("reminders", status="active")
        for day in due_between(row, today, end)
    ]
    reminders.sort(key=lambda item: (item["date"], item["time"] or ""))
    listed = payments[: arguments.limit]
    result = {
        "status": "ok" if payments or reminders else "no_rows",
        "filters": {"start_date": today.isoformat(), "end_date": end.isoformat(), "limit": arguments.limit},
        "method": SERIES_METHOD,
        "payments_found": len(payments),
        "reminders_found": len(reminders),
        "totals": payment_totals(payments),
        "payments": listed,
        "reminders": reminders[: arguments.limit],
        **table(
            "Coming up", ("expected_date", "merchant", "description", "currency", "expected_amount", "every"), listed
        ),
    }
    return summarized(result, upcoming_sentences, context)


def expected_payments(series: PaymentSeries, today: dt.date, end: dt.date) -> list[dict[str, Any]]:
    """The payments of a series that are due up to a day, overdue ones included; none if the series has ended."""
    if series.is_over(today):
        return []
    return [
        {
            "expected_date": day.isoformat(),
            "late": day < today,
            "merchant": series.merchant,
            "description": series.description,
            "category": series.category,
            "currency": series.currency,
            "expected_amount": amount_text(-series.usual_amount, series.currency),
            "amount_varies": series.amount_varies,
            "every": series.cadence,
            "seen": len(series.bookings),
            "last_date": series.last_date.isoformat(),
        }
        for day in series.expected_between(series.last_date, end)
    ]


def payment_totals(payments: Sequence[Row]) -> list[dict[str, Any]]:
    return [
        {
            "currency": currency,
            "count": len(same),
            "expected": amount_text(
                sum((Decimal(payment["expected_amount"]) for payment in same), Decimal()), currency
            ),
        }
        for currency, same in by_currency(payments).items()
    ]


def upcoming_sentences(result: Row, wording: Wording) -> Iterator[str]:
    period = wording.period(result["filters"]["start_date"], result["filters"]["end_date"])
    if not result["payments_found"] and not result["reminders_found"]:
        yield f"I found no regular payment and no reminder due {period}."
        return
    if result["payments_found"]:
        totals = [
            f"{wording.money(total['expected'], total['currency'])} in {wording.count(total['count'], 'expected payment')}"
            for total in result["totals"]
        ]
        yield f"You can expect to pay {join_names(totals)} {period}."
        listed = [payment_phrase(row, wording) for row in result["payments"]]
        yield f"Next: {wording.listing(listed, result['payments_found'])}."
    else:
        yield f"I found no regular payment due {period}."
    if result["reminders_found"]:
        listed = [f"“{row['text']}” on {wording.day(row['date'])}" for row in result["reminders"]]
        yield f"Your reminders: {wording.listing(listed, result['reminders_found'])}."


def payment_phrase(row: Row, wording: Wording) -> str:
    name, about = row["merchant"] or row["description"] or "no name", "about " if row["amount_varies"] else ""
    amount, day = wording.money(row["expected_amount"], row["currency"]), wording.day(row["expected_date"])
    return f"{about}{amount} for {name} {f'was due on {day}' if row['late'] else f'on {day}'}"


TOOL = Tool(
    upcoming_obligations,
    returns_untrusted_text=True,
    examples=(
        "What bills are coming up?",
        "Which payments are due soon?",
        "What do I have to pay in the coming days?",
        "What is due in the next two weeks?",
        "Which subscriptions renew soon?",
        "What are my upcoming obligations?",
    ),
)
