"""Calendar months as the arguments of tools name them."""

import datetime as dt

from graph.tool import ToolError

MONTH_PATTERN = r"^[0-9]{4}-(0[1-9]|1[0-2])$"
"""How a month is named: 2025-03."""


def parse_month(text: str) -> dt.date:
    """The month of this name.

    Raises:
        ToolError: no calendar has it.
    """
    try:
        return dt.date.fromisoformat(f"{text}-01")
    except ValueError:
        raise ToolError("There is no such month; give it as YYYY-MM.") from None
