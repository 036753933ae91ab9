"""Tables for the user's screen."""

from collections.abc import Sequence
from typing import Any

from graph.tool import DISPLAY, Row


def table(title: str, columns: Sequence[str], rows: Sequence[Row]) -> dict[str, Any]:
    """The part of a result that shows its own rows, by the names of their fields; nothing if there are none."""
    if not rows:
        return {}
    picked = [{name: row[name] for name in columns} for row in rows]
    return {DISPLAY: {"type": "table", "title": title, "columns": list(columns), "rows": picked}}
