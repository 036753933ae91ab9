"""Tables that a client displays."""

from collections.abc import Sequence
from typing import Any

from graph.tool import DISPLAY, Row


def table(title: str, columns: Sequence[str], rows: Sequence[Row]) -> dict[str, Any]:
    """The `display` of a result with these columns of its rows; empty without rows."""
    if not rows:
        return {}
    picked = [{name: row[name] for name in columns} for row in rows]
    return {DISPLAY: {"type": "table", "title": title, "columns": list(columns), "rows": picked}}
