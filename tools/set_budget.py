"""Sets the monthly budget of a category."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from pydantic import Field

from graph.tool import Row, Tool, ToolContext, ToolError
from tools.shared.arguments import ToolArguments
from tools.shared.budgets import budget_state, fetch_budgets
from tools.shared.categories import resolve_category
from tools.shared.currencies import OptionalCurrency, resolve_currency
from tools.shared.money import MAX_DECIMALS, amount_text, check_decimals
from tools.shared.sentences.wording import Wording, summarized


class SetBudget(ToolArguments):
    category: str = Field(description="A spending category, by name.", min_length=1, max_length=100)
    monthly_amount: Decimal = Field(description="For a calendar month.", gt=0, le=10**9, decimal_places=MAX_DECIMALS)
    currency: OptionalCurrency = None


async def set_budget(arguments: SetBudget, context: ToolContext) -> dict[str, Any]:
    """Set the user's monthly budget for a category, new or in the place of the one there is.

    Use it when the user names a category and an amount; ask for what is missing. The user confirms it before it is done.
    `budget` is how it stands afterwards.
    """
    category, currency = await resolve_category_and_currency(arguments, context)
    [made] = await context.rows.fetch(
        "upsert_budget", category=category, currency=currency, monthly_amount=arguments.monthly_amount
    )
    return summarized({"status": "ok", "budget": budget_state(made)}, budget_sentences, context)


async def preview_set_budget(arguments: SetBudget, context: ToolContext) -> dict[str, Any]:
    category, currency = await resolve_category_and_currency(arguments, context)
    before = [row for row in await fetch_budgets(category, context) if row["currency"] == currency]
    after = {"category": category, "currency": currency, "monthly_amount": arguments.monthly_amount}
    amount = f"{amount_text(arguments.monthly_amount, currency)} {currency}"
    return {
        "summary": f"The monthly budget for {category} is {'changed' if before else 'set'} to {amount}.",
        "changes": [{"before": budget_state(before[0]) if before else None, "after": budget_state(after)}],
        "count": 1,
    }


async def resolve_category_and_currency(arguments: SetBudget, context: ToolContext) -> tuple[str, str]:
    """The category and the currency of the budget.

    Raises:
        ToolError: the category does not exist or is not one of spending, the currency is unknown, or the amount has more
            decimals than the currency.
    """
    name = await resolve_category(arguments.category, context.rows)
    if name == "Income":
        raise ToolError("Income is no category of spending; a budget says what may be spent.")
    currency = await resolve_currency(arguments.currency, context)
    check_decimals(currency, arguments.monthly_amount)
    return name, currency


def budget_sentences(result: Row, wording: Wording) -> Iterator[str]:
    budget = result["budget"]
    yield f"The budget for {budget['category']} is {wording.money(budget['monthly_amount'], budget['currency'])} a month now."


TOOL = Tool(
    set_budget,
    risk="write",
    preview=preview_set_budget,
    max_calls_per_minute=10,
    examples=(
        "Set my groceries budget to 600",
        "Create a budget of 200 for entertainment",
        "Change the dining budget to 350 a month",
        "Raise my shopping budget by 50",
        "I want to budget 120 a month for gifts",
        "Lower the travel budget to 300",
    ),
)
