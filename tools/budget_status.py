"""Reports the state of the user's budgets this month."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from graph.tool import Row, Tool, ToolContext
from graph.values.currencies import round_amount
from graph.values.months import last_day
from tools.shared.arguments import ToolArguments
from tools.shared.budgets import fetch_budgets
from tools.shared.categories import OptionalCategory
from tools.shared.display import table
from tools.shared.money import amount_text, by_currency, percent_text
from tools.shared.sentences.lists import join_names
from tools.shared.sentences.wording import Wording, summarized

MAX_BUDGETS = 60
"""The most budgets in a result."""
METHOD = (
    "even_pace is the budget times the days gone (today included) by the days of the month. projected is what is spent so far "
    "by the days gone times the days of the month, rounded to the smallest unit of the currency (half to even): a straight "
    "line, too high where bills come early in the month, too low where they come late; where nothing, or less than nothing, is "
    "spent it is what is spent."
)


class BudgetStatus(ToolArguments):
    category: OptionalCategory = None


async def budget_status(arguments: BudgetStatus, context: ToolContext) -> dict[str, Any]:
    """Tell how the user's budgets stand this month: spent, left, the pace, and where the month ends at this pace.

    Use it for "am I within budget" and "how much is left for groceries". Each entry of `budgets` is one category in one
    currency: `budget`, `spent` (refunds taken off), `left` (negative when overspent), `used_percent`, `even_pace` (what would
    be spent by now if every day cost the same), `ahead_of_pace` (spent less even_pace; negative is slower), `projected` and
    `projected_left` by the stated `method`: call it a projection, not a fact. `state` is "over" (overspent), "at_risk"
    (projected above the budget) or "within". `totals` is exact over all budgets, one entry a currency; never add currencies
    together. `status` is "unknown" if there is no budget on file for what was asked: say so, and do not invent one.
    """
    first = context.today.replace(day=1)
    budgets = await fetch_budgets(arguments.category, context)
    days, length = context.today.day, last_day(first).day
    listed = [budget_result(row, days, length) for row in budgets[:MAX_BUDGETS]]
    result = {
        "status": "ok" if budgets else "unknown",
        "filters": arguments.as_filters(),
        "month": f"{first:%Y-%m}",
        "days_gone": days,
        "days_in_month": length,
        "method": METHOD,
        "totals": [budget_totals(currency, same) for currency, same in by_currency(budgets).items()],
        "budgets": listed,
        **table("Budgets", ("category", "currency", "budget", "spent", "left", "projected", "state"), listed),
    }
    return summarized(result, budget_sentences, context)


def budget_result(row: Row, days: int, length: int) -> dict[str, Any]:
    budget, spent, currency = row["monthly_amount"], row["spent"], row["currency"]
    pace = round_amount(budget * days / length, currency)
    projected = project_spending(spent, days, length, currency)
    return {
        "category": row["category"],
        "currency": currency,
        "budget": amount_text(budget, currency),
        "spent": amount_text(spent, currency),
        "left": amount_text(budget - spent, currency),
        "used_percent": percent_text(spent, budget),
        "even_pace": amount_text(pace, currency),
        "ahead_of_pace": amount_text(spent - pace, currency),
        "projected": amount_text(projected, currency),
        "projected_left": amount_text(budget - projected, currency),
        "state": "over" if spent > budget else "at_risk" if projected > budget else "within",
    }


def project_spending(spent: Decimal, days: int, length: int, currency: str) -> Decimal:
    """Spending at the end of the month, if the remaining days cost as much as the past days on average."""
    return round_amount(spent * length / days, currency) if spent > 0 else spent


def budget_totals(currency: str, budgets: Sequence[Row]) -> dict[str, Any]:
    budget = sum((row["monthly_amount"] for row in budgets), Decimal())
    spent = sum((row["spent"] for row in budgets), Decimal())
    return {
        "currency": currency,
        "count": len(budgets),
        "budget": amount_text(budget, currency),
        "spent": amount_text(spent, currency),
        "left": amount_text(budget - spent, currency),
    }


def budget_sentences(result: Row, wording: Wording) -> Iterator[str]:
    budgets, month = result["budgets"], wording.month(result["month"])
    if not budgets:
        category = result["filters"].get("category")
        yield f"There is no budget on file{f' for {category}' if category else ''}."
        return
    if len(budgets) == 1:
        yield one_budget_sentences(budgets[0], month, wording)
        return
    totals = [
        "{} of {} ({})".format(
            *(wording.money(total[name], total["currency"]) for name in ("spent", "budget")),
            left_phrase(total, wording),
        )
        for total in result["totals"]
    ]
    yield f"In {month} you have spent {join_names(totals)} on what you budget for."
    over = [budget_phrase(row, wording) for row in budgets if row["state"] == "over"]
    risky = [budget_phrase(row, wording) for row in budgets if row["state"] == "at_risk"]
    within = [budget_phrase(row, wording) for row in budgets if row["state"] == "within"]
    if over:
        yield f"Over budget: {wording.listing(over)}."
    if risky:
        yield f"Likely to go over at this pace: {wording.listing(risky)}."
    if within:
        yield f"Within budget: {wording.listing(within)}."


def one_budget_sentences(row: Row, month: str, wording: Wording) -> str:
    spent, budget, projected = (wording.money(row[name], row["currency"]) for name in ("spent", "budget", "projected"))
    return (
        f"You have spent {spent} of your {budget} budget for {row['category']} in {month}: {left_phrase(row, wording)}. "
        f"At this pace {month} would end at {projected}."
    )


def budget_phrase(row: Row, wording: Wording) -> str:
    return f"{row['category']} ({left_phrase(row, wording)})"


def left_phrase(row: Row, wording: Wording) -> str:
    left = wording.size(row["left"], row["currency"])
    return f"{left} over" if row["left"].startswith("-") else f"{left} left"


TOOL = Tool(
    budget_status,
    examples=(
        "Am I within my budget?",
        "How much of my budget is left?",
        "How are my budgets doing this month?",
        "Am I over budget on groceries?",
        "Show my budgets",
        "Which budget am I about to overspend?",
        "How much can I still spend on dining before my budget is used up?",
    ),
)
