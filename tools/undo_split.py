"""Joins the parts of a split transaction."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from pydantic import Field

from graph.tool import Row, Rows, Tool, ToolContext, ToolError
from tools.shared.categories import resolve_category
from tools.shared.money import amount_text
from tools.shared.sentences.flows import transaction_phrase
from tools.shared.sentences.wording import Wording, summarized
from tools.shared.transaction_lookup import (
    TransactionSelector,
    describe_transaction,
    resolve_transaction,
    transaction_result,
    transaction_results,
)


class UndoSplit(TransactionSelector):
    category: str | None = Field(
        None, description="Category of the whole; default: the largest part's.", max_length=100
    )


async def undo_split(arguments: UndoSplit, context: ToolContext) -> dict[str, Any]:
    """Make the parts of a split transaction one transaction again, on the user's word.

    Name any part by its transaction_id. `before` holds the parts, `after` the whole, of the amount that they add up to.
    """
    parts, category = await resolve_parts(arguments, context.rows)
    [whole] = await context.rows.fetch("undo_split", id=parts[0]["id"], category=category)
    result = {"status": "changed", "before": transaction_results(parts), "after": transaction_result(whole)}
    return summarized(result, join_sentences, context)


async def preview_undo_split(arguments: UndoSplit, context: ToolContext) -> dict[str, Any]:
    parts, category = await resolve_parts(arguments, context.rows)
    amount, currency = sum((part["amount"] for part in parts), Decimal()), parts[0]["currency"]
    whole = f"{amount_text(amount, currency)} {currency}"
    return {
        "summary": f"Make {len(parts)} parts one transaction of {whole} in {category}.",
        "changes": [
            {
                "before": transaction_results(parts),
                "after": transaction_result(parts[0] | {"amount": amount, "category": category}),
            }
        ],
        "count": len(parts),
    }


async def resolve_parts(arguments: UndoSplit, rows: Rows) -> tuple[Sequence[dict[str, Any]], str]:
    """The parts, the original transaction first, and the category of the whole.

    Raises:
        ToolError: not exactly one transaction matches, or it was not split.
    """
    row = await resolve_transaction(arguments, rows)
    if not (row["split_of"] or row["was_split"]):
        raise ToolError(f"It is not split: {describe_transaction(row)}.")
    parts = await rows.fetch("split_parts", id=row["split_of"] or row["id"])
    if arguments.category:
        category = await resolve_category(arguments.category, rows)
        return parts, category
    return parts, max(parts, key=lambda part: abs(part["amount"]))["category"]


def join_sentences(result: Row, wording: Wording) -> Iterator[str]:
    parts, whole = wording.count(len(result["before"]), "part"), result["after"]
    yield f"I made {parts} one transaction again: {transaction_phrase(whole, wording)}, in {whole['category']}."


TOOL = Tool(
    undo_split,
    risk="write",
    preview=preview_undo_split,
    max_calls_per_minute=20,
    returns_untrusted_text=True,
    examples=(
        "Undo the split of that transaction",
        "Put the parts of the purchase back together",
        "Join the split transaction again",
        "I split that by mistake, merge it",
        "Make the parts one transaction again",
        "Reverse the split",
    ),
)
