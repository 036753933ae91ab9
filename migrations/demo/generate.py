"""Generates the demo user's ledger: a year of invented but plausible rows up to a given day."""

import datetime as dt
from collections.abc import Iterable, Iterator
from decimal import Decimal

from migrations.demo.bookings import sum_rows
from migrations.demo.chance import random_source
from migrations.demo.config import Account, Debt, Goal, Reminder, demo_data
from migrations.demo.movements import RATES_DAY, canadian_rate, card_spending, days_between, income_on, transfers_on
from migrations.demo.rows import (
    DemoAccount,
    DemoBudget,
    DemoDebt,
    DemoGoal,
    DemoLedger,
    DemoRate,
    DemoReminder,
    DemoTransaction,
)
from migrations.demo.spending import spending_on

DEMO_USER = "de300000-0000-4000-8000-000000000001"
"""The user id of the demo user."""
DAYS = 365
"""Length of the ledger."""


def demo_rows(today: dt.date) -> DemoLedger:
    """The ledger of the 365 days that end with `today`."""
    year = tuple(days_between(today - dt.timedelta(days=DAYS - 1), today))
    transactions = tuple(row for day in year for row in rows_of(day))
    user = demo_data().user
    return DemoLedger(
        profile=user.profile,
        accounts=accounts(today, transactions),
        transactions=transactions,
        budgets=tuple(DemoBudget(category, amount) for category, amount in user.budgets.items()),
        goals=tuple(demo_goal(goal, today.year) for goal in user.goals),
        debts=tuple(demo_debt(debt, today) for debt in user.debts),
        reminders=tuple(demo_reminder(reminder, today) for reminder in user.reminders),
        rates=tuple(rate for day in year if day.day == RATES_DAY for rate in rates_on(day)),
    )


def rows_of(day: dt.date) -> list[DemoTransaction]:
    """All transactions of a day."""
    return [*income_on(day), *spending_on(day), *transfers_on(day)]


def accounts(today: dt.date, transactions: Iterable[DemoTransaction]) -> tuple[DemoAccount, ...]:
    """The accounts with their balances. The balance of the Canadian account is unknown."""
    configured = demo_data().user.accounts
    # The card is paid off on the 1st of each month, so only this month is owed.
    owed = sum_rows(card_spending(days_between(today.replace(day=1), today)))
    return (
        demo_account(configured.checking, balance_of(configured.checking, transactions), today),
        demo_account(configured.savings, balance_of(configured.savings, transactions), today),
        demo_account(configured.card, owed, today),
        demo_account(configured.canadian, None, None),
    )


def demo_account(account: Account, balance: Decimal | None, as_of: dt.date | None) -> DemoAccount:
    return DemoAccount(account.name, account.type, account.currency, account.number_last4, balance, as_of)


def balance_of(account: Account, transactions: Iterable[DemoTransaction]) -> Decimal:
    return account.opening + sum_rows(row for row in transactions if row.account == account.name)


def demo_goal(goal: Goal, this_year: int) -> DemoGoal:
    """The goal, due on the last day of its year."""
    return DemoGoal(
        name=goal.name,
        description=goal.description,
        goal_type=goal.goal_type,
        target_amount=goal.target_amount,
        current_amount=goal.current_amount,
        target_date=dt.date(this_year + goal.years, 12, 31),
        status=goal.status,
        priority=goal.priority,
    )


def demo_debt(debt: Debt, today: dt.date) -> DemoDebt:
    return DemoDebt(
        name=debt.name,
        kind=debt.kind,
        balance=debt.balance,
        annual_rate_percent=debt.annual_rate_percent,
        minimum_payment=debt.minimum_payment,
        as_of=today.replace(day=1),
    )


def demo_reminder(reminder: Reminder, today: dt.date) -> DemoReminder:
    """The reminder, first due next month."""
    next_month = today.replace(day=1) + dt.timedelta(days=31)
    return DemoReminder(reminder.text, next_month.replace(day=reminder.day), reminder.recurrence)


def rates_on(day: dt.date) -> Iterator[DemoRate]:
    """The exchange rates of a day, for one US dollar."""
    yield DemoRate("CAD", day, canadian_rate(day))
    for currency, bounds in demo_data().user.rates.items():
        rate = Decimal(random_source("rate", currency, day).randint(bounds.low, bounds.high)) / 10_000
        yield DemoRate(currency, day, rate)
