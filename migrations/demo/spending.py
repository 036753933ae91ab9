"""Generates what the demo user spends: purchases, bills, the yearly trip, and refunds."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

from migrations.demo.bookings import payment_row, refund_row
from migrations.demo.chance import random_source
from migrations.demo.config import Habit, TripLine, demo_data
from migrations.demo.rows import DemoTransaction

RETURNED_AFTER = dt.timedelta(days=9)
"""The time from a purchase to the booking of its refund."""


def spending_on(day: dt.date) -> list[DemoTransaction]:
    """The purchases, bills and refunds of a day."""
    bought = [row for habit in demo_data().habits for row in purchases(habit, day)]
    return [*bought, *bills_on(day), *trip_payments(day), *refunds_on(day)]


def purchases(habit: Habit, day: dt.date) -> Iterator[DemoTransaction]:
    """The purchase that a habit causes on a day, if any; none while the user is on the trip."""
    chances = random_source(habit.name, day)
    if is_away(day) or chances.random() >= (habit.weekend if day.weekday() >= 5 else habit.weekday):
        return
    line = chances.choice(habit.lines)
    yield payment_row(habit.name, day, habit.account, habit.category, line)


def bills_on(day: dt.date) -> Iterator[DemoTransaction]:
    for bill in demo_data().bills:
        if bill.day == day.day:
            rise = bill.rise * count_price_rises(day)
            line = replace(bill.line, low=bill.line.low + rise, high=bill.line.high + rise)
            yield payment_row(bill.name, day, bill.account, bill.category, line)


def count_price_rises(day: dt.date) -> int:
    """The number of price rises since the beginning of 2020: one every ten months."""
    return max(0, (day.year - 2020) * 12 + day.month - 1) // 10


def refunds_on(day: dt.date) -> Iterator[DemoTransaction]:
    """The refunds that are booked on a day for earlier purchases: positive amounts in the purchases' categories."""
    bought_on = day - RETURNED_AFTER
    for habit in demo_data().habits:
        for purchase in purchases(habit, bought_on):
            if random_source("returned", purchase.key).random() < habit.returned:
                yield refund_row(purchase, day, -purchase.amount)


def trip_payments(day: dt.date) -> Iterator[DemoTransaction]:
    """The payments of the yearly trip that fall on a day, with its flight before and its refund after."""
    offset = days_since_departure(day)
    for number, line in enumerate(demo_data().trip.lines):
        if line.after == offset:
            yield trip_payment(f"trip-{number}", day, line)
    refund = demo_data().trip.refund
    if refund.after == offset:
        yield refund_row(trip_payment("trip-inn", day, refund.of), day, refund.amount)


def trip_payment(name: str, day: dt.date, line: TripLine) -> DemoTransaction:
    return payment_row(name, day, line.account, line.category, line.line)


def is_away(day: dt.date) -> bool:
    return 0 <= days_since_departure(day) < demo_data().trip.days


def days_since_departure(day: dt.date) -> int:
    """Days since the beginning of the trip of the day's year; negative before the trip."""
    trip = demo_data().trip
    return (day - dt.date(day.year, trip.month, trip.day)).days
