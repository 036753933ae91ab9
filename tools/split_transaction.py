"""Splits a transaction into parts."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from pydantic import Field

from graph.tool import Row, Rows, Tool, ToolContext, ToolError
from tools.shared.arguments import ToolArguments
from tools.shared.categories import resolve_category
from tools.shared.money import MAX_DECIMALS, amount_text, check_decimals
from tools.shared.sentences.flows import transaction_phrase
from tools.shared.sentences.wording import Wording, summarized
from tools.shared.transaction_lookup import (
    TransactionSelector,
    resolve_transaction,
    transaction_result,
    transaction_results,
)


class Part(ToolArguments):
    amount: Decimal = Field(description="Without sign.", gt=0, le=10**12, decimal_places=MAX_DECIMALS)
    category: str = Field(description="By name.", max_length=100)


class SplitTransaction(TransactionSelector):
    parts: list[Part] = Field(description="Parts; their amounts add up exactly.", min_length=2, max_length=20)


async def split_transaction(arguments: SplitTransaction, context: ToolContext) -> dict[str, Any]:
    """Split one transaction into parts of different categories, on the user's word: groceries and clothes on one receipt.

    Name it by transaction_id, else by merchant, day and amount; if several match, the fault lists them: ask which. The parts'
    amounts must add up to the transaction's exactly, else nothing is changed and the fault says what is missing. Afterwards
    each part is a transaction of its own (`parts`, the first under the old id): all totals stay as they were, only the
    categories' change, and counts of transactions count the parts. undo_split makes them one again.
    """
    row, amounts, categories = await resolve_split(arguments, context.rows)
    parts = await context.rows.fetch(
        "split_transaction", id=row["id"], amount=row["amount"], amounts=amounts, categories=categories
    )
    if not parts:
        raise ToolError("The transaction was changed meanwhile; look at it again.")
    result = {
        "status": "changed",
        "before": transaction_result(row),
        "parts": transaction_results(parts),
        "count": len(parts),
    }
    return summarized(result, split_sentences, context)


async def preview_split_transaction(arguments: SplitTransaction, context: ToolContext) -> dict[str, Any]:
    row, amounts, categories = await resolve_split(arguments, context.rows)
    parts = [
        transaction_result({**row, "amount": amount, "category": category}) | {"id": None if number else str(row["id"])}
        for number, (amount, category) in enumerate(zip(amounts, categories, strict=True))
    ]
    return {
        "summary": f"Split {amount_text(row['amount'], row['currency'])} {row['currency']} into {len(parts)} parts.",
        "changes": [{"before": transaction_result(row), "after": parts}],
        "count": len(parts),
    }


async def resolve_split(arguments: SplitTransaction, rows: Rows) -> tuple[Row, list[Decimal], list[str]]:
    """The transaction, the signed amounts of the parts, and the stored names of their categories.

    Raises:
        ToolError: not exactly one transaction matches, it cannot be split, or the parts do not add up.
    """
    row = await resolve_transaction(arguments, rows)
    if row["split_of"] or row["was_split"]:
        raise ToolError("It is split already, or a part of one that was; undo_split makes it one again.")
    if row["is_transfer"]:
        raise ToolError("A transfer between the user's own accounts counts in no category; it is not split.")
    currency = row["currency"]
    check_decimals(currency, *(part.amount for part in arguments.parts))
    whole, given = abs(row["amount"]), sum((part.amount for part in arguments.parts), Decimal())
    if given != whole:
        added, there, missing = (amount_text(amount, currency) for amount in (given, whole, abs(whole - given)))
        raise ToolError(
            f"The parts add up to {added}, the transaction is {there} {currency}: {missing} too "
            f"{'little' if given < whole else 'much'}. Ask what the parts are."
        )
    categories = [await resolve_category(part.category, rows) for part in arguments.parts]
    sign = -1 if row["amount"] < 0 else 1
    return row, [sign * part.amount for part in arguments.parts], categories


def split_sentences(result: Row, wording: Wording) -> Iterator[str]:
    parts = [f"{wording.size(part['amount'], part['currency'])} in {part['category']}" for part in result["parts"]]
    yield f"I split {transaction_phrase(result['before'], wording)} into {wording.listing(parts)}."


TOOL = Tool(
    split_transaction,
    risk="write",
    preview=preview_split_transaction,
    max_calls_per_minute=20,
    returns_untrusted_text=True,
    examples=(
        "Split this transaction into two categories",
        "Half of that purchase was something else, split it",
        "Divide the receipt between groceries and clothes",
        "Part of this payment belongs to another category",
        "Split up my last supermarket purchase",
        "Break that charge into parts",
    ),
)
