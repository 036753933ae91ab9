"""Finds periods in a question: "in March", "since last week", "between 3 March and 10 April", "Q1 and Q2"."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

from graph.adapters.offline.calendar_math import Days
from graph.adapters.offline.date_phrases import AmbiguousPeriod, DateSpan, find_date_spans

JOINS = re.compile(r"\s*(?:-|–|to|until|till|through|up\s+to)\s*(?:the\s+)?", re.IGNORECASE)  # noqa: RUF001
JOINS_BETWEEN = re.compile(r"\s*(?:and|-|–|to)\s*(?:the\s+)?", re.IGNORECASE)  # noqa: RUF001
BETWEEN = re.compile(r"\bbetween\s+(?:the\s+)?$", re.IGNORECASE)
COMPARES = re.compile(r"\b(?:compar\w*|differen\w*|versus|vs)\b", re.IGNORECASE)
LEAD = re.compile(
    r"\b(?:(?P<since>since|starting(?:\s+(?:in|on|from))?)|(?P<after>after)|(?P<before>before|prior\s+to)"
    r"|(?P<until>until|till|up\s+to|up\s+until|through|by|as\s+of)"
    r"|between|in|on|for|during|throughout|over|within|of|from|the)"
    r"(?:\s+(?:in|on|from))?(?:\s+(?:the|all\s+of|the\s+(?:month|year|end)\s+of))?\s+$",
    re.IGNORECASE,
)
ONWARDS = re.compile(r"\s*(?:onwards?\b|on\b(?!\s*\w)|forward\b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Period:
    """The days from `start` to `end`, both included; None where the period is open."""

    start: dt.date | None
    end: dt.date | None
    span: tuple[int, int]
    """Its position in the text, including its preposition."""


def find_periods(text: str, today: dt.date | None) -> list[Period]:
    """The distinct periods of a text, in order.

    Raises:
        AmbiguousPeriod: the days of a period are unclear.
    """
    date_spans = find_date_spans(text, today)
    found: list[Period] = []
    while date_spans:
        parts = date_spans[: 2 if _joined(text, date_spans) else 1]
        date_spans = date_spans[len(parts) :]
        period = _period(text, parts, today)
        if all((period.start, period.end) != (other.start, other.end) for other in found):
            found.append(period)
    return found


def without_periods(text: str, placeholder: str) -> str:
    """The text with a placeholder for each period, also for unclear ones."""
    for date_span in reversed(find_date_spans(text, None)):
        text = f"{text[: _lead(text, date_span)[1]]} {placeholder} {text[date_span.end :]}"
    return text


def _joined(text: str, date_spans: Sequence[DateSpan]) -> bool:
    """Whether the first two spans are the ends of one period."""
    if len(date_spans) < 2 or COMPARES.search(text):
        return False
    between = text[date_spans[0].end : date_spans[1].begin]
    if BETWEEN.search(text[: date_spans[0].begin]):
        return JOINS_BETWEEN.fullmatch(between) is not None
    return JOINS.fullmatch(between) is not None


def _period(text: str, parts: Sequence[DateSpan], today: dt.date | None) -> Period:
    return _range(text, parts[0], parts[1], today) if len(parts) == 2 else _single(text, parts[0], today)


def _range(text: str, first: DateSpan, last: DateSpan, today: dt.date | None) -> Period:
    start, end = _ends(first, last, today)
    if end < start:
        raise AmbiguousPeriod(f"“{text[first.begin : last.end]}” ends before it begins.")
    return Period(start, end, (_lead(text, first)[1], last.end))


def _ends(first: DateSpan, last: DateSpan, today: dt.date | None) -> Days:
    """The first and the last day of two spans; one without a year takes it from the other."""
    if first.yearless and not last.yearless:
        end = last.resolve(today)[1]
        return first.resolve(end)[0], end
    start = first.resolve(today)[0]
    if last.yearless:
        return start, last.resolve(_year_after(start))[1]
    return start, last.resolve(today)[1]


def _year_after(start: dt.date) -> dt.date:
    """The last day of the 365 days from `start`: the latest date on which a yearless end may begin."""
    return start + dt.timedelta(364)


def _single(text: str, date_span: DateSpan, today: dt.date | None) -> Period:
    start, end = date_span.resolve(today)
    word, begin = _lead(text, date_span)
    onwards = ONWARDS.match(text, date_span.end)
    stop = onwards.end() if onwards else date_span.end
    if word == "since" or onwards:
        return Period(start, max(start, today) if today else None, (begin, stop))
    opened = {
        "after": (end + dt.timedelta(1), None),
        "before": (None, start - dt.timedelta(1)),
        "until": (None, end),
    }
    return Period(*opened.get(word, (start, end)), (begin, stop))


def _lead(text: str, date_span: DateSpan) -> tuple[str, int]:
    """The preposition before a span (since, after, before, until, or empty) and its position."""
    match = LEAD.search(text[: date_span.begin])
    return (match.lastgroup or "", match.start()) if match else ("", date_span.begin)
