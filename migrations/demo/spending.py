"""What the demo user spends on a day."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

from migrations.demo.bookings import payment, refund_of
from migrations.demo.chance import dice
from migrations.demo.config import Habit, TripLine, demo_data
from migrations.demo.rows import (
    DemoTransaction,
)

RETURNED_AFTER = dt.timedelta(days=9)
"""How long after a purchase its refund is booked."""


def spent(day: dt.date) -> list[DemoTransaction]:
    """Purchases, bills and refunds of a day."""
    bought = [row for habit in demo_data().habits for row in purchases(habit, day)]
    return [*bought, *bills(day), *trip(day), *refunds(day)]


def purchases(habit: Habit, day: dt.date) -> Iterator[DemoTransaction]:
    """What a habit costs on a day; while the user is away it costs nothing."""
    chances = dice(habit.name, day)
    if is_away(day) or chances.random() >= (habit.weekend if day.weekday() >= 5 else habit.weekday):
        return
    line = chances.choice(habit.lines)
    yield payment(habit.name, day, habit.account, habit.category, line)


def bills(day: dt.date) -> Iterator[DemoTransaction]:
    for bill in demo_data().bills:
        if bill.day == day.day:
            rise = bill.rise * rises(day)
            line = replace(bill.line, low=bill.line.low + rise, high=bill.line.high + rise)
            yield payment(bill.name, day, bill.account, bill.category, line)


def rises(day: dt.date) -> int:
    """How many times ten months have passed since 2020 began."""
    return max(0, (day.year - 2020) * 12 + day.month - 1) // 10


def refunds(day: dt.date) -> Iterator[DemoTransaction]:
    """What is paid back today of earlier purchases: a positive amount in their category."""
    bought_on = day - RETURNED_AFTER
    for habit in demo_data().habits:
        for purchase in purchases(habit, bought_on):
            if dice("returned", purchase.key).random() < habit.returned:
                yield refund_of(purchase, day, -purchase.amount)


def trip(day: dt.date) -> Iterator[DemoTransaction]:
    """The days of the yearly trip, with its flight before and its refund after."""
    offset = days_since_departure(day)
    for number, each in enumerate(demo_data().trip.lines):
        if each.after == offset:
            yield trip_payment(f"trip-{number}", day, each)
    refund = demo_data().trip.refund
    if refund.after == offset:
        yield refund_of(trip_payment("trip-inn", day, refund.of), day, refund.amount)


def trip_payment(name: str, day: dt.date, paid: TripLine) -> DemoTransaction:
    return payment(name, day, paid.account, paid.category, paid.line)


def is_away(day: dt.date) -> bool:
    return 0 <= days_since_departure(day) < demo_data().trip.days


def days_since_departure(day: dt.date) -> int:
    """Days since this year's trip began; negative before."""
    journey = demo_data().trip
    return (day - dt.date(day.year, journey.month, journey.day)).days
