"""Generates the demo user's income, and transfers between the user's own accounts."""

import datetime as dt
import random
from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal

from graph.values.months import last_day
from migrations.demo.bookings import account_of, make_row, sum_rows
from migrations.demo.chance import random_amount, random_source
from migrations.demo.config import Role, StatementLine, demo_data
from migrations.demo.rows import DemoTransaction
from migrations.demo.spending import spending_on

RATES_DAY = 5
"""The day of each month on which exchange rates are stored."""


def income_on(day: dt.date) -> Iterator[DemoTransaction]:
    """The income of a day: a salary twice a month, interest once a month, and an occasional freelance fee."""
    income = demo_data().user.income
    if day in paydays(day):
        yield income_row("salary", day, "checking", income.salary, random_source("salary", day))
    if day.day == 28:
        yield income_row("interest", day, "savings", income.interest, random_source("interest", day))
    if random_source("freelance", day).random() < income.freelance_chance:
        yield income_row("freelance", day, "checking", income.freelance, random_source("fee", day))


def income_row(name: str, day: dt.date, account: Role, line: StatementLine, chances: random.Random) -> DemoTransaction:
    amount = random_amount(line, chances)
    return make_row(name, day, account, "Income", amount, line.description, merchant=line.merchant)


def paydays(day: dt.date) -> set[dt.date]:
    """The two paydays of the day's month: the 15th and the last day, each moved back from a weekend to the Friday before."""
    return {working_day(day.replace(day=15)), working_day(last_day(day))}


def working_day(day: dt.date) -> dt.date:
    """The day, or the Friday before if the day is at a weekend."""
    return day - dt.timedelta(days=max(0, day.weekday() - 4))


def transfers_on(day: dt.date) -> list[DemoTransaction]:
    """Transfers between the user's own accounts, each with a row in either account."""
    orders = demo_data().user.standing_orders
    if day.day == 1:
        owed = -sum_rows(card_spending(days_of_month_before(day)))
        return transfer("card-payment", day, "card", owed, owed, "Bills & Services")
    if day.day == 2:
        return transfer("savings-plan", day, "savings", orders.savings, orders.savings, "Investments")
    if day.day == RATES_DAY:
        received = (orders.canadian * canadian_rate(day)).quantize(Decimal("0.01"))
        return transfer("to-canada", day, "canadian", orders.canadian, received, "Investments")
    return []


def canadian_rate(day: dt.date) -> Decimal:
    """Canadian dollars for one US dollar."""
    return Decimal(random_source("rate", day).randint(1340, 1390)) / 1000


def transfer(
    name: str, day: dt.date, target: Role, sent: Decimal, received: Decimal, category: str
) -> list[DemoTransaction]:
    """Both sides of a transfer from the checking account, each in the currency of its account."""
    source_name, target_name = account_of("checking").name.upper(), account_of(target).name.upper()
    out = make_row(f"{name}:out", day, "checking", category, -sent, f"ONLINE TRANSFER TO {target_name}")
    into = make_row(f"{name}:in", day, target, category, received, f"ONLINE TRANSFER FROM {source_name}")
    return [replace(row, is_transfer=True) for row in (out, into)]


def card_spending(period: Iterable[dt.date]) -> Iterator[DemoTransaction]:
    """The rows of a period that are charged to the card."""
    card = account_of("card").name
    return (row for day in period for row in spending_on(day) if row.account == card)


def days_between(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    return (first + dt.timedelta(days=number) for number in range((last - first).days + 1))


def days_of_month_before(day: dt.date) -> Iterator[dt.date]:
    last = day.replace(day=1) - dt.timedelta(days=1)
    return days_between(last.replace(day=1), last)
