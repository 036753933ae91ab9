"""Calendar months, by their first days."""

import calendar
import datetime as dt


def add_months(first: dt.date, months: int) -> dt.date:
    """The month that comes so many months after another, or before it.

    Raises:
        ValueError: the calendar does not go so far.
    """
    count = first.year * 12 + first.month - 1 + months
    return dt.date(count // 12, count % 12 + 1, 1)


def last_day(first: dt.date) -> dt.date:
    """The last day of the month that holds a date."""
    return first.replace(day=calendar.monthrange(first.year, first.month)[1])
