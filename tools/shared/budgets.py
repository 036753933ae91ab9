"""The user's monthly budgets."""

from typing import Any

from graph.tool import Row, ToolContext
from tools.shared.categories import category_filter
from tools.shared.money import amount_text


async def fetch_budgets(category: str | None, context: ToolContext) -> list[dict[str, Any]]:
    """The budgets of a category, or all budgets, with this month's spending."""
    return await context.rows.fetch(
        "budgets_with_spending",
        categories=await category_filter(category, context.rows),
        start_date=context.today.replace(day=1),
        end_date=context.today,
    )


def budget_state(row: Row) -> dict[str, Any]:
    return {
        "category": row["category"],
        "currency": row["currency"],
        "monthly_amount": amount_text(row["monthly_amount"], row["currency"]),
    }
