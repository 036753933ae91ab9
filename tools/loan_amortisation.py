"""Calculates the cost of a loan."""

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from pydantic import Field

from graph.tool import Row, Tool, ToolContext, ToolError
from graph.values.months import add_months
from tools.shared.arguments import ToolArguments
from tools.shared.currencies import CurrencyCode
from tools.shared.display import table
from tools.shared.interest import (
    INTEREST_METHOD,
    MAX_MONTHS,
    Payment,
    level_payment,
    monthly_interest,
    payment_schedule,
)
from tools.shared.money import MAX_DECIMALS, amount_text, check_decimals
from tools.shared.sentences.wording import Wording, summarized

MAX_YEARS = 40
"""The most years that a schedule lists."""


class LoanAmortisation(ToolArguments):
    principal: Decimal = Field(description="Borrowed or still owed.", gt=0, le=10**10, decimal_places=MAX_DECIMALS)
    annual_rate_percent: Decimal = Field(description="Yearly percent: 6.5.", ge=0, le=100, decimal_places=4)
    months: int | None = Field(None, description="Term; this or monthly_payment.", ge=1, le=MAX_MONTHS)
    monthly_payment: Decimal | None = Field(
        None,
        description="Monthly; this or months.",
        gt=0,
        le=10**9,
        decimal_places=MAX_DECIMALS,
    )
    extra_payment: Decimal = Field(
        Decimal(), description="Monthly, on top.", ge=0, le=10**9, decimal_places=MAX_DECIMALS
    )
    currency: CurrencyCode | None = Field(None, description="Three letters, only repeated.")


async def loan_amortisation(arguments: LoanAmortisation, context: ToolContext) -> dict[str, Any]:
    """Work out a loan: the monthly payment or the term, the total interest, a yearly schedule, and what paying extra saves.

    Give principal, rate, and the term in months or the monthly payment, as the user named them or another tool returned
    them; never guess one, ask. `monthly_payment`, `months`, `payoff_month`, `last_payment`, `total_interest` and
    `total_paid` are without the extra; `with_extra` has the same with it, and `months_saved` and `interest_saved`; it is null
    without an extra payment. `schedule` sums up each year from the first payment. `method` says how it is worked out.
    `status` is "never_paid" if the payment does not cover the interest: `interest_first_month` says what it must exceed.
    """
    if (arguments.months is None) == (arguments.monthly_payment is None):
        raise ToolError("Give exactly one of months and monthly_payment.")
    currency = arguments.currency
    check_decimals(currency, arguments.principal, arguments.monthly_payment, arguments.extra_payment)
    payment = arguments.monthly_payment or level_payment(
        arguments.principal, arguments.annual_rate_percent, arguments.months or 1, currency
    )
    head = {
        "filters": arguments.as_filters(),
        "method": INTEREST_METHOD,
        "currency": currency,
        "monthly_payment": amount_text(payment, currency),
        "interest_first_month": amount_text(
            monthly_interest(arguments.principal, arguments.annual_rate_percent, currency), currency
        ),
    }
    plan, faster = (
        payment_schedule(arguments.principal, arguments.annual_rate_percent, amount, currency, arguments.months)
        for amount in (payment, payment + arguments.extra_payment)
    )
    if plan is None:
        never: dict[str, Any] = {
            "status": "never_paid",
            "within_months": MAX_MONTHS,
            **head,
            "with_extra": None,
            "schedule": [],
        }
        return summarized(never, loan_sentences, context)
    years = yearly_schedule(plan, arguments.principal, currency)
    result = {
        "status": "ok",
        **head,
        **schedule_summary(plan, context.today, currency),
        "with_extra": extra_payment_summary(plan, faster, context.today, currency)
        if arguments.extra_payment and faster
        else None,
        "schedule": years[:MAX_YEARS],
        **table("Year by year", ("year", "interest", "principal", "balance"), years[:MAX_YEARS]),
    }
    return summarized(result, loan_sentences, context)


def schedule_summary(plan: Sequence[Payment], today: dt.date, currency: str | None) -> dict[str, Any]:
    return {
        "months": len(plan),
        "payoff_month": f"{add_months(today.replace(day=1), len(plan)):%Y-%m}",
        "last_payment": amount_text(plan[-1].paid, currency),
        "total_interest": amount_text(total_interest(plan), currency),
        "total_paid": amount_text(sum((payment.paid for payment in plan), Decimal()), currency),
    }


def extra_payment_summary(
    plan: Sequence[Payment], faster: Sequence[Payment], today: dt.date, currency: str | None
) -> dict[str, Any]:
    return schedule_summary(faster, today, currency) | {
        "months_saved": len(plan) - len(faster),
        "interest_saved": amount_text(total_interest(plan) - total_interest(faster), currency),
    }


def total_interest(plan: Sequence[Payment]) -> Decimal:
    return sum((payment.interest for payment in plan), Decimal())


def yearly_schedule(plan: Sequence[Payment], principal: Decimal, currency: str | None) -> list[dict[str, Any]]:
    """One row for every twelve payments."""
    rows = []
    for start in range(0, len(plan), 12):
        year = plan[start : start + 12]
        before = plan[start - 1].left if start else principal
        rows.append(
            {
                "year": start // 12 + 1,
                "payments": len(year),
                "interest": amount_text(total_interest(year), currency),
                "principal": amount_text(before - year[-1].left, currency),
                "balance": amount_text(year[-1].left, currency),
            }
        )
    return rows


def loan_sentences(result: Row, wording: Wording) -> Iterator[str]:
    currency, filters = result["currency"], result["filters"]
    payment = wording.money(result["monthly_payment"], currency)
    principal, rate = wording.money(filters["principal"], currency), wording.percent(filters["annual_rate_percent"])
    if result["status"] == "never_paid":
        interest = wording.money(result["interest_first_month"], currency)
        yield f"A loan of {principal} at {rate} is never paid off with {payment} a month."
        yield f"The first month's interest is {interest}; the payment must be higher."
        return
    interest, whole = (wording.money(result[name], currency) for name in ("total_interest", "total_paid"))
    months, end = wording.count(result["months"], "month"), wording.month(result["payoff_month"])
    yield f"A loan of {principal} at {rate} costs {payment} a month for {months}, until {end}."
    yield f"You would pay {interest} of interest, {whole} in all."
    if extra := result["with_extra"]:
        saved, sooner = wording.money(extra["interest_saved"], currency), wording.count(extra["months_saved"], "month")
        more = wording.money(filters["extra_payment"], currency)
        yield f"With {more} more a month you finish {sooner} sooner and save {saved}."


TOOL = Tool(
    loan_amortisation,
    examples=(
        "What would a loan of 20000 at 6 percent over 5 years cost?",
        "What is the monthly payment on a 300000 mortgage at 5.5 percent for 30 years?",
        "How much interest do I pay on a loan of 8000 with 250 a month?",
        "What do I save on my loan by paying 50 extra each month?",
        "Amortise a loan for me",
        "How long until a loan is repaid at 400 a month?",
    ),
)
