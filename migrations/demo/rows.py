"""The rows of a demo ledger, as they are stored."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class DemoProfile:
    currency: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class DemoAccount:
    name: str
    type: str
    currency: str
    number_last4: str
    balance: Decimal | None
    """None if it was never reported."""
    balance_as_of: dt.date | None


@dataclass(frozen=True, slots=True)
class DemoTransaction:
    key: str
    """Unique among the rows of all days; the id is derived from it."""
    account: str
    posted_at: dt.date
    amount: Decimal
    """Negative for an expense."""
    currency: str
    category: str
    merchant: str | None
    """None for a payment from or to a person."""
    description: str
    is_transfer: bool = False


@dataclass(frozen=True, slots=True)
class DemoBudget:
    category: str
    monthly_amount: Decimal
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class DemoGoal:
    name: str
    description: str
    goal_type: str
    target_amount: Decimal
    current_amount: Decimal
    target_date: dt.date
    status: str
    priority: int


@dataclass(frozen=True, slots=True)
class DemoDebt:
    name: str
    kind: str
    balance: Decimal
    """What is owed, as a positive amount."""
    annual_rate_percent: Decimal
    minimum_payment: Decimal
    as_of: dt.date
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class DemoReminder:
    text: str
    due_on: dt.date
    recurrence: str


@dataclass(frozen=True, slots=True)
class DemoRate:
    """Units of `quote` for one US dollar on a day; invented."""

    quote: str
    day: dt.date
    rate: Decimal
    base: str = "USD"


@dataclass(frozen=True, slots=True)
class DemoLedger:
    profile: DemoProfile
    accounts: tuple[DemoAccount, ...]
    transactions: tuple[DemoTransaction, ...]
    """Oldest first."""
    budgets: tuple[DemoBudget, ...]
    goals: tuple[DemoGoal, ...]
    debts: tuple[DemoDebt, ...]
    reminders: tuple[DemoReminder, ...]
    rates: tuple[DemoRate, ...]
    """They have no owner: all users of the database see them."""
