"""Payment series: bookings of one payee at regular intervals."""

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
"""The time in which bookings are searched."""
MIN_BOOKINGS = 3
"""The fewest bookings of a series."""
MAX_BOOKINGS = 60
"""The most bookings of a regular payee in that time; weekly makes 57."""
SIMILAR_RATIO = Decimal("1.15")
"""The largest ratio of an amount to the next smaller one of its series."""
MAX_BILL_RATIO = 3
"""The largest ratio of the largest to the smallest amount of a series with varying amounts."""

MAX_MEAN_DRIFT_DAYS = 0.5
"""The largest deviation of a weekly or biweekly series' mean interval, in days: twice a month is not every two weeks."""

SERIES_METHOD = (
    f"A series is at least {MIN_BOOKINGS} bookings of one payee in the last {LOOK_BACK.days} days, each a week, two weeks, a "
    "month, three months or half a year after the one before (a few days more or less), of amounts that differ by at most 15 "
    f"%, or of a monthly or quarterly bill whose largest amount is at most {MAX_BILL_RATIO} times its smallest. Yearly bills "
    "are not found."
)

Cadence = Literal["weekly", "biweekly", "monthly", "quarterly", "half_yearly", "yearly"]


@dataclass(frozen=True, slots=True)
class CadenceRule:
    """The intervals between the bookings of a cadence, in days."""

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
    """Bookings of one payee at regular intervals, the oldest first."""

    merchant: str | None
    """None for a payment from or to a person."""
    description: str | None
    """The statement line; set if there is no merchant."""
    currency: str
    category: str
    cadence: Cadence
    bookings: Sequence[Booking]

    @cached_property
    def usual_amount(self) -> Decimal:
        """The expected amount: the median of the last three bookings."""
        return median(booking.amount for booking in self.bookings[-3:])

    @property
    def last_date(self) -> dt.date:
        return self.bookings[-1].day

    @cached_property
    def amount_varies(self) -> bool:
        """Whether the amounts differ too much to predict the next one."""
        return not has_similar_amounts(self.bookings)

    def expected_dates(self) -> Iterator[dt.date]:
        """The expected days after the last booking, without end."""
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
        """Whether the next booking is late by more than half an interval."""
        grace = dt.timedelta(days=CADENCE_RULES[self.cadence].days // 2)
        return next(self.expected_dates()) + grace < today

    def _usual_day(self) -> int:
        """The usual day of the month; 31 if all bookings are on the last day of their months."""
        days = [booking.day for booking in self.bookings]
        if all(day == last_day(day) for day in days):
            return 31
        return median_low(day.day for day in days)


def nearest_month(day: dt.date, usual: int) -> dt.date:
    """The month whose usual day is nearest to a day: a payment of the 31st may be booked on the 1st."""
    first = day.replace(day=1)
    months = [add_months(first, number) for number in (-1, 0, 1)]
    return min(months, key=lambda month: abs(day_in_month(month, usual) - day))


def day_in_month(month: dt.date, day: int) -> dt.date:
    """The day of the month, or the last day of a shorter month."""
    return month.replace(day=min(day, last_day(month).day))


async def fetch_payees(rows: Rows, today: dt.date) -> list[dict[str, Any]]:
    """The payees of the last `LOOK_BACK`, each with its bookings, as `find_series` takes them."""
    return await rows.fetch(
        "payees_with_bookings",
        start_date=today - LOOK_BACK,
        end_date=today,
        min_count=MIN_BOOKINGS,
        max_count=MAX_BOOKINGS,
    )


def find_series(found: Sequence[Row]) -> list[PaymentSeries]:
    """The series of all payees.

    Args:
        found: one row a payee with `merchant` or `description`, `currency`, `category`, and the parallel lists `days` and
            `amounts`, the oldest first. Expenses and income are in separate rows.
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
    """The series of one payee.

    All bookings are one series if they come monthly or less often and their amounts are similar, so that a price rise does not
    split it. Otherwise similar amounts make a series each.

    Args:
        row: a row as `find_series` takes it.
    """
    bookings = [Booking(day, amount) for day, amount in zip(row["days"], row["amounts"], strict=True)]
    cadence = detect_cadence(bookings)
    if cadence and CADENCE_RULES[cadence].months and has_bill_amounts(bookings):
        return [PaymentSeries(row["merchant"], row["description"], row["currency"], row["category"], cadence, bookings)]
    return find_series([row])


def regular_groups(bookings: Sequence[Booking]) -> list[tuple[Cadence, Sequence[Booking]]]:
    """The regular groups of a payee's bookings: by amount if that covers all bookings, else all bookings together."""
    parts = [(detect_cadence(part), part) for part in group_by_amount(bookings)]
    regular: list[tuple[Cadence, Sequence[Booking]]] = [(cadence, part) for cadence, part in parts if cadence]
    if sum(len(part) for _, part in regular) == len(bookings):
        return regular
    whole = detect_cadence(bookings)
    if whole in ("monthly", "quarterly") and has_bill_amounts(bookings):
        return [(whole, bookings)]
    return regular


def group_by_amount(bookings: Sequence[Booking]) -> list[list[Booking]]:
    """Groups of bookings with similar amounts, each ordered by day."""
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
    """The cadence of the bookings, or None. One interval in six may be irregular."""
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
