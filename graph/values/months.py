"""Calendar months. A month is represented by its first day."""

import calendar
import datetime as dt


def add_months(first: dt.date, months: int) -> dt.date:
    """The month that is `months` after `first`, or before it if negative.

    Raises:
        ValueError: the year is not between 1 and 9999.
    """
    count = first.year * 12 + first.month - 1 + months
    return dt.date(count // 12, count % 12 + 1, 1)


def last_day(day: dt.date) -> dt.date:
    """The last day of the month of `day`."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])
