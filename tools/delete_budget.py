"""Deletes the budget of a category."""

from typing import Any

from pydantic import Field

from graph.tool import Row, Tool, ToolContext, ToolError
from tools.shared.arguments import ToolArguments
from tools.shared.budgets import budgets_of, state_of
from tools.shared.currencies import Currency


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
        raise ToolError("That budget is gone already.")
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
        ToolError: there is none, or one in each of several currencies.
    """
    found = await budgets_of(arguments.category, context)
    meant = [row for row in found if arguments.currency in (None, row["currency"])]
    if not meant:
        raise ToolError("There is no such budget.")
    if len(meant) > 1:
        raise ToolError(f"It has several budgets; ask which currency: {', '.join(row['currency'] for row in meant)}.")
    return meant[0]


TOOL = Tool(
    delete_budget,
    risk="write",
    preview=preview_delete_budget,
    max_calls_per_minute=10,
    examples=(
        "Delete my shopping budget",
        "Remove the budget for groceries",
        "I no longer want a dining budget",
        "Drop my entertainment budget",
        "Cancel the budget on gifts",
        "Get rid of my travel budget",
    ),
)
