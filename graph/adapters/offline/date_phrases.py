"""Single stretches of days as people write them, "March 2025" or "last week", and where they stand in a text.

A stretch without a year is the most recent one that has begun; weeks begin on Monday. "Last month" is the calendar
month before today's, "the last 3 months" and "the past month" count back from today and include it.
"""

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from graph.adapters.offline.calendar_math import Days, around, date_or_none, months, shifted
from graph.values.currencies import COMMON_CODES, SPOKEN_NAMES


class PeriodUnclear(ValueError):
    """A period was named that cannot be turned into days; the message says why, in a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of days that a text names."""

    begin: int
    end: int
    """Where it stands in the text, as in a slice."""
    yearless: bool
    """Whether its year follows from another date."""
    read: Callable[[dt.date | None], Days]
    """Its days, given today, or for a yearless stretch the date on which it has begun at the latest."""


MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
ORDINALS = ("first", "second", "third", "fourth")
HOW_FAR = {"last": -1, "previous": -1, "this": 0, "current": 0, "next": 1, "coming": 1}

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

LEADS_TO_YEAR = re.compile(
    r"(?:\b(?:in|for|during|throughout|of|since|from|between|before|after|until|till|through|year)"
    r"|\b(?:19|20)\d\d\s+(?:and|or|to|vs\.?|versus|than|with))\s+$",
    re.IGNORECASE,
)
LEADS_TO_MONTH = re.compile(
    r"\b(?:in|for|during|since|of|from|to|between|and|until|till|through|before|after|this|last|or|vs\.?|versus)\s+$",
    re.IGNORECASE,
)
MONEY_FOLLOWS = re.compile(rf"\s*(?:{'|'.join((*SPOKEN_NAMES, *COMMON_CODES))}|%|[.,]\d)", re.IGNORECASE)


def find_stretches(text: str, today: dt.date | None) -> list[Stretch]:
    """The stretches that a text names, in order; of two that overlap, the more exact kind wins."""
    found: list[Stretch] = []
    for pattern, read in _KINDS:
        for match in pattern.finditer(text):
            free = all(match.end() <= other.begin or other.end <= match.start() for other in found)
            if free and _is_meant(text, match):
                found.append(_stretch(match, read, today))
    return sorted(found, key=lambda stretch: stretch.begin)


def _is_meant(text: str, match: re.Match[str]) -> bool:
    """False for "may I", a person called Jan, and 2000 as an amount."""
    before, word = text[: match.start()], match[0].lower()
    if word in ("may", "jan", "mar"):
        return LEADS_TO_MONTH.search(before) is not None
    if word.isdigit():
        return LEADS_TO_YEAR.search(before) is not None and not MONEY_FOLLOWS.match(text, match.end())
    return True


def _stretch(match: re.Match[str], read: "Reader", today: dt.date | None) -> Stretch:
    names = match.re.groupindex
    yearless = "year" in names and match["year"] is None
    dated = "year" in names and not yearless

    def days(limit: dt.date | None) -> Days:
        anchor = dt.date.max if dated else limit if yearless else today
        if anchor is None:
            raise PeriodUnclear(f"I do not know today's date, so I cannot tell which days “{match[0]}” means.")
        return read(match, anchor)

    return Stretch(match.start(), match.end(), yearless, days)


Reader = Callable[[re.Match[str], dt.date], Days]
"""Turns a match into days, given today or the limit of a yearless stretch."""


def _day(match: re.Match[str], limit: dt.date) -> Days:
    date = _date_named(match, limit)
    return date, date


def _days_of_month(match: re.Match[str], limit: dt.date) -> Days:
    first = _date_named(match, limit)
    last = date_or_none(first.year, first.month, int(match["last_day"]))
    if last is None or last < first:
        raise _no_such_day(match)
    return first, last


def _date_named(match: re.Match[str], limit: dt.date) -> dt.date:
    for year in _years(match, limit):
        date = date_or_none(year, _month_number(match), int(match["day"]))
        if date and date <= limit:
            return date
    raise _no_such_day(match)


def _years(match: re.Match[str], limit: dt.date) -> Sequence[int]:
    """The year that is named, or those up to the limit, newest first; nine always hold a 29 February."""
    return [int(match["year"])] if match["year"] else range(limit.year, limit.year - 9, -1)


def _no_such_day(match: re.Match[str]) -> PeriodUnclear:
    return PeriodUnclear(f"There is no “{match[0]}” in the calendar.")


def _day_of_month(match: re.Match[str], today: dt.date) -> Days:
    for month in (today, shifted(today, "month", -1), shifted(today, "month", -2)):
        date = date_or_none(month.year, month.month, int(match["day"]))
        if date and date <= today:
            return date, date
    raise _no_such_day(match)


def _slashed(match: re.Match[str], _: dt.date) -> Days:
    a, b = int(match["a"]), int(match["b"])
    readings = {date for pair in ((a, b), (b, a)) if (date := date_or_none(int(match["year"]), *pair))}
    if len(readings) != 1:
        raise PeriodUnclear(f"I cannot tell which day “{match[0]}” is; write it like 3 March 2025.")
    return (date := readings.pop()), date


def _month(match: re.Match[str], limit: dt.date) -> Days:
    year = next(year for year in _years(match, limit) if dt.date(year, _month_number(match), 1) <= limit)
    return months(year, _month_number(match))


def _month_beside(match: re.Match[str], today: dt.date) -> Days:
    """Read a month beside a word for its year: "March last year", "last March"."""
    if match.re.groupindex.get("how_year"):
        return months(today.year + HOW_FAR[match["how_year"].lower()], _month_number(match))
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


def _counted(match: re.Match[str], today: dt.date) -> Days:
    """The last N units, counted back from today."""
    return shifted(today, match["unit"].lower(), -_number(match)) + dt.timedelta(1), today


def _ago(match: re.Match[str], today: dt.date) -> Days:
    unit = match["unit"].lower()
    return around(shifted(today, unit, -_number(match)), unit)


def _unit(match: re.Match[str], today: dt.date) -> Days:
    unit = match["unit"].lower()
    if match["how"].lower() == "past":
        return shifted(today, unit, -1) + dt.timedelta(1), today
    return around(shifted(today, unit, HOW_FAR[match["how"].lower()]), unit)


def _to_date(match: re.Match[str], today: dt.date) -> Days:
    return around(today, "year" if match[0][0].lower() == "y" else "month")[0], today


def _weekend(match: re.Match[str], today: dt.date) -> Days:
    saturday = around(today, "week")[0] + dt.timedelta(5 + 7 * HOW_FAR[match["how"].lower()])
    return saturday, saturday + dt.timedelta(1)


def _weekday(match: re.Match[str], today: dt.date) -> Days:
    back = (today.weekday() - WEEKDAYS.index(match["weekday"].lower())) % 7
    date = today - dt.timedelta(back or 7 * bool(match["last"]))
    return date, date


def _near(match: re.Match[str], today: dt.date) -> Days:
    back = {"yesterday": 1, "the day before yesterday": 2}.get(" ".join(match[0].lower().split()), 0)
    return (date := today - dt.timedelta(back)), date


def _vague(match: re.Match[str], _: dt.date) -> Days:
    raise PeriodUnclear(f"“{match[0]}” can mean many things; give me dates or a number of days.")


def _month_number(match: re.Match[str]) -> int:
    word = match["month"].lower()
    return int(word) if word.isdigit() else MONTHS.index(word[:3]) + 1


def _number(match: re.Match[str]) -> int:
    word = match["count"].lower()
    if word.endswith("of"):
        return 2
    return int(word) if word.isdigit() else NUMBERS.index(word) + 1


_KINDS: list[tuple[re.Pattern[str], Reader]] = [
    (re.compile(pattern, re.IGNORECASE), read)
    for pattern, read in (
        (r"\b(?P<year>(?:19|20)\d\d)-(?P<month>\d\d)-(?P<day>\d\d)\b", _day),
        (r"\b(?P<year>(?:19|20)\d\d)-(?P<month>0[1-9]|1[0-2])\b", _month),
        (r"\b(?P<a>\d\d?)/(?P<b>\d\d?)/(?P<year>(?:19|20)\d\d)\b", _slashed),
        (rf"\b{DAY}{TO}{LAST_DAY}\s+(?:of\s+)?{MONTH}{IN_YEAR}", _days_of_month),
        (rf"{MONTH}\s+(?:the\s+)?{DAY}{TO}{LAST_DAY}{IN_YEAR}", _days_of_month),
        (rf"\b{DAY}\s+(?:of\s+)?{MONTH}{IN_YEAR}", _day),
        (rf"{MONTH}\s+(?:the\s+)?{DAY}{IN_YEAR}", _day),
        (rf"{MONTH},?\s+(?:of\s+)?(?P<how_year>last|this|next)\s+year\b", _month_beside),
        (rf"\b{YEAR}\s+{MONTH}", _month),
        (rf"\b(?P<how>last|this)\s+{MONTH}", _month_beside),
        (rf"\b{YEAR}\s+q(?P<number>[1-4])(?P<word>)\b", _quarter),
        (
            rf"\b(?:q(?P<number>[1-4])|(?P<word>first|second|third|fourth|1st|2nd|3rd|4th)\s+quarter){IN_YEAR}\b",
            _quarter,
        ),
        (rf"\b(?P<half>first|second)\s+half{IN_YEAR}\b", _half),
        (rf"\b(?:last|past|previous|trailing)\s+{COUNT}\s+{UNIT}", _counted),
        (rf"\b(?:last|past|this|next)\s+(?:(?:few|several|some)\s+{UNIT}|{VAGUE})", _vague),
        (rf"\b{COUNT}\s+{UNIT}\s+ago\b", _ago),
        (r"\b(?:year|month)[ -]to[ -]date\b|\b[ym]td\b", _to_date),
        (r"\b(?P<how>last|previous|this|next|coming)\s+weekend\b", _weekend),
        (
            r"\b(?P<how>last|previous|past|this|current|next|coming)\s+(?:(?:calendar|tax)\s+)?"
            r"(?P<unit>week|month|quarter|year)\b",
            _unit,
        ),
        (rf"(?<=on the ){DAY}", _day_of_month),
        (rf"\b(?P<last>last\s+)?(?P<weekday>{'|'.join(WEEKDAYS)})\b", _weekday),
        (r"\bthe\s+day\s+before\s+yesterday\b|\byesterday\b|\btoday\b|(?<=to )now\b|(?<=until )now\b", _near),
        (rf"{MONTH}{IN_YEAR}", _month),
        (rf"\b{YEAR}", _year),
    )
]
