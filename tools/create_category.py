"""Creates a category for the user."""

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from pydantic import Field

from graph.tool import Row, Rows, Tool, ToolContext, ToolError
from tools.shared.arguments import ToolArguments
from tools.shared.sentences.wording import Wording, summarized
from tools.shared.text_fields import ShortText

MAX_CATEGORIES = 100
"""The most categories that a user can create."""


CATEGORY_EXISTS = "There is a category of that name already; use it."


class CreateCategory(ToolArguments):
    name: ShortText = Field(description="Its name, in the user's words.", max_length=50)


async def create_category(arguments: CreateCategory, context: ToolContext) -> dict[str, Any]:
    """Make a new category of the user's own, on the user's word.

    Use it only if no existing category fits and the user asks for one; then move transactions to it with
    categorise_transaction or bulk_recategorise. What is spent in it counts as spending, never as income. If there is a
    category of that name already, the fault says so.
    """
    name = await resolve_new_name(arguments, context.rows)
    made = await context.rows.fetch("insert_category", name=name, slug=slugify(name))
    if not made:
        raise ToolError(CATEGORY_EXISTS)
    return summarized({"status": "created", "name": made[0]["name"]}, category_sentences, context)


async def preview_create_category(arguments: CreateCategory, context: ToolContext) -> dict[str, Any]:
    name = await resolve_new_name(arguments, context.rows)
    return {"summary": f"Make a category: {name}.", "changes": [{"before": None, "after": {"name": name}}], "count": 1}


async def resolve_new_name(arguments: CreateCategory, rows: Rows) -> str:
    """The category's name with single spaces.

    Raises:
        ToolError: the category exists, or the user has too many.
    """
    name = " ".join(arguments.name.split())
    stored = await rows.fetch("categories")
    if any(row["name"].casefold() == name.casefold() for row in stored):
        raise ToolError(CATEGORY_EXISTS)
    [own] = await rows.fetch("count_own_categories")
    if own["categories"] >= MAX_CATEGORIES:
        raise ToolError(f"The user has {MAX_CATEGORIES} categories; no more can be made.")
    return name


def slugify(name: str) -> str:
    """The name in ASCII letters and digits; a hash for a name without any."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = "-".join(re.findall(r"[a-z0-9]+", plain))
    return words or f"category-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def category_sentences(result: Row, wording: Wording) -> Iterator[str]:
    yield f"The category {result['name']} is created."


TOOL = Tool(
    create_category,
    risk="write",
    preview=preview_create_category,
    max_calls_per_minute=10,
    examples=(
        "Create a new category for my pets",
        "Make a category called Hobby",
        "Add a category of my own",
        "I need a category that does not exist yet",
        "Set up a new category",
        "Can I have my own category for childcare?",
    ),
)
