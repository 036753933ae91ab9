"""Finds single dates and periods in a text, such as "March 2025" or "last week".

A span without a year is the most recent one that has begun. Weeks begin on Monday. "Last month" is the calendar month before
the current one; "the last 3 months" and "the past month" count back from today and include it.

Own code: dateparser 1.5 resolves both ends of 14 of the 58 phrases in `test_periods.py` and takes 1.3 ms a text instead of
0.04; its import and first use take 0.7 s (measured 2026-11-29).
"""

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from graph.adapters.offline.calendar_math import Days, date_or_none, enclosing_unit, months, shift
from graph.values.currencies import COMMON_CODES, SPOKEN_NAMES


class AmbiguousPeriod(ValueError):
    """A period whose days are unclear; the message is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class DateSpan:
    """A span of days in a text."""

    begin: int
    end: int
    """Its position in the text is `text[begin:end]`."""
    yearless: bool
    """Whether it has no year, so that another date determines it."""
    resolve: Callable[[dt.date | None], Days]
    """Its days, given today; for a yearless span, given the latest date on which it may have begun."""


MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
ORDINALS = ("first", "second", "third", "fourth")
OFFSETS = {"last": -1, "previous": -1, "this": 0, "current": 0, "next": 1, "coming": 1}

MONTH = (
    r"\b(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b"
)
YEAR = r"(?P<year>(?:19|20)\d\d)\b"
IN_YEAR = rf"(?:,?\s+(?:of\s+|in\s+)?{YEAR})?"
NUMBERED = r"(?P<{}>0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?\b"
DAY, LAST_DAY = NUMBERED.format("day"), NUMBERED.format("last_day")
TO = r"\s*(?:-|–|\bto\b|\band\b|\buntil\b|\btill\b|\bthrough\b)\s*"  # noqa: RUF001 -- an en dash is how ranges are set
COUNT = rf"(?P<count>\d{{1,3}}|{'|'.join(NUMBERS)}|(?:a\s+)?couple\s+of)"
VAGUE = r"(?:spring|summer|autumn|fall|winter|christmas|easter|holidays?|season|semester|decade)\b"
UNIT = r"(?P<unit>day|week|month|quarter|year)s?\b"

YEAR_PREFIX = re.compile(
    r"(?:\b(?:in|for|during|throughout|of|since|from|between|before|after|until|till|through|year)"
    r"|\b(?:19|20)\d\d\s+(?:and|or|to|vs\.?|versus|than|with))\s+$",
    re.IGNORECASE,
)
MONTH_PREFIX = re.compile(
    r"\b(?:in|for|during|since|of|from|to|between|and|until|till|through|before|after|this|last|or|vs\.?|versus)\s+$",
    re.IGNORECASE,
)
MONEY_SUFFIX = re.compile(rf"\s*(?:{'|'.join((*SPOKEN_NAMES, *COMMON_CODES))}|%|[.,]\d)", re.IGNORECASE)


def find_date_spans(text: str, today: dt.date | None) -> list[DateSpan]:
    """The spans of a text in order. Of two that overlap, the more exact pattern wins."""
    found: list[DateSpan] = []
    for pattern, resolve in _PATTERNS:
        for match in pattern.finditer(text):
            free = all(match.end() <= other.begin or other.end <= match.start() for other in found)
            if free and _is_date(text, match):
                found.append(_to_date_span(match, resolve, today))
    return sorted(found, key=lambda date_span: date_span.begin)


def _is_date(text: str, match: re.Match[str]) -> bool:
    """False for "may I", a person called Jan, and 2000 as an amount."""
    before, word = text[: match.start()], match[0].lower()
    if word in ("may", "jan", "mar"):
        return MONTH_PREFIX.search(before) is not None
    if word.isdigit():
        return YEAR_PREFIX.search(before) is not None and not MONEY_SUFFIX.match(text, match.end())
    return True


def _to_date_span(match: re.Match[str], resolve: "Resolver", today: dt.date | None) -> DateSpan:
    names = match.re.groupindex
    yearless = "year" in names and match["year"] is None
    dated = "year" in names and not yearless

    def days(limit: dt.date | None) -> Days:
        anchor = dt.date.max if dated else limit if yearless else today
        if anchor is None:
            raise AmbiguousPeriod(f"I do not know today's date, so I cannot tell which days “{match[0]}” means.")
        return resolve(match, anchor)

    return DateSpan(match.start(), match.end(), yearless, days)


Resolver = Callable[[re.Match[str], dt.date], Days]
"""Returns the days of a match, given today or the limit of a yearless span."""


def _day(match: re.Match[str], limit: dt.date) -> Days:
    date = _resolve_date(match, limit)
    return date, date


def _days_of_month(match: re.Match[str], limit: dt.date) -> Days:
    first = _resolve_date(match, limit)
    last = date_or_none(first.year, first.month, int(match["last_day"]))
    if last is None or last < first:
        raise _no_such_day(match)
    return first, last


def _resolve_date(match: re.Match[str], limit: dt.date) -> dt.date:
    for year in _years(match, limit):
        date = date_or_none(year, _month_number(match), int(match["day"]))
        if date and date <= limit:
            return date
    raise _no_such_day(match)


def _years(match: re.Match[str], limit: dt.date) -> Sequence[int]:
    """The named year, or the years up to the limit, newest first; nine always include a 29 February."""
    return [int(match["year"])] if match["year"] else range(limit.year, limit.year - 9, -1)


def _no_such_day(match: re.Match[str]) -> AmbiguousPeriod:
    return AmbiguousPeriod(f"There is no “{match[0]}” in the calendar.")


def _day_of_month(match: re.Match[str], today: dt.date) -> Days:
    for month in (today, shift(today, "month", -1), shift(today, "month", -2)):
        date = date_or_none(month.year, month.month, int(match["day"]))
        if date and date <= today:
            return date, date
    raise _no_such_day(match)


def _numeric_date(match: re.Match[str], _: dt.date) -> Days:
    a, b = int(match["a"]), int(match["b"])
    readings = {date for pair in ((a, b), (b, a)) if (date := date_or_none(int(match["year"]), *pair))}
    if len(readings) != 1:
        raise AmbiguousPeriod(f"I cannot tell which day “{match[0]}” is; write it like 3 March 2025.")
    return (date := readings.pop()), date


def _month(match: re.Match[str], limit: dt.date) -> Days:
    year = next(year for year in _years(match, limit) if dt.date(year, _month_number(match), 1) <= limit)
    return months(year, _month_number(match))


def _relative_month(match: re.Match[str], today: dt.date) -> Days:
    """Read a month beside a word for its year: "March last year", "last March"."""
    if match.re.groupindex.get("how_year"):
        return months(today.year + OFFSETS[match["how_year"].lower()], _month_number(match))
    back = match["how"].lower() == "last" and _month_number(match) >= today.month
    return months(today.year - back, _month_number(match))


def _quarter(match: re.Match[str], limit: dt.date) -> Days:
    word = (match["number"] or match["word"]).lower()
    number = int(word[0]) if word[0].isdigit() else ORDINALS.index(word) + 1
    year = next(year for year in _years(match, limit) if dt.date(year, 3 * number - 2, 1) <= limit)
    return months(year, 3 * number - 2, 3)


def _half(match: re.Match[str], limit: dt.date) -> Days:
    first = 1 if match["half"].lower() == "first" else 7
    year = next(year for year in _years(match, limit) if dt.date(year, first, 1) <= limit)
    return months(year, first, 6)


def _year(match: re.Match[str], _: dt.date) -> Days:
    return months(int(match["year"]), 1, 12)


def _last_units(match: re.Match[str], today: dt.date) -> Days:
    """The last N units, counted back from today."""
    return shift(today, match["unit"].lower(), -_number(match)) + dt.timedelta(1), today


def _ago(match: re.Match[str], today: dt.date) -> Days:
    unit = match["unit"].lower()
    return enclosing_unit(shift(today, unit, -_number(match)), unit)


def _relative_unit(match: re.Match[str], today: dt.date) -> Days:
    unit = match["unit"].lower()
    if match["how"].lower() == "past":
        return shift(today, unit, -1) + dt.timedelta(1), today
    return enclosing_unit(shift(today, unit, OFFSETS[match["how"].lower()]), unit)


def _to_date(match: re.Match[str], today: dt.date) -> Days:
    return enclosing_unit(today, "year" if match[0][0].lower() == "y" else "month")[0], today


def _weekend(match: re.Match[str], today: dt.date) -> Days:
    saturday = enclosing_unit(today, "week")[0] + dt.timedelta(5 + 7 * OFFSETS[match["how"].lower()])
    return saturday, saturday + dt.timedelta(1)


def _weekday(match: re.Match[str], today: dt.date) -> Days:
    back = (today.weekday() - WEEKDAYS.index(match["weekday"].lower())) % 7
    date = today - dt.timedelta(back or 7 * bool(match["last"]))
    return date, date


def _relative_day(match: re.Match[str], today: dt.date) -> Days:
    back = {"yesterday": 1, "the day before yesterday": 2}.get(" ".join(match[0].lower().split()), 0)
    return (date := today - dt.timedelta(back)), date


def _vague(match: re.Match[str], _: dt.date) -> Days:
    raise AmbiguousPeriod(f"“{match[0]}” can mean many things; give me dates or a number of days.")


def _month_number(match: re.Match[str]) -> int:
    word = match["month"].lower()
    return int(word) if word.isdigit() else MONTHS.index(word[:3]) + 1


def _number(match: re.Match[str]) -> int:
    word = match["count"].lower()
    if word.endswith("of"):
        return 2
    return int(word) if word.isdigit() else NUMBERS.index(word) + 1


_PATTERNS: list[tuple[re.Pattern[str], Resolver]] = [
    (re.compile(pattern, re.IGNORECASE), resolve)
    for pattern, resolve in (
        (r"\b(?P<year>(?:19|20)\d\d)-(?P<month>\d\d)-(?P<day>\d\d)\b", _day),
        (r"\b(?P<year>(?:19|20)\d\d)-(?P<month>0[1-9]|1[0-2])\b", _month),
        (r"\b(?P<a>\d\d?)/(?P<b>\d\d?)/(?P<year>(?:19|20)\d\d)\b", _numeric_date),
        (rf"\b{DAY}{TO}{LAST_DAY}\s+(?:of\s+)?{MONTH}{IN_YEAR}", _days_of_month),
        (rf"{MONTH}\s+(?:the\s+)?{DAY}{TO}{LAST_DAY}{IN_YEAR}", _days_of_month),
        (rf"\b{DAY}\s+(?:of\s+)?{MONTH}{IN_YEAR}", _day),
        (rf"{MONTH}\s+(?:the\s+)?{DAY}{IN_YEAR}", _day),
        (rf"{MONTH},?\s+(?:of\s+)?(?P<how_year>last|this|next)\s+year\b", _relative_month),
        (rf"\b{YEAR}\s+{MONTH}", _month),
        (rf"\b(?P<how>last|this)\s+{MONTH}", _relative_month),
        (rf"\b{YEAR}\s+q(?P<number>[1-4])(?P<word>)\b", _quarter),
        (
            rf"\b(?:q(?P<number>[1-4])|(?P<word>first|second|third|fourth|1st|2nd|3rd|4th)\s+quarter){IN_YEAR}\b",
            _quarter,
        ),
        (rf"\b(?P<half>first|second)\s+half{IN_YEAR}\b", _half),
        (rf"\b(?:last|past|previous|trailing)\s+{COUNT}\s+{UNIT}", _last_units),
        (rf"\b(?:last|past|this|next)\s+(?:(?:few|several|some)\s+{UNIT}|{VAGUE})", _vague),
        (rf"\b{COUNT}\s+{UNIT}\s+ago\b", _ago),
        (r"\b(?:year|month)[ -]to[ -]date\b|\b[ym]td\b", _to_date),
        (r"\b(?P<how>last|previous|this|next|coming)\s+weekend\b", _weekend),
        (
            r"\b(?P<how>last|previous|past|this|current|next|coming)\s+(?:(?:calendar|tax)\s+)?"
            r"(?P<unit>week|month|quarter|year)\b",
            _relative_unit,
        ),
        (rf"(?<=on the ){DAY}", _day_of_month),
        (rf"\b(?P<last>last\s+)?(?P<weekday>{'|'.join(WEEKDAYS)})\b", _weekday),
        (r"\bthe\s+day\s+before\s+yesterday\b|\byesterday\b|\btoday\b|(?<=to )now\b|(?<=until )now\b", _relative_day),
        (rf"{MONTH}{IN_YEAR}", _month),
        (rf"\b{YEAR}", _year),
    )
]
