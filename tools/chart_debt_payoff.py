"""Draws how a debt shrinks."""

from decimal import Decimal
from typing import Any

from pydantic import Field

from graph.tool import DISPLAY, Tool, ToolContext
from graph.values.months import add_months
from tools.rendering.chart import Chart, ChartSeries
from tools.rendering.render import store_chart
from tools.shared.arguments import ToolArguments
from tools.shared.interest import INTEREST_METHOD, MAX_MONTHS, monthly_interest, payment_schedule
from tools.shared.money import MAX_DECIMALS, amount_text, check_decimals

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
        return {
            "status": "never_paid",
            "within_months": MAX_MONTHS,
            **head,
            "interest_first_month": amount_text(first_interest, currency),
            "rows": [],
        }
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
    return {
        "status": "ok",
        **head,
        "months": len(plan),
        "payoff_month": rows[-1]["month"],
        "last_payment": amount_text(plan[-1].paid, currency),
        "total_paid": amount_text(paid, currency),
        "total_interest": amount_text(paid - arguments.balance, currency),
        "rows": rows,
        DISPLAY: await store_chart(chart, f"debt-payoff-{context.today}", context.files),
    }


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
