"""Lists the user's debts."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from graph.tool import Row, Tool, ToolContext
from tools.shared.arguments import ToolArguments
from tools.shared.debts import MAX_DEBTS, debt_result
from tools.shared.display import table
from tools.shared.interest import monthly_interest
from tools.shared.money import amount_text, by_currency
from tools.shared.sentences.debts import debt_phrase
from tools.shared.sentences.lists import join_names
from tools.shared.sentences.wording import Wording, summarized


class ListDebts(ToolArguments):
    pass


async def list_debts(arguments: ListDebts, context: ToolContext) -> dict[str, Any]:
    """List the user's debts with what is owed, the yearly rate, the minimum payment, and the day the balance is of.

    Use it for "what do I owe" beyond account balances, such as loans. `balance` is positive: what is owed on `as_of`.
    `interest_next_month` is a twelfth of the yearly rate on it. `minimum_below_interest` is true where the minimum payment
    does not cover that interest, so the debt grows: say so. `totals` has one entry a currency; never add currencies
    together. A debt with a balance of 0.00 is paid. `status` is "no_rows" if none is on file: say so; the user can add some.
    """
    debts = await context.rows.fetch("debts")
    listed = [debt_result(debt) for debt in debts[:MAX_DEBTS]]
    result = {
        "status": "ok" if debts else "no_rows",
        "matches": len(debts),
        "shown": len(listed),
        "totals": [debt_totals(currency, same) for currency, same in by_currency(debts).items()],
        "debts": listed,
        **table("Debts", ("name", "currency", "balance", "annual_rate_percent", "minimum_payment", "as_of"), listed),
    }
    return summarized(result, debt_sentences, context)


def debt_totals(currency: str, debts: Sequence[Row]) -> dict[str, Any]:
    unpaid = [debt for debt in debts if debt["balance"]]
    grown = sum(
        (monthly_interest(debt["balance"], debt["annual_rate_percent"], currency) for debt in unpaid), Decimal()
    )
    return {
        "currency": currency,
        "unpaid": len(unpaid),
        "owed": amount_text(sum((debt["balance"] for debt in unpaid), Decimal()), currency),
        "minimum_payments": amount_text(sum((debt["minimum_payment"] for debt in unpaid), Decimal()), currency),
        "interest_next_month": amount_text(grown, currency),
    }


def debt_sentences(result: Row, wording: Wording) -> Iterator[str]:
    if not result["matches"]:
        yield "There are no debts on file."
        return
    totals = [total_phrase(total, wording) for total in result["totals"]]
    yield f"You owe {join_names(totals)}."
    listed = [debt_phrase(debt, wording) for debt in result["debts"]]
    yield f"{'It is' if result['matches'] == 1 else 'They are'} {wording.listing(listed, result['matches'])}."
    growing = [debt["name"] for debt in result["debts"] if debt["minimum_below_interest"]]
    if growing:
        payments, cover = ("payments", "do") if len(growing) > 1 else ("payment", "does")
        yield f"The minimum {payments} of {wording.listing(growing)} {cover} not cover the interest."


def total_phrase(total: Row, wording: Wording) -> str:
    owed, minimum = (wording.money(total[name], total["currency"]) for name in ("owed", "minimum_payments"))
    return f"{owed} on {wording.count(total['unpaid'], 'debt')}, with minimum payments of {minimum} a month"


TOOL = Tool(
    list_debts,
    examples=(
        "What debts do I have?",
        "List my debts",
        "How much debt do I have?",
        "Show my loans",
        "What interest rate is on my student loan?",
        "Which of my debts is the most expensive?",
    ),
)
