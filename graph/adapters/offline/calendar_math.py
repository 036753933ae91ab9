"""Calendar arithmetic on whole days, weeks, months, quarters and years."""

import datetime as dt

from graph.values.months import add_months, last_day

Days = tuple[dt.date, dt.date]
"""The first and the last day of a span."""


def months(year: int, month: int, count: int = 1) -> Days:
    """`count` whole months of one year, from the first of the given one."""
    first = dt.date(year, month, 1)
    return first, last_day(add_months(first, count - 1))


def shift(date: dt.date, unit: str, count: int) -> dt.date:
    """The date moved by whole units; the last day of the month if the month is shorter."""
    if unit in ("day", "week"):
        return date + dt.timedelta(count * (7 if unit == "week" else 1))
    first = add_months(date, count * {"month": 1, "quarter": 3, "year": 12}[unit])
    return first.replace(day=min(date.day, last_day(first).day))


def enclosing_unit(date: dt.date, unit: str) -> Days:
    """The calendar day, week, month, quarter or year that contains a date."""
    if unit == "day":
        return date, date
    if unit == "week":
        monday = date - dt.timedelta(date.weekday())
        return monday, monday + dt.timedelta(6)
    size = {"month": 1, "quarter": 3, "year": 12}[unit]
    return months(date.year, date.month - (date.month - 1) % size, size)


def date_or_none(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None
