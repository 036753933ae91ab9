"""Calendar months, by their first days."""

import calendar
import datetime as dt

from graph.tool import ToolFault

PATTERN = r"^[0-9]{4}-(0[1-9]|1[0-2])$"
"""How a month is named: 2025-03."""


def read_month(text: str) -> dt.date:
    """The month of this name.

    Raises:
        ToolFault: no calendar has it.
    """
    try:
        return dt.date.fromisoformat(f"{text}-01")
    except ValueError:
        raise ToolFault("There is no such month; give it as YYYY-MM.") from None


def months_later(first: dt.date, months: int) -> dt.date:
    """The month that comes so many months after another, or before it."""
    count = first.year * 12 + first.month - 1 + months
    return dt.date(count // 12, count % 12 + 1, 1)


def last_day(first: dt.date) -> dt.date:
    return first.replace(day=calendar.monthrange(first.year, first.month)[1])
