"""Draws how a debt shrinks."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from pydantic import Field

from graph.tool import DISPLAY, SUMMARY, Row, Tool, ToolContext
from graph.values.months import add_months
from tools.rendering.chart import Chart, ChartSeries
from tools.rendering.render import store_chart
from tools.shared.arguments import ToolArguments
from tools.shared.interest import INTEREST_METHOD, MAX_MONTHS, monthly_interest, payment_schedule
from tools.shared.money import MAX_DECIMALS, amount_text, check_decimals
from tools.shared.sentences.wording import Wording, summarized

MAX_MONTHLY_ROWS = 24
"""The most payments with a row each. A longer schedule has a row for every twelfth payment."""


class ChartDebtPayoff(ToolArguments):
    balance: Decimal = Field(description="Owed now, positive.", gt=0, le=10**9, decimal_places=MAX_DECIMALS)
    annual_rate_percent: Decimal = Field(description="Yearly percent: 19.99.", ge=0, le=100, decimal_places=4)
    monthly_payment: Decimal = Field(description="Monthly, positive.", gt=0, le=10**9, decimal_places=MAX_DECIMALS)
    currency: str = Field("USD", description="Three letters, such as USD.", pattern=r"^[A-Za-z]{3}$")


async def chart_debt_payoff(arguments: ChartDebtPayoff, context: ToolContext) -> dict[str, Any]:
    """Draw how a debt shrinks under a fixed monthly payment, and say when it is paid and what interest it costs. The
    user sees it beside your answer.

    Give the balance, rate and payment that the user named or that another tool returned; never guess them, ask. The
    picture is shown to the user beside your answer. `months`, `payoff_month`, `total_interest` and `total_paid` follow from
    the stated `method`; `rows` holds what the line shows (each month, or each twelfth of a long run). `status` is
    "never_paid" if the payment does not cover the interest: then `interest_first_month` says what it would have to exceed.
    """
    currency = arguments.currency.upper()
    check_decimals(currency, arguments.balance, arguments.monthly_payment)
    plan = payment_schedule(arguments.balance, arguments.annual_rate_percent, arguments.monthly_payment, currency)
    head = {"filters": arguments.model_dump(mode="json"), "method": INTEREST_METHOD, "currency": currency}
    if plan is None:
        first_interest = monthly_interest(arguments.balance, arguments.annual_rate_percent, currency)
        never: dict[str, Any] = {
            "status": "never_paid",
            "within_months": MAX_MONTHS,
            **head,
            "interest_first_month": amount_text(first_interest, currency),
            "rows": [],
        }
        return summarized(never, chart_sentences, context)
    start = context.today.replace(day=1)
    step = 1 if len(plan) <= MAX_MONTHLY_ROWS else 12
    shown = [*range(0, len(plan), step), len(plan)]
    left = [arguments.balance, *(payment.left for payment in plan)]
    rows = [{"month": f"{add_months(start, at):%Y-%m}", "balance": amount_text(left[at], currency)} for at in shown]
    paid = sum((payment.paid for payment in plan), Decimal())
    chart = Chart(
        title="Debt left by month",
        kind="lines",
        currency=currency,
        labels=[row["month"] for row in rows],
        series=[ChartSeries("Balance", [row["balance"] for row in rows])],
    )
    result = {
        "status": "ok",
        **head,
        "months": len(plan),
        "payoff_month": rows[-1]["month"],
        "last_payment": amount_text(plan[-1].paid, currency),
        "total_paid": amount_text(paid, currency),
        "total_interest": amount_text(paid - arguments.balance, currency),
        "rows": rows,
    }
    said = summarized(result, chart_sentences, context)
    return said | {DISPLAY: await store_chart(chart, f"debt-payoff-{context.today}", context.files, said[SUMMARY])}


def chart_sentences(result: Row, wording: Wording) -> Iterator[str]:
    currency, filters = result["currency"], result["filters"]
    balance, payment = (wording.money(filters[name], currency) for name in ("balance", "monthly_payment"))
    rate = wording.percent(filters["annual_rate_percent"])
    if result["status"] == "never_paid":
        interest = wording.money(result["interest_first_month"], currency)
        yield f"With {payment} a month, a debt of {balance} at {rate} is never paid off, so there is no chart."
        yield f"The first month's interest is {interest}; the payment must be higher."
        return
    interest, paid = (wording.money(result[name], currency) for name in ("total_interest", "total_paid"))
    months = wording.count(result["months"], "month")
    yield f"The chart shows how a debt of {balance} at {rate} shrinks with {payment} a month."
    yield f"It is paid off in {wording.month(result['payoff_month'])}, after {months}."
    yield f"That costs {interest} of interest, {paid} in all."


TOOL = Tool(
    chart_debt_payoff,
    max_calls_per_minute=10,
    examples=(
        "Draw a chart of paying off 5000 at 19.99 percent with 250 a month",
        "Show me a graph of my debt going down if I pay 300 a month",
        "Plot when my credit card debt would be paid off",
        "Chart the payoff of a 12000 loan at 7 percent",
        "Can I see how my balance shrinks with 150 a month?",
        "Make a picture of my debt payoff",
    ),
)
