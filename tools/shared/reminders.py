"""Reminders as results hold them, and the days on which they are due."""

import datetime as dt
import itertools
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from graph.tool import Row
from graph.values.months import add_months, last_day

Recurrence = Literal["none", "weekly", "monthly", "yearly"]
MONTHS_BETWEEN: Mapping[str, int] = {"monthly": 1, "yearly": 12}


def due_days(first: dt.date, recurrence: Recurrence) -> Iterator[dt.date]:
    """The due days in order. Each is counted from the first one, so that the 31st returns after a shorter month."""
    match recurrence:
        case "none":
            yield first
        case "weekly":
            for number in itertools.count():
                yield first + dt.timedelta(weeks=number)
        case _:
            for number in itertools.count():
                month = add_months(first.replace(day=1), number * MONTHS_BETWEEN[recurrence])
                yield month.replace(day=min(first.day, last_day(month).day))


def due_between(reminder: Row, start: dt.date, end: dt.date) -> list[dt.date]:
    """The days of a period on which a reminder is due, both ends included."""
    days = itertools.takewhile(lambda day: day <= end, due_days(reminder["due_on"], reminder["recurrence"]))
    return [day for day in days if day >= start]


def next_due(reminder: Row, today: dt.date) -> dt.date | None:
    """The next due day, today included; None for a single reminder in the past."""
    return next((day for day in due_days(reminder["due_on"], reminder["recurrence"]) if day >= today), None)


def reminder_result(reminder: Row, today: dt.date) -> dict[str, Any]:
    active = reminder["status"] == "active"
    ahead = next_due(reminder, today) if active else None
    return {
        "id": str(reminder["id"]),
        **reminder_state(reminder),
        "next_due": None if ahead is None else ahead.isoformat(),
        "overdue": active and ahead is None,
    }


def reminder_state(reminder: Row) -> dict[str, Any]:
    time = reminder["due_time"]
    return {
        "text": reminder["text"],
        "first_due": reminder["due_on"].isoformat(),
        "time": None if time is None else f"{time:%H:%M}",
        "recurrence": reminder["recurrence"],
        "reminder_status": reminder["status"],
    }
