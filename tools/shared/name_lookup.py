"""Finds a user's goal, debt, account or reminder by its name."""

from collections.abc import Sequence

from graph.tool import Row, ToolError

MAX_NAMES_IN_ERROR = 20
"""The most names that an error message lists."""


def matching_rows(words: str, rows: Sequence[Row], field: str = "name") -> list[Row]:
    """The rows with this id or exact name, else those whose name contains the words. Case does not matter."""
    wanted = words.strip().casefold()
    exact = [row for row in rows if wanted in (str(row["id"]), row[field].casefold())]
    return exact or [row for row in rows if wanted in row[field].casefold()]


def resolve_one(words: str, rows: Sequence[Row], noun: str, field: str = "name") -> Row:
    """The only matching row.

    Raises:
        ToolError: no row matches or several do; the message lists the existing or the matching ones.
    """
    found = matching_rows(words, rows, field)
    if len(found) == 1:
        return found[0]
    if not rows:
        raise ToolError(f"The user has no {noun} yet.")
    if not found:
        raise ToolError(f"No {noun} matches; the user has: {list_names(rows, field)}.")
    raise ToolError(f"Several match; ask which {noun} is meant and give its id: {list_names(found, field)}.")


def list_names(rows: Sequence[Row], field: str) -> str:
    return "; ".join(f"{row[field]} (id {row['id']})" for row in rows[:MAX_NAMES_IN_ERROR])
