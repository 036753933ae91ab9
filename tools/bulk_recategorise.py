"""Moves all matching transactions into another category."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from pydantic import Field

from graph.tool import Row, Rows, Tool, ToolContext, ToolError
from tools.shared.arguments import PeriodArguments, check_amount_range
from tools.shared.categories import resolve_category
from tools.shared.money import amount_text
from tools.shared.sentences.wording import Wording, summarized
from tools.shared.text_fields import ShortText
from tools.shared.transaction_lookup import transaction_results

MAX_ROWS = 500
"""The most transactions that one call changes."""
PREVIEW_ROWS = 10
"""The most transactions that a preview lists."""


class BulkRecategorise(PeriodArguments):
    category: str = Field(description="The new category, by name.", max_length=100)
    from_category: str | None = Field(None, description="Their category now.", max_length=100)
    merchant: ShortText | None = Field(None, description="Part of the merchant's name.")
    description: ShortText | None = Field(None, description="Part of the statement line.")
    min_amount: Decimal | None = Field(None, description="Smallest amount, without sign.", ge=0, le=10**12)
    max_amount: Decimal | None = Field(None, description="Largest amount, without sign.", ge=0, le=10**12)


async def bulk_recategorise(arguments: BulkRecategorise, context: ToolContext) -> dict[str, Any]:
    """Move all matching transactions into another category, on the user's word, at most 500 at a time. Give at least one
    of merchant, description and from_category.

    Use it to correct many at once: all of a merchant, or all of a category; at least one of merchant, description and
    from_category is needed. What is in the category already is left alone. `count` says how many were changed, `changed` from
    which category, with the sum in each currency (never add currencies together). Each is remembered as a correction. If more
    than 500 match, or none, the fault says so: narrow the filters, or tell the user.
    """
    matches, filters = await resolve_matches(arguments, context.rows)
    done = await context.rows.fetch("set_categories", ids=[row["id"] for row in matches], category=filters["category"])
    result = {
        "status": "changed",
        "filters": filters,
        "count": sum(row["matches"] for row in done),
        "changed": [
            {
                "from_category": row["category"],
                "currency": row["currency"],
                "count": row["matches"],
                "amount": amount_text(row["amount"], row["currency"]),
            }
            for row in done
        ],
    }
    return summarized(result, move_sentences, context)


async def preview_bulk_recategorise(arguments: BulkRecategorise, context: ToolContext) -> dict[str, Any]:
    matches, filters = await resolve_matches(arguments, context.rows)
    category = filters["category"]
    return {
        "summary": f"Move {len(matches)} transaction{'s' if len(matches) > 1 else ''} to {category}.",
        "changes": [
            {"before": row, "after": row | {"category": category}}
            for row in transaction_results(matches[:PREVIEW_ROWS])
        ],
        "count": len(matches),
        "filters": filters,
    }


async def resolve_matches(arguments: BulkRecategorise, rows: Rows) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The transactions to change, newest first, and the filters that were applied.

    Raises:
        ToolError: the filters match too many transactions or none, or contradict each other.
    """
    arguments.check_period()
    if not (arguments.merchant or arguments.description or arguments.from_category):
        raise ToolError("Say which transactions: give merchant, description or from_category.")
    check_amount_range(arguments.min_amount, arguments.max_amount)
    category = await resolve_category(arguments.category, rows)
    from_category = None
    if arguments.from_category:
        from_category = await resolve_category(arguments.from_category, rows)
    found = await rows.fetch(
        "bulk_matches",
        category=category,
        from_category=from_category,
        merchant=arguments.merchant,
        description=arguments.description,
        start_date=arguments.start_date,
        end_date=arguments.end_date,
        min_amount=arguments.min_amount,
        max_amount=arguments.max_amount,
        limit=MAX_ROWS,
    )
    if not found:
        raise ToolError("No transaction matches that is not in the category already; nothing is to be changed.")
    if found[0]["found"] > MAX_ROWS:
        raise ToolError(
            f"{found[0]['found']} transactions match; at most {MAX_ROWS} are changed at once. Narrow the filters."
        )
    return found, applied_filters(arguments, category, from_category)


def applied_filters(arguments: BulkRecategorise, category: str, from_category: str | None) -> dict[str, Any]:
    """The filters that were applied. Search words are in fields of their own names, so that they are masked."""
    given = arguments.model_dump(mode="json", exclude_none=True, exclude={"merchant", "description"})
    words = {"merchant_contains": arguments.merchant, "description_contains": arguments.description}
    names = {"category": category, "from_category": from_category}
    return given | {name: value for name, value in (words | names).items() if value is not None}


def move_sentences(result: Row, wording: Wording) -> Iterator[str]:
    moved = [
        f"{wording.count(row['count'], 'transaction')} of {wording.size(row['amount'], row['currency'])} "
        f"from {row['from_category']}"
        for row in result["changed"]
    ]
    count, category = wording.count(result["count"], "transaction"), result["filters"]["category"]
    yield f"I moved {count} to {category}: {wording.listing(moved)}."


TOOL = Tool(
    bulk_recategorise,
    risk="write",
    preview=preview_bulk_recategorise,
    max_calls_per_minute=5,
    examples=(
        "Move all transactions of this merchant to another category",
        "Recategorise everything from that store",
        "Change the category of all my uncategorized transactions",
        "Put every purchase at this shop into the right category",
        "All of these belong in a different category, fix them at once",
        "Bulk change the categories of these transactions",
    ),
)
