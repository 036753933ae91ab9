"""The categories of transactions."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from graph.tool import Rows, ToolError

SYSTEM_CATEGORIES = (
    "Meals & Dining",
    "Groceries",
    "Travel & Transportation",
    "Utilities",
    "Entertainment",
    "Shopping",
    "Healthcare",
    "Education",
    "Bills & Services",
    "Home & Garden",
    "Personal Care",
    "Gifts & Donations",
    "Income",
    "Fees & Charges",
    "Investments",
    "Insurance",
    "Business Expenses",
    "Uncategorized",
)
"""The categories that the migrations store for all users. Only they are named in descriptions of arguments."""


OptionalCategory = Annotated[str | None, Field(description="Only this category, by name.", max_length=100)]


async def resolve_categories(names: Iterable[str], rows: Rows) -> list[str]:
    """The categories' names as they are stored, each once. Case and outer spaces do not matter.

    Raises:
        ToolError: a category does not exist; the message lists the existing ones.
    """
    stored = await rows.fetch("categories")
    spelling = {row["name"].casefold(): row["name"] for row in stored}
    wanted = list(dict.fromkeys(name.strip().casefold() for name in names))
    if not all(name in spelling for name in wanted):
        valid = ", ".join(row["name"] for row in stored if row["is_active"])
        raise ToolError(f"There is no category of that name; use one of: {valid}.")
    return [spelling[name] for name in wanted]


async def resolve_category(name: str, rows: Rows) -> str:
    """The category's name as it is stored.

    Raises:
        ToolError: a category does not exist; the message lists the existing ones.
    """
    [category] = await resolve_categories([name], rows)
    return category


async def category_filter(name: str | None, rows: Rows) -> list[str] | None:
    """The filter of a query: the category's name as it is stored, or None for all categories.

    Raises:
        ToolError: a category does not exist; the message lists the existing ones.
    """
    return [await resolve_category(name, rows)] if name else None
