"""Monthly budgets: how they stand, and how they are set."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from pydantic import Field

from graph.tool import Row, Rows, Tool, ToolContext, ToolFault
from graph.values.currencies import rounded
from graph.values.months import last_day
from tools.shared.arguments import ToolArguments
from tools.shared.categories import resolve_categories
from tools.shared.currencies import Currency, currency_or_main
from tools.shared.display import shown
from tools.shared.money import AMOUNT_DECIMALS, amount_text, by_currency, check_decimals, percent_text

MOST_BUDGETS = 60
"""That a result holds."""

METHOD = (
    "even_pace is the budget times the days gone (today included) by the days of the month. projected is what is spent so far "
    "by the days gone times the days of the month, rounded to the smallest unit of the currency (half to even): a straight "
    "line, too high where bills come early in the month, too low where they come late; where nothing, or less than nothing, is "
    "spent it is what is spent."
)


class BudgetStatus(ToolArguments):
    category: str | None = Field(None, description="Only this category, by name; leave out for all.", max_length=100)


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
    budgets = await budgets_of(arguments.category, context)
    days, length = context.today.day, last_day(first).day
    listed = [present(row, days, length) for row in budgets[:MOST_BUDGETS]]
    return {
        "status": "ok" if budgets else "unknown",
        "filters": arguments.model_dump(mode="json", exclude_none=True),
        "month": f"{first:%Y-%m}",
        "days_gone": days,
        "days_in_month": length,
        "method": METHOD,
        "totals": [add_up(same[0]["currency"], same) for same in by_currency(budgets)],
        "budgets": listed,
        **shown("Budgets", ("category", "currency", "budget", "spent", "left", "projected", "state"), listed),
    }


async def budgets_of(category: str | None, context: ToolContext) -> list[dict[str, Any]]:
    """The budgets of a category, or all, with what is spent this month."""
    return await context.rows.fetch(
        "budgets_with_spending",
        categories=await resolve_categories([category], context.rows) if category else None,
        start_date=context.today.replace(day=1),
        end_date=context.today,
    )


def present(row: Row, days: int, length: int) -> dict[str, Any]:
    budget, spent, currency = row["monthly_amount"], row["spent"], row["currency"]
    pace = rounded(budget * days / length, currency)
    projected = project(spent, days, length, currency)
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


def project(spent: Decimal, days: int, length: int, currency: str) -> Decimal:
    """What is spent by the end of the month if each day to come costs what those gone did on average."""
    return rounded(spent * length / days, currency) if spent > 0 else spent


def add_up(currency: str, budgets: Sequence[Row]) -> dict[str, Any]:
    budget = sum((row["monthly_amount"] for row in budgets), Decimal())
    spent = sum((row["spent"] for row in budgets), Decimal())
    return {
        "currency": currency,
        "count": len(budgets),
        "budget": amount_text(budget, currency),
        "spent": amount_text(spent, currency),
        "left": amount_text(budget - spent, currency),
    }


# What is changed ------------------------------------------------------------------------------------------------------


class SetBudget(ToolArguments):
    category: str = Field(description="Name of the category, one of spending.", min_length=1, max_length=100)
    monthly_amount: Decimal = Field(
        description="What may be spent in a calendar month.", gt=0, le=10**9, decimal_places=AMOUNT_DECIMALS
    )
    currency: Currency | None = Field(
        None, description="Three letters, such as USD; leave out for the user's main one."
    )


async def set_budget(arguments: SetBudget, context: ToolContext) -> dict[str, Any]:
    """Set the user's monthly budget for a category, new or in the place of the one there is.

    Use it when the user names a category and an amount; ask for what is missing. The user confirms it before it is done.
    `budget` is how it stands afterwards.
    """
    category, currency = await place_of(arguments, context.rows)
    [made] = await context.rows.fetch(
        "put_budget", category=category, currency=currency, monthly_amount=arguments.monthly_amount
    )
    return {"status": "ok", "budget": state_of(made)}


async def preview_set_budget(arguments: SetBudget, context: ToolContext) -> dict[str, Any]:
    category, currency = await place_of(arguments, context.rows)
    before = [row for row in await budgets_of(category, context) if row["currency"] == currency]
    after = {"category": category, "currency": currency, "monthly_amount": arguments.monthly_amount}
    amount = f"{amount_text(arguments.monthly_amount, currency)} {currency}"
    return {
        "summary": f"The monthly budget for {category} is {'changed' if before else 'set'} to {amount}.",
        "changes": [{"before": state_of(before[0]) if before else None, "after": state_of(after)}],
        "count": 1,
    }


async def place_of(arguments: SetBudget, rows: Rows) -> tuple[str, str]:
    """The category and currency of a budget that can be set.

    Raises:
        ToolFault: there is no such category, it is none of spending, the currency is not known, or the amount has more
            decimals than it.
    """
    [name] = await resolve_categories([arguments.category], rows)
    if name == "Income":
        raise ToolFault("Income is no category of spending; a budget says what may be spent.")
    currency = await currency_or_main(arguments.currency, rows)
    check_decimals(currency, arguments.monthly_amount)
    return name, currency


def state_of(row: Row) -> dict[str, Any]:
    return {
        "category": row["category"],
        "currency": row["currency"],
        "monthly_amount": amount_text(row["monthly_amount"], row["currency"]),
    }


class DeleteBudget(ToolArguments):
    category: str = Field(description="Name of the category.", min_length=1, max_length=100)
    currency: Currency | None = Field(None, description="Three letters; needed only where it has several budgets.")


async def delete_budget(arguments: DeleteBudget, context: ToolContext) -> dict[str, Any]:
    """Delete the user's budget for a category; the transactions stay.

    Use it when the user wants no budget any more; to change the amount use set_budget. The user confirms it before it is
    done. `deleted` is what was there.
    """
    budget = await budget_to_delete(arguments, context)
    gone = await context.rows.fetch("drop_budget", category=budget["category"], currency=budget["currency"])
    if not gone:
        raise ToolFault("That budget is gone already.")
    return {"status": "ok", "deleted": state_of(gone[0])}


async def preview_delete_budget(arguments: DeleteBudget, context: ToolContext) -> dict[str, Any]:
    budget = await budget_to_delete(arguments, context)
    return {
        "summary": f"The monthly budget for {budget['category']} is deleted.",
        "changes": [{"before": state_of(budget), "after": None}],
        "count": 1,
    }


async def budget_to_delete(arguments: DeleteBudget, context: ToolContext) -> Row:
    """The budget that is meant.

    Raises:
        ToolFault: there is none, or one in each of several currencies.
    """
    found = await budgets_of(arguments.category, context)
    meant = [row for row in found if arguments.currency in (None, row["currency"])]
    if not meant:
        raise ToolFault("There is no such budget.")
    if len(meant) > 1:
        raise ToolFault(f"It has several budgets; ask which currency: {', '.join(row['currency'] for row in meant)}.")
    return meant[0]


TOOLS = (
    Tool(
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
    ),
    Tool(
        set_budget,
        risk="write",
        preview=preview_set_budget,
        per_minute=10,
        examples=(
            "Set my groceries budget to 600",
            "Create a budget of 200 for entertainment",
            "Change the dining budget to 350 a month",
            "Raise my shopping budget by 50",
            "I want to budget 120 a month for gifts",
            "Lower the travel budget to 300",
        ),
    ),
    Tool(
        delete_budget,
        risk="write",
        preview=preview_delete_budget,
        per_minute=10,
        examples=(
            "Delete my shopping budget",
            "Remove the budget for groceries",
            "I no longer want a dining budget",
            "Drop my entertainment budget",
            "Cancel the budget on gifts",
            "Get rid of my travel budget",
        ),
    ),
)
