"""What a loan costs and what savings grow to, from figures that are given."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from pydantic import Field

from graph.tool import Tool, ToolContext, ToolFault
from graph.values.months import months_later
from tools.shared.arguments import ToolArguments
from tools.shared.currencies import Currency
from tools.shared.display import shown
from tools.shared.interest import METHOD, MOST_MONTHS, Payment, future_value, interest, level_payment, pay_off
from tools.shared.money import AMOUNT_DECIMALS, amount_text, check_decimals

MOST_YEARS = 40
"""Of a schedule that are listed."""

SAVINGS_METHOD = (
    "The starting balance bears interest from today, each contribution is added at the end of a month; a month bears a "
    "twelfth of the yearly rate, and interest bears interest. The result is rounded once, to the smallest unit of the currency "
    "(half to even). Taxes, fees and inflation are not counted, and the rate is taken as fixed."
)


class LoanAmortisation(ToolArguments):
    principal: Decimal = Field(
        description="What is borrowed or still owed.", gt=0, le=10**10, decimal_places=AMOUNT_DECIMALS
    )
    annual_rate_percent: Decimal = Field(
        description="Yearly interest in percent: 6.5. 0 for none.", ge=0, le=100, decimal_places=4
    )
    months: int | None = Field(None, description="Term in months: give this or monthly_payment.", ge=1, le=MOST_MONTHS)
    monthly_payment: Decimal | None = Field(
        None,
        description="What is paid each month: give this or months.",
        gt=0,
        le=10**9,
        decimal_places=AMOUNT_DECIMALS,
    )
    extra_payment: Decimal = Field(
        Decimal(), description="What could be paid each month on top.", ge=0, le=10**9, decimal_places=AMOUNT_DECIMALS
    )
    currency: Currency | None = Field(None, description="Three letters; only repeated in the result.")


async def loan_amortisation(arguments: LoanAmortisation, context: ToolContext) -> dict[str, Any]:
    """Work out a loan: the monthly payment or the term, the total interest, a yearly schedule, and what paying extra saves.

    Give principal, rate, and the term in months or the monthly payment, as the user named them or another tool returned
    them; never guess one, ask. `monthly_payment`, `months`, `payoff_month`, `last_payment`, `total_interest` and
    `total_paid` are without the extra; `with_extra` has the same with it, and `months_saved` and `interest_saved`; it is null
    without an extra payment. `schedule` sums up each year from the first payment. `method` says how it is worked out.
    `status` is "never_paid" if the payment does not cover the interest: `interest_first_month` says what it must exceed.
    """
    if (arguments.months is None) == (arguments.monthly_payment is None):
        raise ToolFault("Give months or monthly_payment, one of them.")
    currency = arguments.currency
    check_decimals(currency, arguments.principal, arguments.monthly_payment, arguments.extra_payment)
    payment = arguments.monthly_payment or level_payment(
        arguments.principal, arguments.annual_rate_percent, arguments.months or 1, currency
    )
    head = {
        "filters": arguments.model_dump(mode="json", exclude_none=True),
        "method": METHOD,
        "currency": currency,
        "monthly_payment": amount_text(payment, currency),
        "interest_first_month": amount_text(
            interest(arguments.principal, arguments.annual_rate_percent, currency), currency
        ),
    }
    plan, faster = (
        pay_off(arguments.principal, arguments.annual_rate_percent, each, currency, arguments.months)
        for each in (payment, payment + arguments.extra_payment)
    )
    if plan is None:
        return {"status": "never_paid", "within_months": MOST_MONTHS, **head, "with_extra": None, "schedule": []}
    years = schedule(plan, arguments.principal, currency)
    return {
        "status": "ok",
        **head,
        **told(plan, context.today, currency),
        "with_extra": saved(plan, faster, context.today, currency) if arguments.extra_payment and faster else None,
        "schedule": years[:MOST_YEARS],
        **shown("Year by year", ("year", "interest", "principal", "balance"), years[:MOST_YEARS]),
    }


def told(plan: Sequence[Payment], today: dt.date, currency: str | None) -> dict[str, Any]:
    return {
        "months": len(plan),
        "payoff_month": f"{months_later(today.replace(day=1), len(plan)):%Y-%m}",
        "last_payment": amount_text(plan[-1].paid, currency),
        "total_interest": amount_text(total_interest(plan), currency),
        "total_paid": amount_text(sum((payment.paid for payment in plan), Decimal()), currency),
    }


def saved(plan: Sequence[Payment], faster: Sequence[Payment], today: dt.date, currency: str | None) -> dict[str, Any]:
    return told(faster, today, currency) | {
        "months_saved": len(plan) - len(faster),
        "interest_saved": amount_text(total_interest(plan) - total_interest(faster), currency),
    }


def total_interest(plan: Sequence[Payment]) -> Decimal:
    return sum((payment.interest for payment in plan), Decimal())


def schedule(plan: Sequence[Payment], principal: Decimal, currency: str | None) -> list[dict[str, Any]]:
    """Each twelve payments together."""
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


class SavingsForecast(ToolArguments):
    starting_balance: Decimal = Field(
        Decimal(), description="What is there now.", ge=0, le=10**10, decimal_places=AMOUNT_DECIMALS
    )
    monthly_contribution: Decimal = Field(
        Decimal(), description="What is added at the end of each month.", ge=0, le=10**9, decimal_places=AMOUNT_DECIMALS
    )
    annual_rate_percent: Decimal = Field(
        description="Yearly interest in percent: 4. 0 for none. Ask for it; do not guess.",
        ge=0,
        le=100,
        decimal_places=4,
    )
    months: int = Field(description="How many months ahead.", ge=1, le=600)
    currency: Currency | None = Field(None, description="Three letters; only repeated in the result.")


async def savings_forecast(arguments: SavingsForecast, context: ToolContext) -> dict[str, Any]:
    """Work out what savings grow to with a starting balance, a monthly contribution and a fixed yearly rate.

    Use it for "what will I have in five years if I put 200 a month aside". Take the figures from the user or from other
    tools; never guess them, ask. `final_balance` is at `end_month`; `contributed` is what was put in after the start, and
    `interest` is the rest. `years` has the balance at the end of each year and of the last month. It is a calculation by
    the stated `method`, not a promise: say so.
    """
    check_decimals(arguments.currency, arguments.starting_balance, arguments.monthly_contribution)
    marks = sorted({*range(12, arguments.months, 12), arguments.months})
    rows = [point(arguments, number, context.today) for number in marks]
    return {
        "status": "ok",
        "filters": arguments.model_dump(mode="json", exclude_none=True),
        "method": SAVINGS_METHOD,
        "currency": arguments.currency,
        "end_month": rows[-1]["month"],
        "final_balance": rows[-1]["balance"],
        "contributed": rows[-1]["contributed"],
        "interest": rows[-1]["interest"],
        "years": rows,
        **shown("Savings", ("month", "contributed", "interest", "balance"), rows),
    }


def point(arguments: SavingsForecast, months: int, today: dt.date) -> dict[str, Any]:
    """How it stands after so many months."""
    start, added = arguments.starting_balance, arguments.monthly_contribution * months
    value = future_value(
        start, arguments.monthly_contribution, arguments.annual_rate_percent, months, arguments.currency
    )
    return {
        "month": f"{months_later(today.replace(day=1), months):%Y-%m}",
        "contributed": amount_text(added, arguments.currency),
        "interest": amount_text(value - start - added, arguments.currency),
        "balance": amount_text(value, arguments.currency),
    }


TOOLS = (
    Tool(
        loan_amortisation,
        examples=(
            "What would a loan of 20000 at 6 percent over 5 years cost?",
            "What is the monthly payment on a 300000 mortgage at 5.5 percent for 30 years?",
            "How much interest do I pay on a loan of 8000 with 250 a month?",
            "What do I save on my loan by paying 50 extra each month?",
            "Amortise a loan for me",
            "How long until a loan is repaid at 400 a month?",
        ),
    ),
    Tool(
        savings_forecast,
        examples=(
            "What will 200 a month at 4 percent grow to in 10 years?",
            "How much would I have after 5 years if I put 300 aside every month?",
            "Work out compound interest on 5000 at 3 percent",
            "What do my savings come to with 150 a month for 24 months?",
            "Grow 10000 at 5 percent for 20 years",
            "How big will my nest egg be in 15 years?",
        ),
    ),
)
