"""Deletes the budget of a category."""

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from graph.tool import Row, Tool, ToolContext, ToolError
from tools.shared.arguments import ToolArguments
from tools.shared.budgets import budget_state, fetch_budgets
from tools.shared.currencies import CurrencyCode
from tools.shared.sentences.wording import Wording, summarized


class DeleteBudget(ToolArguments):
    category: str = Field(description="Name of the category.", min_length=1, max_length=100)
    currency: CurrencyCode | None = Field(None, description="Three letters, if it has several budgets.")


async def delete_budget(arguments: DeleteBudget, context: ToolContext) -> dict[str, Any]:
    """Delete the user's budget for a category; the transactions stay.

    Use it when the user wants no budget any more; to change the amount use set_budget. The user confirms it before it is
    done. `deleted` is what was there.
    """
    budget = await resolve_budget(arguments, context)
    gone = await context.rows.fetch("delete_budget", category=budget["category"], currency=budget["currency"])
    if not gone:
        raise ToolError("That budget is gone already.")
    return summarized({"status": "ok", "deleted": budget_state(gone[0])}, deletion_sentences, context)


async def preview_delete_budget(arguments: DeleteBudget, context: ToolContext) -> dict[str, Any]:
    budget = await resolve_budget(arguments, context)
    return {
        "summary": f"The monthly budget for {budget['category']} is deleted.",
        "changes": [{"before": budget_state(budget), "after": None}],
        "count": 1,
    }


async def resolve_budget(arguments: DeleteBudget, context: ToolContext) -> Row:
    """The budget to delete.

    Raises:
        ToolError: no budget matches, or the category has budgets in several currencies.
    """
    found = await fetch_budgets(arguments.category, context)
    meant = [row for row in found if arguments.currency in (None, row["currency"])]
    if not meant:
        raise ToolError("There is no such budget.")
    if len(meant) > 1:
        raise ToolError(f"It has several budgets; ask which currency: {', '.join(row['currency'] for row in meant)}.")
    return meant[0]


def deletion_sentences(result: Row, wording: Wording) -> Iterator[str]:
    budget = result["deleted"]
    amount = wording.money(budget["monthly_amount"], budget["currency"])
    yield f"The budget of {amount} a month for {budget['category']} is deleted."


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
