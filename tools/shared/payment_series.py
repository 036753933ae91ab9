"""What comes back again and again: bookings of one payee at a regular distance."""

import datetime as dt
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from statistics import median, median_low
from typing import Any, Literal, NamedTuple

from graph.tool import Row, Rows
from graph.values.months import add_months, last_day

LOOK_BACK = dt.timedelta(days=400)
"""How far back bookings are looked at."""
MIN_BOOKINGS = 3
"""Bookings that make a series."""
MAX_BOOKINGS = 60
"""Bookings in the time looked at from which a payee is one that is paid now and then: weekly makes 57."""
SIMILAR_RATIO = Decimal("1.15")
"""How many times one amount may be the next smaller one of its series."""
MAX_BILL_RATIO = 3
"""How many times the smallest amount of a series that varies the largest may be."""

MAX_MEAN_DRIFT_DAYS = 0.5
"""Days by which the mean distance of what comes every week or two may differ: twice a month is not every two weeks."""

SERIES_METHOD = (
    f"A series is at least {MIN_BOOKINGS} bookings of one payee in the last {LOOK_BACK.days} days, each a week, two weeks, a "
    "month, three months or half a year after the one before (a few days more or less), of amounts that differ by at most 15 "
    f"%, or of a monthly or quarterly bill whose largest amount is at most {MAX_BILL_RATIO} times its smallest. Yearly bills "
    "are not found."
)

Cadence = Literal["weekly", "biweekly", "monthly", "quarterly", "half_yearly", "yearly"]


@dataclass(frozen=True, slots=True)
class CadenceRule:
    """How far apart the bookings of a cadence are."""

    days: int
    min_days: int
    max_days: int
    months: int = 0


CADENCE_RULES: Mapping[Cadence, CadenceRule] = {
    "weekly": CadenceRule(7, 6, 8),
    "biweekly": CadenceRule(14, 12, 16),
    "monthly": CadenceRule(30, 26, 36, months=1),
    "quarterly": CadenceRule(91, 85, 98, months=3),
    "half_yearly": CadenceRule(182, 173, 192, months=6),
    "yearly": CadenceRule(365, 350, 380, months=12),
}


class Booking(NamedTuple):
    day: dt.date
    amount: Decimal
    """Negative for an expense."""


@dataclass(frozen=True)
class PaymentSeries:
    """Bookings of one payee at a regular distance, the oldest first."""

    merchant: str | None
    """None where a person paid or was paid."""
    description: str | None
    """The line of the statement, where there is no merchant."""
    currency: str
    category: str
    cadence: Cadence
    bookings: Sequence[Booking]

    @cached_property
    def usual_amount(self) -> Decimal:
        """What to expect: the median of the last three bookings."""
        return median(booking.amount for booking in self.bookings[-3:])

    @property
    def last_date(self) -> dt.date:
        return self.bookings[-1].day

    @cached_property
    def amount_varies(self) -> bool:
        """Whether the amounts differ so much that the next one is not known."""
        return not has_similar_amounts(self.bookings)

    def expected_dates(self) -> Iterator[dt.date]:
        """The days after the last booking on which it should come again, without end."""
        rule = CADENCE_RULES[self.cadence]
        if not rule.months:
            return (self.last_date + number * dt.timedelta(days=rule.days) for number in itertools.count(1))
        usual = self._usual_day()
        first = nearest_month(self.last_date, usual)
        later = (add_months(first, number * rule.months) for number in itertools.count(1))
        return (day_in_month(month, usual) for month in later)

    def expected_between(self, start: dt.date, end: dt.date) -> list[dt.date]:
        """The expected days of a period."""
        until = itertools.takewhile(lambda day: day <= end, self.expected_dates())
        return [day for day in until if day >= start]

    def is_over(self, today: dt.date) -> bool:
        """Whether it should have come again by now, half its distance ago or longer."""
        grace = dt.timedelta(days=CADENCE_RULES[self.cadence].days // 2)
        return next(self.expected_dates()) + grace < today

    def _usual_day(self) -> int:
        """The day of the month; a last day stands for itself, whatever the month's length."""
        days = [booking.day for booking in self.bookings]
        if all(day == last_day(day) for day in days):
            return 31
        return median_low(day.day for day in days)


def nearest_month(day: dt.date, usual: int) -> dt.date:
    """The first of the month whose usual day is nearest: what comes on the 31st may be booked on the 1st."""
    first = day.replace(day=1)
    months = [add_months(first, number) for number in (-1, 0, 1)]
    return min(months, key=lambda month: abs(day_in_month(month, usual) - day))


def day_in_month(month: dt.date, day: int) -> dt.date:
    """This day of the month, or its last one where it is shorter."""
    return month.replace(day=min(day, last_day(month).day))


async def fetch_payees(rows: Rows, today: dt.date) -> list[dict[str, Any]]:
    """The payees of the time looked at, each with its bookings as `find_series` takes them."""
    return await rows.fetch(
        "payees_with_bookings", start_date=today - LOOK_BACK, end_date=today, fewest=MIN_BOOKINGS, most=MAX_BOOKINGS
    )


def find_series(found: Sequence[Row]) -> list[PaymentSeries]:
    """The series among bookings.

    Args:
        found: for each payee `merchant` or `description`, `currency`, `category`, and beside one another `days` and
            `amounts`, the oldest first; expenses and income are not mixed.
    """
    series = []
    for row in found:
        bookings = [Booking(day, amount) for day, amount in zip(row["days"], row["amounts"], strict=True)]
        for cadence, part in regular_groups(bookings):
            series.append(
                PaymentSeries(row["merchant"], row["description"], row["currency"], row["category"], cadence, part)
            )
    return series


def payee_series(row: Row) -> list[PaymentSeries]:
    """The series of one payee: all its bookings, if they come monthly or less often and are much alike, so that a price that
    rose does not make it two; else those of like amounts.

    Args:
        row: as `find_series` takes them.
    """
    bookings = [Booking(day, amount) for day, amount in zip(row["days"], row["amounts"], strict=True)]
    cadence = detect_cadence(bookings)
    if cadence and CADENCE_RULES[cadence].months and has_bill_amounts(bookings):
        return [PaymentSeries(row["merchant"], row["description"], row["currency"], row["category"], cadence, bookings)]
    return find_series([row])


def regular_groups(bookings: Sequence[Booking]) -> list[tuple[Cadence, Sequence[Booking]]]:
    """The bookings of one payee as series: by amount, where that explains all of them, else as a whole."""
    parts = [(detect_cadence(part), part) for part in group_by_amount(bookings)]
    regular: list[tuple[Cadence, Sequence[Booking]]] = [(cadence, part) for cadence, part in parts if cadence]
    if sum(len(part) for _, part in regular) == len(bookings):
        return regular
    whole = detect_cadence(bookings)
    if whole in ("monthly", "quarterly") and has_bill_amounts(bookings):
        return [(whole, bookings)]
    return regular


def group_by_amount(bookings: Sequence[Booking]) -> list[list[Booking]]:
    """Bookings of like amounts together, each by day."""
    groups: list[list[Booking]] = []
    most = Decimal()
    for amount, booking in sorted((abs(booking.amount), booking) for booking in bookings):
        if amount > most:
            groups.append([])
        groups[-1].append(booking)
        most = amount * SIMILAR_RATIO
    return [sorted(group) for group in groups]


def has_similar_amounts(bookings: Sequence[Booking]) -> bool:
    usual = abs(median(booking.amount for booking in bookings))
    return all(usual / SIMILAR_RATIO <= abs(booking.amount) <= usual * SIMILAR_RATIO for booking in bookings)


def has_bill_amounts(bookings: Sequence[Booking]) -> bool:
    amounts = [abs(booking.amount) for booking in bookings]
    return max(amounts) <= MAX_BILL_RATIO * min(amounts)


def detect_cadence(bookings: Sequence[Booking]) -> Cadence | None:
    """How often these come, if they come regularly: every distance but one in six fits."""
    if len(bookings) < MIN_BOOKINGS:
        return None
    gaps = sorted((after.day - before.day).days for before, after in itertools.pairwise(bookings))
    usual = gaps[len(gaps) // 2]
    for cadence, rule in CADENCE_RULES.items():
        if rule.min_days <= usual <= rule.max_days:
            strays = sum(1 for gap in gaps if not rule.min_days <= gap <= rule.max_days)
            steady = rule.months or abs(sum(gaps) / len(gaps) - rule.days) <= MAX_MEAN_DRIFT_DAYS
            return cadence if steady and strays <= len(gaps) // 6 else None
    return None
