"""The days that periods and dates of the questions mean."""

import datetime as dt
from collections.abc import Iterator

from tests.eval.offline.question_set import data
from tests.eval.offline.service import TODAY

Days = tuple[dt.date, dt.date]


def readings(period: str) -> tuple[Days, ...]:
    """What a period may mean, each up to today at the latest."""
    return tuple(clipped(*map(dt.date.fromisoformat, each.split(".."))) for each in data("periods")[period])


def clipped(start: dt.date, end: dt.date) -> Days:
    return start, min(end, TODAY)


def pairs(first: str, second: str) -> Iterator[frozenset[Days]]:
    """What two periods that are compared may mean; one that is over may be cut to as many days as the other has so far."""
    for one in readings(first):
        for other in readings(second):
            yield frozenset({one, other})
            yield frozenset({shortened(one, other), other})
            yield frozenset({one, shortened(other, one)})


def shortened(days: Days, unfinished: Days) -> Days:
    """The days as far as the unfinished period has come; all of them if that one is over."""
    if unfinished[1] != TODAY:
        return days
    return days[0], min(days[1], days[0] + (TODAY - unfinished[0]))


def dates(name: str) -> frozenset[dt.date]:
    return frozenset(data("dates")[name])
