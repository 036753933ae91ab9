"""Amounts, counts, days and periods as a user's locale writes them."""

import calendar
import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from graph.tool import SUMMARY, Row, ToolContext
from graph.values.months import last_day
from tools.shared.sentences.lists import MAX_LISTED, join_names
from tools.shared.sentences.locales import DEFAULT_LOCALE, SPACE, Conventions, conventions_of

DOLLARS = {
    "USD": "US$",
    "CAD": "CA$",
    "AUD": "A$",
    "NZD": "NZ$",
    "MXN": "MX$",
    "HKD": "HK$",
    "SGD": "S$",
}
SIGNS = {"EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "KRW": "₩", "ILS": "₪", "PHP": "₱", "VND": "₫", "BRL": "R$"}


@dataclass(frozen=True, slots=True)
class Wording:
    """Writes values into sentences. The sentences are English; numbers, amounts and days follow the locale."""

    locale: str
    today: dt.date
    """Days and months of its year are written without the year."""

    @property
    def conventions(self) -> Conventions:
        return conventions_of(self.locale)

    def count(self, number: int, noun: str, plural: str = "") -> str:
        """A number with its noun: `1 transaction`, `1,204 transactions`, `no transactions`."""
        return f"{self.number(number) if number else 'no'} {noun if number == 1 else plural or f'{noun}s'}"

    def number(self, number: int | str | Decimal) -> str:
        """A number with its separators. A text keeps the decimals that it has."""
        text = str(number)
        sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
        whole, point, decimals = digits.partition(".")
        grouped = group_digits(whole, self.conventions)
        return f"{sign}{grouped}{self.conventions.decimal_mark if point else ''}{decimals}"

    def listing(self, entries: Sequence[str], total: int | None = None, limit: int = MAX_LISTED) -> str:
        """The first entries and how many more there are: `a, b and 3 more`.

        Args:
            entries: what can be listed.
            total: how many there are, if more than the entries.
            limit: how many are listed.
        """
        rest = max(total or 0, len(entries)) - len(entries[:limit])
        return join_names([*entries[:limit], *([f"{self.number(rest)} more"] if rest else [])])

    def percent(self, percent: str) -> str:
        """A percentage without its sign."""
        whole, _, decimals = percent.lstrip("-").partition(".")
        kept = f"{whole}.{decimals.rstrip('0')}" if decimals.strip("0") else whole
        return f"{self.number(kept)}%"

    def money(self, amount: str, currency: str | None) -> str:
        """An amount of a result, such as `-1234.50`, with its currency: `-$1,234.50`."""
        sign, digits = ("-", amount[1:]) if amount.startswith("-") else ("", amount)
        number, mark = self.number(digits), self._currency_mark(currency or "")
        if not mark:
            return sign + number
        if not self.conventions.currency_first:
            return f"{sign}{number}{SPACE}{mark}"
        return f"{sign}{mark}{SPACE if mark[-1].isalpha() else ''}{number}"

    def size(self, amount: str, currency: str | None) -> str:
        """An amount without its sign."""
        return self.money(amount.removeprefix("-"), currency)

    def _currency_mark(self, currency: str) -> str:
        if currency == self.conventions.home_dollar:
            return "$"
        return DOLLARS.get(currency) or SIGNS.get(currency) or currency

    def day(self, day: str | dt.date) -> str:
        """A day: `November 3`, or `3 November 2024` where the day stands first."""
        date = dt.date.fromisoformat(day) if isinstance(day, str) else day
        return self._day_of(date, date.year != self.today.year)

    def _day_of(self, date: dt.date, with_year: bool) -> str:
        month = calendar.month_name[date.month]
        if self.conventions.month_first:
            return f"{month} {date.day}, {date.year}" if with_year else f"{month} {date.day}"
        return f"{date.day} {month} {date.year}" if with_year else f"{date.day} {month}"

    def month(self, month: str | dt.date) -> str:
        """A month, given as `2025-11` or by its first day: `November`, or `November 2024` of another year."""
        first = dt.date.fromisoformat(f"{month}-01") if isinstance(month, str) else month
        name = calendar.month_name[first.month]
        return name if first.year == self.today.year else f"{name} {first.year}"

    def months(self, first: dt.date, last: dt.date) -> str:
        """Several whole months: `from March to May`."""
        names = [calendar.month_name[day.month] for day in (first, last)]
        if first.year != last.year:
            return f"from {names[0]} {first.year} to {names[1]} {last.year}"
        return f"from {names[0]} to {names[1]}{'' if last.year == self.today.year else f' {last.year}'}"

    def period(self, start: str | None, end: str | None) -> str:
        """A period with its preposition: `in October`, `from October 1 to November 15`, `in all your records`."""
        if not start:
            return f"up to {self.day(end)}" if end else "in all your records"
        if not end:
            return f"since {self.day(start)}"
        if start == end:
            return f"on {self.day(start)}"
        return self._between(dt.date.fromisoformat(start), dt.date.fromisoformat(end))

    def _between(self, first: dt.date, last: dt.date) -> str:
        begins, ends = first.day == 1, last == last_day(last)
        if begins and ends and (first.year, first.month) == (last.year, last.month):
            return f"in {self.month(first)}"
        if begins and ends and first.month == 1 and (last.year, last.month) == (first.year, 12):
            return f"in {first.year}"
        if begins and ends:
            return self.months(first, last)
        with_year = first.year != last.year or last.year != self.today.year
        if (first.year, first.month) == (last.year, last.month):
            day, month = last.day, self.conventions.month_first
            year = f", {last.year}" if month and with_year else ""
            return (
                f"from {self._day_of(first, False)} to {day}{year}"
                if month
                else (f"from {first.day} to {self._day_of(last, with_year)}")
            )
        return f"from {self._day_of(first, first.year != last.year)} to {self._day_of(last, with_year)}"


def group_digits(digits: str, conventions: Conventions) -> str:
    """The digits of a whole number with separators between its groups."""
    groups = [digits[-3:]]
    rest = digits[:-3]
    while rest:
        groups.insert(0, rest[-conventions.later_group :])
        rest = rest[: -conventions.later_group]
    return conventions.thousands.join(groups)


def wording_of(context: ToolContext) -> Wording:
    return Wording(context.profile.locale or DEFAULT_LOCALE, context.today)


Sentences = Callable[[Row, Wording], Iterable[str]]
"""Writes the one to four sentences of a result's summary, from nothing but the result."""


def summarized(result: Row, sentences: Sentences, context: ToolContext) -> dict[str, Any]:
    """The result with its summary before its other fields, so that it is read first and truncated last."""
    return {SUMMARY: " ".join(sentence for sentence in sentences(result, wording_of(context)) if sentence), **result}
