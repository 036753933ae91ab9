"""Compares two orders in which to pay off the user's debts."""

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from pydantic import Field

from graph.tool import Row, Tool, ToolContext, ToolError
from graph.values.months import add_months
from tools.shared.arguments import ToolArguments
from tools.shared.currencies import CurrencyCode
from tools.shared.debts import MAX_DEBTS, is_growing
from tools.shared.display import table
from tools.shared.interest import (
    INTEREST_METHOD,
    MAX_MONTHS,
    DebtTerms,
    PayoffPlan,
    avalanche,
    monthly_interest,
    plan_payoff,
    snowball,
)
from tools.shared.money import MAX_DECIMALS, amount_text, check_decimals
from tools.shared.sentences.lists import join_names
from tools.shared.sentences.wording import Wording, summarized

PLAN_METHOD = (
    f"{INTEREST_METHOD} Every debt gets its minimum payment; the extra payment and what paid debts no longer need goes to the "
    "dearest debt first (avalanche) or to the smallest one first (snowball), so the sum paid each month stays the same to the "
    "end."
)


class DebtPayoffPlan(ToolArguments):
    extra_payment: Decimal = Field(
        Decimal(),
        description="Monthly, on top of all minimums.",
        ge=0,
        le=10**9,
        decimal_places=MAX_DECIMALS,
    )
    currency: CurrencyCode | None = Field(None, description="Three letters, if debts are in several currencies.")


async def debt_payoff_plan(arguments: DebtPayoffPlan, context: ToolContext) -> dict[str, Any]:
    """Compare two ways to pay off the user's debts: the dearest first (avalanche) or the smallest first (snowball).

    Use it for "how do I get out of debt" and "when am I debt free". `monthly_payment` is all minimums plus `extra_payment`.
    `avalanche` and `snowball` each have the `order` with each debt's `payoff_month`, the `debt_free_month`, `months` and
    `total_interest`; `interest_saved_by_avalanche` is their difference. `method` says how it is worked out. A strategy whose
    `status` is "never_paid" does not end within a hundred years: `interest_next_month` says what the payment must exceed.
    `minimum_below_interest` names debts that grow under their minimum alone. `status` is "no_rows" without unpaid debts on
    file, and "ambiguous" if they are in several `currencies`: ask which, they are planned apart.
    """
    unpaid = [debt for debt in await context.rows.fetch("debts") if debt["balance"]]
    currencies = sorted({debt["currency"] for debt in unpaid})
    filters = arguments.as_filters()
    if not arguments.currency and len(currencies) > 1:
        ambiguous = {"status": "ambiguous", "filters": filters, "currencies": currencies}
        return summarized(ambiguous, plan_sentences, context)
    own = [debt for debt in unpaid if arguments.currency in (None, debt["currency"])]
    if not own:
        nothing = {"status": "no_rows", "filters": filters, "other_currencies": currencies}
        return summarized(nothing, plan_sentences, context)
    if len(own) > MAX_DEBTS:
        raise ToolError(f"A plan is made for at most {MAX_DEBTS} debts.")
    result = {"status": "ok", "filters": filters} | compare_orders(own, arguments.extra_payment, context.today)
    return summarized(result, plan_sentences, context)


def compare_orders(debts: Sequence[Row], extra: Decimal, today: dt.date) -> dict[str, Any]:
    """The plans by both orders for debts of one currency."""
    currency = debts[0]["currency"]
    check_decimals(currency, extra)
    owed = [
        DebtTerms(debt["name"], debt["balance"], debt["annual_rate_percent"], debt["minimum_payment"]) for debt in debts
    ]
    dearest, smallest = (plan_payoff(owed, extra, order, currency) for order in (avalanche, snowball))
    first = plan_result(dearest, today, currency)
    grown = sum((monthly_interest(debt.balance, debt.annual_rate_percent, currency) for debt in owed), Decimal())
    saved = smallest.interest - dearest.interest if dearest and smallest else None
    return {
        "currency": currency,
        "owed": amount_text(sum((debt.balance for debt in owed), Decimal()), currency),
        "monthly_payment": amount_text(sum((debt.minimum for debt in owed), extra), currency),
        "interest_next_month": amount_text(grown, currency),
        "method": PLAN_METHOD,
        "minimum_below_interest": [{"name": debt["name"]} for debt in debts if is_growing(debt)],
        "avalanche": first,
        "snowball": plan_result(smallest, today, currency),
        "interest_saved_by_avalanche": None if saved is None else amount_text(saved, currency),
        **table("Avalanche: the dearest debt first", ("name", "payoff_month"), first.get("order", [])),
    }


def plan_result(plan: PayoffPlan | None, today: dt.date, currency: str) -> dict[str, Any]:
    if plan is None:
        return {"status": "never_paid", "within_months": MAX_MONTHS}

    def month(number: int) -> str:
        return f"{add_months(today.replace(day=1), number):%Y-%m}"

    return {
        "status": "ok",
        "months": plan.length,
        "debt_free_month": month(plan.length),
        "total_interest": amount_text(plan.interest, currency),
        "order": [
            {"name": name, "payoff_month": month(number), "months": number}
            for name, number in sorted(plan.months.items(), key=lambda debt: (debt[1], debt[0]))
        ],
    }


def plan_sentences(result: Row, wording: Wording) -> Iterator[str]:
    if result["status"] == "ambiguous":
        yield f"Your debts are in several currencies: {join_names(result['currencies'])}."
        yield "For which one do you want the plan?"
        return
    if result["status"] == "no_rows":
        currency = result["filters"].get("currency")
        yield f"There are no unpaid debts{f' in {currency}' if currency else ''} on file."
        return
    currency = result["currency"]
    owed, payment = (wording.money(result[name], currency) for name in ("owed", "monthly_payment"))
    yield f"You owe {owed} and would pay {payment} a month."
    if result["avalanche"]["status"] == "never_paid":
        interest = wording.money(result["interest_next_month"], currency)
        yield f"At that rate the debts are never paid off: next month's interest alone is {interest}."
        return
    yield f"Dearest debt first, you are debt free in {order_phrase(result['avalanche'], currency, wording)}."
    if (saved := result["interest_saved_by_avalanche"]) is not None:
        snowball = order_phrase(result["snowball"], currency, wording)
        compared = f", {wording.money(saved, currency)} more" if Decimal(saved) > 0 else ""
        yield f"Smallest debt first, it is {snowball}{compared}."
    if result["minimum_below_interest"]:
        names = wording.listing([debt["name"] for debt in result["minimum_below_interest"]])
        yield f"With the minimum payment alone, {names} would grow."


def order_phrase(plan: Row, currency: str, wording: Wording) -> str:
    months, interest = wording.count(plan["months"], "month"), wording.money(plan["total_interest"], currency)
    return f"{wording.month(plan['debt_free_month'])} ({months}) with {interest} of interest"


TOOL = Tool(
    debt_payoff_plan,
    examples=(
        "When will I be debt free?",
        "Which debt is best paid first?",
        "Compare avalanche and snowball for my debts",
        "Make a plan to pay off my debts",
        "How fast am I out of debt with 100 extra a month?",
        "Is the snowball method better for me?",
    ),
)
