"""Changes the categories of transactions, and makes categories."""

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic import Field

from graph.tool import Rows, Tool, ToolContext, ToolFault
from tools.shared.arguments import Period, ToolArguments
from tools.shared.categories import resolve_categories
from tools.shared.money import amount_text
from tools.shared.text_fields import Words
from tools.shared.transaction_lookup import WhichTransaction, listed, the_transaction, told

MOST_ROWS = 500
"""That one bulk change takes."""
ROWS_SHOWN = 10
"""Of a bulk change, in its preview."""
MOST_CATEGORIES = 100
"""Of a user's own."""

# One transaction ------------------------------------------------------------------------------------------------------


class CategoriseTransaction(WhichTransaction):
    category: str = Field(description="The category that it belongs to, by name.", max_length=100)


async def categorise_transaction(arguments: CategoriseTransaction, context: ToolContext) -> dict[str, Any]:
    """Move one transaction into another category, on the user's word; the correction is remembered for later suggestions.

    Use it for one transaction; for many use bulk_recategorise. Name it by transaction_id if a result of this conversation has
    it, else by merchant, day and amount. If several match, the fault lists them: ask the user which and give the id. `before`
    and `after` are the transaction before and after the change; `type` is what it counts as now (income, expense, transfer).
    """
    row, category = await to_change(arguments, context.rows)
    changed = await context.rows.fetch("categorise", id=row["id"], category=category, category_before=row["category"])
    if not changed:
        raise ToolFault("The transaction was changed meanwhile; look at it again.")
    return {
        "status": "changed",
        "before": told(row),
        "after": told(row) | {"category": category},
        "type": changed[0]["flow"],
    }


async def preview_categorise_transaction(arguments: CategoriseTransaction, context: ToolContext) -> dict[str, Any]:
    row, category = await to_change(arguments, context.rows)
    return {
        "summary": f"Move one transaction from {row['category']} to {category}.",
        "changes": [{"before": told(row), "after": told(row) | {"category": category}}],
        "count": 1,
    }


async def to_change(arguments: CategoriseTransaction, rows: Rows) -> tuple[dict[str, Any], str]:
    """The transaction, and the category's name as it is stored.

    Raises:
        ToolFault: there is no such category, or not one such transaction, or it is in the category.
    """
    [category] = await resolve_categories([arguments.category], rows)
    row = await the_transaction(arguments, rows)
    if row["category"] == category:
        raise ToolFault(f"The transaction is in {category} already; nothing is to be changed.")
    return row, category


# Many -----------------------------------------------------------------------------------------------------------------


class BulkRecategorise(Period):
    category: str = Field(description="The category to move them to, by name.", max_length=100)
    from_category: str | None = Field(None, description="Only those that are in this category now.", max_length=100)
    merchant: Words | None = Field(None, description="Only those whose merchant's name contains this.")
    description: Words | None = Field(None, description="Only those whose statement line contains this.")
    min_amount: Decimal | None = Field(None, description="Smallest amount, without its sign.", ge=0, le=10**12)
    max_amount: Decimal | None = Field(None, description="Largest amount, without its sign.", ge=0, le=10**12)


async def bulk_recategorise(arguments: BulkRecategorise, context: ToolContext) -> dict[str, Any]:
    """Move all matching transactions into another category, on the user's word, at most 500 at a time.

    Use it to correct many at once: all of a merchant, or all of a category; at least one of merchant, description and
    from_category is needed. What is in the category already is left alone. `count` says how many were changed, `changed` from
    which category, with the sum in each currency (never add currencies together). Each is remembered as a correction. If more
    than 500 match, or none, the fault says so: narrow the filters, or tell the user.
    """
    matches, filters = await bulk_matches(arguments, context.rows)
    done = await context.rows.fetch("categorise_many", ids=[row["id"] for row in matches], category=filters["category"])
    return {
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


async def preview_bulk_recategorise(arguments: BulkRecategorise, context: ToolContext) -> dict[str, Any]:
    matches, filters = await bulk_matches(arguments, context.rows)
    category = filters["category"]
    return {
        "summary": f"Move {len(matches)} transaction{'s' if len(matches) > 1 else ''} to {category}.",
        "changes": [{"before": row, "after": row | {"category": category}} for row in listed(matches[:ROWS_SHOWN])],
        "count": len(matches),
        "filters": filters,
    }


async def bulk_matches(arguments: BulkRecategorise, rows: Rows) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The transactions to change, newest first, and the filters that were applied.

    Raises:
        ToolFault: the filters are too wide, match nothing, or make no sense.
    """
    arguments.check_period()
    if not (arguments.merchant or arguments.description or arguments.from_category):
        raise ToolFault("Say which transactions: give merchant, description or from_category.")
    least, most = arguments.min_amount, arguments.max_amount
    if least is not None and most is not None and most < least:
        raise ToolFault("max_amount is below min_amount; give them without signs, the smaller one as min_amount.")
    [category] = await resolve_categories([arguments.category], rows)
    from_category = None
    if arguments.from_category:
        [from_category] = await resolve_categories([arguments.from_category], rows)
    found = await rows.fetch(
        "bulk_matches",
        category=category,
        from_category=from_category,
        merchant=arguments.merchant,
        description=arguments.description,
        start_date=arguments.start_date,
        end_date=arguments.end_date,
        min_amount=least,
        max_amount=most,
        limit=MOST_ROWS,
    )
    if not found:
        raise ToolFault("No transaction matches that is not in the category already; nothing is to be changed.")
    if found[0]["found"] > MOST_ROWS:
        raise ToolFault(
            f"{found[0]['found']} transactions match; at most {MOST_ROWS} are changed at once. Narrow the filters."
        )
    return found, echo(arguments, category, from_category)


def echo(arguments: BulkRecategorise, category: str, from_category: str | None) -> dict[str, Any]:
    """The filters that were applied; the words to look for have names of their own, so that they are masked."""
    given = arguments.model_dump(mode="json", exclude_none=True, exclude={"merchant", "description"})
    words = {"merchant_contains": arguments.merchant, "description_contains": arguments.description}
    names = {"category": category, "from_category": from_category}
    return given | {name: value for name, value in (words | names).items() if value is not None}


# Categories -----------------------------------------------------------------------------------------------------------


class CreateCategory(ToolArguments):
    name: Words = Field(description="What it is called, in the user's words: Pets.", max_length=50)


async def create_category(arguments: CreateCategory, context: ToolContext) -> dict[str, Any]:
    """Make a new category of the user's own, on the user's word.

    Use it only if no existing category fits and the user asks for one; then move transactions to it with
    categorise_transaction or bulk_recategorise. What is spent in it counts as spending, never as income. If there is a
    category of that name already, the fault says so.
    """
    name = await new_name(arguments, context.rows)
    made = await context.rows.fetch("create_category", name=name, slug=slug_of(name))
    if not made:
        raise ToolFault("There is a category of that name already; use it.")
    return {"status": "created", "name": made[0]["name"]}


async def preview_create_category(arguments: CreateCategory, context: ToolContext) -> dict[str, Any]:
    name = await new_name(arguments, context.rows)
    return {"summary": f"Make a category: {name}.", "changes": [{"before": None, "after": {"name": name}}], "count": 1}


async def new_name(arguments: CreateCategory, rows: Rows) -> str:
    """The name with single spaces.

    Raises:
        ToolFault: there is such a category, or there are too many.
    """
    name = " ".join(arguments.name.split())
    stored: list[Mapping[str, Any]] = list(await rows.fetch("categories"))
    if any(row["name"].casefold() == name.casefold() for row in stored):
        raise ToolFault("There is a category of that name already; use it.")
    [own] = await rows.fetch("own_categories")
    if own["categories"] >= MOST_CATEGORIES:
        raise ToolFault(f"The user has {MOST_CATEGORIES} categories; no more can be made.")
    return name


def slug_of(name: str) -> str:
    """The name in letters of an address; one without any gets a short one that is always the same."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = "-".join(re.findall(r"[a-z0-9]+", plain))
    return words or f"category-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


TOOLS = (
    Tool(
        categorise_transaction,
        risk="write",
        preview=preview_categorise_transaction,
        per_minute=20,
        quotes=True,
        examples=(
            "Move that transaction to another category",
            "This purchase is in the wrong category, change it",
            "File the payment under a different category",
            "That charge should be categorised differently",
            "Recategorise this transaction for me",
            "Correct the category of my last purchase",
        ),
    ),
    Tool(
        bulk_recategorise,
        risk="write",
        preview=preview_bulk_recategorise,
        per_minute=5,
        examples=(
            "Move all transactions of this merchant to another category",
            "Recategorise everything from that store",
            "Change the category of all my uncategorized transactions",
            "Put every purchase at this shop into the right category",
            "All of these belong in a different category, fix them at once",
            "Bulk change the categories of these transactions",
        ),
    ),
    Tool(
        create_category,
        risk="write",
        preview=preview_create_category,
        per_minute=10,
        examples=(
            "Create a new category for my pets",
            "Make a category called Hobby",
            "Add a category of my own",
            "I need a category that does not exist yet",
            "Set up a new category",
            "Can I have my own category for childcare?",
        ),
    ),
)
