"""Makes the demo user's ledger: a year of made-up but plausible rows up to a given day.

What happens on a day depends on its date alone, so that a demo seeded tomorrow tells the same past.
"""

import datetime as dt
import random
from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal

from graph.values.months import last_day
from migrations.demo.config import Account, Debt, Goal, Habit, Line, Reminder, Role, TripLine, demo_data
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

DEMO_USER = "de300000-0000-4000-8000-000000000001"
"""The user id of the demo user."""

SEED = "ledger-1"
DAYS = 365

RATES_DAY = 5
"""Of each month, on which the rates between currencies are known."""

RETURNED_AFTER = dt.timedelta(days=9)
"""How long after a purchase its refund is booked."""


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


# What is spent -------------------------------------------------------------------------------------------------------


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


def refund_of(purchase: DemoTransaction, day: dt.date, amount: Decimal) -> DemoTransaction:
    return replace(
        purchase,
        key=f"{purchase.key}:refund",
        posted_at=day,
        amount=amount,
        description=f"REFUND {purchase.description}",
    )


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


def payment(name: str, day: dt.date, account: Role, category: str, line: Line) -> DemoTransaction:
    price = amount_of(line, dice("price", name, day))
    return booking(name, day, account, category, -price, line.description, merchant=line.merchant)


# What is earned and moved --------------------------------------------------------------------------------------------


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


def booking(
    name: str,
    day: dt.date,
    account: Role,
    category: str,
    amount: Decimal,
    description: str,
    *,
    merchant: str | None = None,
) -> DemoTransaction:
    return DemoTransaction(
        key=f"{day}:{name}",
        account=account_of(account).name,
        posted_at=day,
        amount=amount,
        currency=account_of(account).currency,
        category=category,
        merchant=merchant,
        description=description,
    )


# What is had and planned ---------------------------------------------------------------------------------------------


def account_of(role: Role) -> Account:
    account: Account = getattr(demo_data().user.accounts, role)
    return account


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


def card_rows(period: Iterable[dt.date]) -> Iterator[DemoTransaction]:
    card = account_of("card").name
    return (row for day in period for row in spent(day) if row.account == card)


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


# Days, cents, chance -------------------------------------------------------------------------------------------------


def days(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    return (first + dt.timedelta(days=number) for number in range((last - first).days + 1))


def month_before(day: dt.date) -> Iterator[dt.date]:
    last = day.replace(day=1) - dt.timedelta(days=1)
    return days(last.replace(day=1), last)


def total(rows: Iterable[DemoTransaction]) -> Decimal:
    return sum((row.amount for row in rows), Decimal("0.00"))


def amount_of(line: Line, chances: random.Random) -> Decimal:
    """An amount within the bounds of a line, in units of its currency."""
    return Decimal(chances.randint(line.low, line.high)).scaleb(-2)


def dice(*names: object) -> random.Random:
    """Randomness that the same names give again."""
    return random.Random(":".join([SEED, *map(str, names)]))  # noqa: S311 - made-up data, no secret
