"""Makes the demo user's ledger: a year of made-up but plausible rows up to a given day.

What happens on a day depends on its date alone, so that a demo seeded tomorrow tells the same past.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from decimal import Decimal

from migrations.demo.bookings import total
from migrations.demo.chance import dice
from migrations.demo.config import Account, Debt, Goal, Reminder, demo_data
from migrations.demo.movements import RATES_DAY, canadian_rate, card_rows, days, earned, moved
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
from migrations.demo.spending import spent

DEMO_USER = "de300000-0000-4000-8000-000000000001"
"""The user id of the demo user."""
DAYS = 365


def demo_rows(today: dt.date) -> DemoLedger:
    """The ledger of the 365 days up to `today`, which is the last of them."""
    year = tuple(days(today - dt.timedelta(days=DAYS - 1), today))
    transactions = tuple(row for day in year for row in rows_of(day))
    user = demo_data().user
    return DemoLedger(
        profile=user.profile,
        accounts=accounts(today, transactions),
        transactions=transactions,
        budgets=tuple(DemoBudget(category, amount) for category, amount in user.budgets.items()),
        goals=tuple(goal_from(goal, today.year) for goal in user.goals),
        debts=tuple(debt_from(debt, today) for debt in user.debts),
        reminders=tuple(reminder_from(reminder, today) for reminder in user.reminders),
        rates=tuple(rate for day in year if day.day == RATES_DAY for rate in rates(day)),
    )


def rows_of(day: dt.date) -> list[DemoTransaction]:
    return [*earned(day), *spent(day), *moved(day)]


def accounts(today: dt.date, transactions: Iterable[DemoTransaction]) -> tuple[DemoAccount, ...]:
    """The accounts with their balances; nobody reported the Canadian one, so it is unknown."""
    had = demo_data().user.accounts
    # The card is paid off on the 1st of each month, so only this month is owed.
    owed = total(card_rows(days(today.replace(day=1), today)))
    return (
        account_from(had.checking, balance_of(had.checking, transactions), today),
        account_from(had.savings, balance_of(had.savings, transactions), today),
        account_from(had.card, owed, today),
        account_from(had.canadian, None, None),
    )


def account_from(account: Account, balance: Decimal | None, as_of: dt.date | None) -> DemoAccount:
    return DemoAccount(account.name, account.type, account.currency, account.number_last4, balance, as_of)


def balance_of(account: Account, transactions: Iterable[DemoTransaction]) -> Decimal:
    return account.opening + total(row for row in transactions if row.account == account.name)


def goal_from(goal: Goal, this_year: int) -> DemoGoal:
    """The goal, due at the end of a year."""
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


def debt_from(debt: Debt, today: dt.date) -> DemoDebt:
    return DemoDebt(
        name=debt.name,
        kind=debt.kind,
        balance=debt.balance,
        annual_rate_percent=debt.annual_rate_percent,
        minimum_payment=debt.minimum_payment,
        as_of=today.replace(day=1),
    )


def reminder_from(reminder: Reminder, today: dt.date) -> DemoReminder:
    """The reminder, due next month for the first time."""
    next_month = today.replace(day=1) + dt.timedelta(days=31)
    return DemoReminder(reminder.text, next_month.replace(day=reminder.day), reminder.recurrence)


def rates(day: dt.date) -> Iterator[DemoRate]:
    yield DemoRate("CAD", day, canadian_rate(day))
    for currency, between in demo_data().user.rates.items():
        rate = Decimal(dice("rate", currency, day).randint(between.low, between.high)) / 10_000
        yield DemoRate(currency, day, rate)
