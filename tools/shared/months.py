"""Calendar months in tools' arguments."""

import datetime as dt

from graph.tool import ToolError

MONTH_PATTERN = r"^[0-9]{4}-(0[1-9]|1[0-2])$"
"""The form of a month: 2025-03."""


def parse_month(text: str) -> dt.date:
    """The first day of the month.

    Raises:
        ToolError: the month does not exist.
    """
    try:
        return dt.date.fromisoformat(f"{text}-01")
    except ValueError:
        raise ToolError("There is no such month; give it as YYYY-MM.") from None
