"""What the demo user earns on a day and moves between accounts."""

import datetime as dt
import random
from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal

from graph.values.months import last_day
from migrations.demo.bookings import account_of, booking, total
from migrations.demo.chance import amount_of, dice
from migrations.demo.config import Line, Role, demo_data
from migrations.demo.rows import (
    DemoTransaction,
)
from migrations.demo.spending import spent

RATES_DAY = 5
"""Of each month, on which the rates between currencies are known."""


def earned(day: dt.date) -> Iterator[DemoTransaction]:
    """Salary twice a month, interest once, and now and then a fee from a person."""
    income = demo_data().user.income
    if day in paydays(day):
        yield earning("salary", day, "checking", income.salary, dice("salary", day))
    if day.day == 28:
        yield earning("interest", day, "savings", income.interest, dice("interest", day))
    if dice("freelance", day).random() < income.freelance_chance:
        yield earning("freelance", day, "checking", income.freelance, dice("fee", day))


def earning(name: str, day: dt.date, account: Role, line: Line, chances: random.Random) -> DemoTransaction:
    amount = amount_of(line, chances)
    return booking(name, day, account, "Income", amount, line.description, merchant=line.merchant)


def paydays(day: dt.date) -> set[dt.date]:
    """The 15th and the last day of the month of this day, or the working day before."""
    return {working_day(day.replace(day=15)), working_day(last_day(day))}


def working_day(day: dt.date) -> dt.date:
    """This day, or the Friday before a weekend."""
    return day - dt.timedelta(days=max(0, day.weekday() - 4))


def moved(day: dt.date) -> list[DemoTransaction]:
    """Moves between the user's own accounts, a row on either side."""
    orders = demo_data().user.standing_orders
    if day.day == 1:
        owed = -total(card_rows(month_before(day)))
        return transfer("card-payment", day, "card", owed, owed, "Bills & Services")
    if day.day == 2:
        return transfer("savings-plan", day, "savings", orders.savings, orders.savings, "Investments")
    if day.day == RATES_DAY:
        received = (orders.canadian * canadian_rate(day)).quantize(Decimal("0.01"))
        return transfer("to-canada", day, "canadian", orders.canadian, received, "Investments")
    return []


def canadian_rate(day: dt.date) -> Decimal:
    """Canadian dollars for one US dollar."""
    return Decimal(dice("rate", day).randint(1340, 1390)) / 1000


def transfer(
    name: str, day: dt.date, target: Role, sent: Decimal, received: Decimal, category: str
) -> list[DemoTransaction]:
    """Both sides of a transfer from the checking account, each in the currency of its account."""
    source_name, target_name = account_of("checking").name.upper(), account_of(target).name.upper()
    out = booking(f"{name}:out", day, "checking", category, -sent, f"ONLINE TRANSFER TO {target_name}")
    into = booking(f"{name}:in", day, target, category, received, f"ONLINE TRANSFER FROM {source_name}")
    return [replace(row, is_transfer=True) for row in (out, into)]


def card_rows(period: Iterable[dt.date]) -> Iterator[DemoTransaction]:
    card = account_of("card").name
    return (row for day in period for row in spent(day) if row.account == card)


def days(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    return (first + dt.timedelta(days=number) for number in range((last - first).days + 1))


def month_before(day: dt.date) -> Iterator[dt.date]:
    last = day.replace(day=1) - dt.timedelta(days=1)
    return days(last.replace(day=1), last)
