"""Moves one transaction into another category."""

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from graph.tool import Row, Rows, Tool, ToolContext, ToolError
from tools.shared.categories import resolve_category
from tools.shared.sentences.flows import transaction_phrase
from tools.shared.sentences.wording import Wording, summarized
from tools.shared.transaction_lookup import TransactionSelector, resolve_transaction, transaction_result


class CategoriseTransaction(TransactionSelector):
    category: str = Field(description="Its new category, by name.", max_length=100)


async def categorise_transaction(arguments: CategoriseTransaction, context: ToolContext) -> dict[str, Any]:
    """Move one transaction into another category, on the user's word; the correction is remembered for later suggestions.

    Use it for one transaction; for many use bulk_recategorise. Name it by transaction_id if a result of this conversation has
    it, else by merchant, day and amount. If several match, the fault lists them: ask the user which and give the id. `before`
    and `after` are the transaction before and after the change; `type` is what it counts as now (income, expense, transfer).
    """
    row, category = await resolve_change(arguments, context.rows)
    changed = await context.rows.fetch("set_category", id=row["id"], category=category, category_before=row["category"])
    if not changed:
        raise ToolError("The transaction was changed meanwhile; look at it again.")
    result = {
        "status": "changed",
        "before": transaction_result(row),
        "after": transaction_result(row) | {"category": category},
        "type": changed[0]["flow"],
    }
    return summarized(result, move_sentences, context)


async def preview_categorise_transaction(arguments: CategoriseTransaction, context: ToolContext) -> dict[str, Any]:
    row, category = await resolve_change(arguments, context.rows)
    return {
        "summary": f"Move one transaction from {row['category']} to {category}.",
        "changes": [{"before": transaction_result(row), "after": transaction_result(row) | {"category": category}}],
        "count": 1,
    }


async def resolve_change(arguments: CategoriseTransaction, rows: Rows) -> tuple[dict[str, Any], str]:
    """The transaction, and the stored name of the new category.

    Raises:
        ToolError: the category does not exist, not exactly one transaction matches, or it is in the category already.
    """
    category = await resolve_category(arguments.category, rows)
    row = await resolve_transaction(arguments, rows)
    if row["category"] == category:
        raise ToolError(f"The transaction is in {category} already; nothing is to be changed.")
    return row, category


def move_sentences(result: Row, wording: Wording) -> Iterator[str]:
    before, after = result["before"], result["after"]
    yield f"I moved {transaction_phrase(before, wording)} from {before['category']} to {after['category']}."


TOOL = Tool(
    categorise_transaction,
    risk="write",
    preview=preview_categorise_transaction,
    max_calls_per_minute=20,
    returns_untrusted_text=True,
    examples=(
        "Move that transaction to another category",
        "This purchase is in the wrong category, change it",
        "File the payment under a different category",
        "That charge should be categorised differently",
        "Recategorise this transaction for me",
        "Correct the category of my last purchase",
    ),
)
