"""The periods that a question names: "in March", "since last week", "between 3 March and 10 April", "Q1 and Q2"."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

from graph.adapters.offline.calendar_math import Days
from graph.adapters.offline.date_phrases import PeriodUnclear, Stretch, find_stretches

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
    """Days from `start` to `end`, both included; None where the period is open."""

    start: dt.date | None
    end: dt.date | None
    span: tuple[int, int]
    """Where it stands in the text, its preposition included."""


def find_periods(text: str, today: dt.date | None) -> list[Period]:
    """The periods of a text in order, each once.

    Raises:
        PeriodUnclear: a period is named, but which days it means cannot be told.
    """
    stretches = find_stretches(text, today)
    found: list[Period] = []
    while stretches:
        parts = stretches[: 2 if _joined(text, stretches) else 1]
        stretches = stretches[len(parts) :]
        period = _period(text, parts, today)
        if all((period.start, period.end) != (other.start, other.end) for other in found):
            found.append(period)
    return found


def without_periods(text: str, placeholder: str) -> str:
    """The text with a placeholder where a period stood, whether its days can be told or not."""
    for stretch in reversed(find_stretches(text, None)):
        text = f"{text[: _lead(text, stretch)[1]]} {placeholder} {text[stretch.end :]}"
    return text


def _joined(text: str, stretches: Sequence[Stretch]) -> bool:
    """Whether the first two stretches are the ends of one period."""
    if len(stretches) < 2 or COMPARES.search(text):
        return False
    between = text[stretches[0].end : stretches[1].begin]
    if BETWEEN.search(text[: stretches[0].begin]):
        return JOINS_BETWEEN.fullmatch(between) is not None
    return JOINS.fullmatch(between) is not None


def _period(text: str, parts: Sequence[Stretch], today: dt.date | None) -> Period:
    return _range(text, parts[0], parts[1], today) if len(parts) == 2 else _single(text, parts[0], today)


def _range(text: str, first: Stretch, last: Stretch, today: dt.date | None) -> Period:
    start, end = _ends(first, last, today)
    if end < start:
        raise PeriodUnclear(f"“{text[first.begin : last.end]}” ends before it begins.")
    return Period(start, end, (_lead(text, first)[1], last.end))


def _ends(first: Stretch, last: Stretch, today: dt.date | None) -> Days:
    """The outer days of two stretches; one without a year takes it from the other."""
    if first.yearless and not last.yearless:
        end = last.read(today)[1]
        return first.read(end)[0], end
    start = first.read(today)[0]
    if last.yearless:
        return start, last.read(_year_after(start))[1]
    return start, last.read(today)[1]


def _year_after(start: dt.date) -> dt.date:
    """The last day of the year that begins on a date: what began by then began after it."""
    return start + dt.timedelta(364)


def _single(text: str, stretch: Stretch, today: dt.date | None) -> Period:
    start, end = stretch.read(today)
    word, begin = _lead(text, stretch)
    onwards = ONWARDS.match(text, stretch.end)
    stop = onwards.end() if onwards else stretch.end
    if word == "since" or onwards:
        return Period(start, max(start, today) if today else None, (begin, stop))
    opened = {
        "after": (end + dt.timedelta(1), None),
        "before": (None, start - dt.timedelta(1)),
        "until": (None, end),
    }
    return Period(*opened.get(word, (start, end)), (begin, stop))


def _lead(text: str, stretch: Stretch) -> tuple[str, int]:
    """The kind of word before a stretch (since, after, before, until, or none), and where that word begins."""
    match = LEAD.search(text[: stretch.begin])
    return (match.lastgroup or "", match.start()) if match else ("", stretch.begin)
