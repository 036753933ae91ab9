"""Calculates the growth of savings."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from pydantic import Field

from graph.tool import Row, Tool, ToolContext
from graph.values.months import add_months
from tools.shared.arguments import ToolArguments
from tools.shared.currencies import CurrencyCode
from tools.shared.display import table
from tools.shared.interest import future_value
from tools.shared.money import MAX_DECIMALS, amount_text, check_decimals
from tools.shared.sentences.wording import Wording, summarized

SAVINGS_METHOD = (
    "The starting balance bears interest from today, each contribution is added at the end of a month; a month bears a "
    "twelfth of the yearly rate, and interest bears interest. The result is rounded once, to the smallest unit of the currency "
    "(half to even). Taxes, fees and inflation are not counted, and the rate is taken as fixed."
)


class SavingsForecast(ToolArguments):
    starting_balance: Decimal = Field(
        Decimal(), description="What is there now.", ge=0, le=10**10, decimal_places=MAX_DECIMALS
    )
    monthly_contribution: Decimal = Field(
        Decimal(), description="Added at each month's end.", ge=0, le=10**9, decimal_places=MAX_DECIMALS
    )
    annual_rate_percent: Decimal = Field(
        description="Yearly percent: 4. Ask, do not guess.",
        ge=0,
        le=100,
        decimal_places=4,
    )
    months: int = Field(description="Months ahead.", ge=1, le=600)
    currency: CurrencyCode | None = Field(None, description="Three letters, only repeated.")


async def savings_forecast(arguments: SavingsForecast, context: ToolContext) -> dict[str, Any]:
    """Work out what savings grow to with a starting balance, a monthly contribution and a fixed yearly rate.

    Use it for "what will I have in five years if I put 200 a month aside". Take the figures from the user or from other
    tools; never guess them, ask. `final_balance` is at `end_month`; `contributed` is what was put in after the start, and
    `interest` is the rest. `years` has the balance at the end of each year and of the last month. It is a calculation by
    the stated `method`, not a promise: say so.
    """
    check_decimals(arguments.currency, arguments.starting_balance, arguments.monthly_contribution)
    marks = sorted({*range(12, arguments.months, 12), arguments.months})
    rows = [savings_after(arguments, number, context.today) for number in marks]
    result = {
        "status": "ok",
        "filters": arguments.as_filters(),
        "method": SAVINGS_METHOD,
        "currency": arguments.currency,
        "end_month": rows[-1]["month"],
        "final_balance": rows[-1]["balance"],
        "contributed": rows[-1]["contributed"],
        "interest": rows[-1]["interest"],
        "years": rows,
        **table("Savings", ("month", "contributed", "interest", "balance"), rows),
    }
    return summarized(result, savings_sentences, context)


def savings_after(arguments: SavingsForecast, months: int, today: dt.date) -> dict[str, Any]:
    """The savings after a number of months."""
    start, added = arguments.starting_balance, arguments.monthly_contribution * months
    value = future_value(
        start, arguments.monthly_contribution, arguments.annual_rate_percent, months, arguments.currency
    )
    return {
        "month": f"{add_months(today.replace(day=1), months):%Y-%m}",
        "contributed": amount_text(added, arguments.currency),
        "interest": amount_text(value - start - added, arguments.currency),
        "balance": amount_text(value, arguments.currency),
    }


def savings_sentences(result: Row, wording: Wording) -> Iterator[str]:
    currency = result["currency"]
    final, added, interest = (
        wording.money(result[name], currency) for name in ("final_balance", "contributed", "interest")
    )
    rate = wording.percent(result["filters"]["annual_rate_percent"])
    yield f"In {wording.month(result['end_month'])} you would have {final} at {rate} a year."
    yield f"Of that, {added} is what you put in after the start and {interest} is interest."
    yield "It is a calculation at a fixed rate, not a promise."


TOOL = Tool(
    savings_forecast,
    examples=(
        "What will 200 a month at 4 percent grow to in 10 years?",
        "How much would I have after 5 years if I put 300 aside every month?",
        "Work out compound interest on 5000 at 3 percent",
        "What do my savings come to with 150 a month for 24 months?",
        "Grow 10000 at 5 percent for 20 years",
        "How big will my nest egg be in 15 years?",
    ),
)
