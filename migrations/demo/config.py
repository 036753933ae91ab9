"""The demo user's accounts, income, habits, bills and trip, read from `demo_*.yaml`."""

from dataclasses import dataclass, fields
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from graph.errors import ConfigurationError
from migrations.demo.rows import DemoProfile

FOLDER = Path(__file__).parent


def require_text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError('an amount must be in quotes, as in "12.50"')
    return value


QuotedAmount = Annotated[Decimal, Field(ge=0, decimal_places=2), BeforeValidator(require_text)]
"""Money in units of its currency. It is text in the files, because YAML reads a bare number as a float."""
Cents = Annotated[int, Field(gt=0)]
Chance = Annotated[float, Field(ge=0, le=1)]
DayOfMonth = Annotated[int, Field(ge=1, le=28)]
"""A day that every month has."""
Role = Literal["checking", "savings", "card", "canadian"]
"""The purpose of an account: a field of `Accounts`."""


@dataclass(frozen=True, slots=True)
class StatementLine:
    """How a payment looks on a statement, and the bounds of its price."""

    merchant: str | None
    """None for a payment from or to a person."""
    description: str
    low: Cents
    high: Cents

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError(f"low ({self.low}) is greater than high ({self.high})")


@dataclass(frozen=True, slots=True)
class Habit:
    """A kind of purchase that happens at most once a day, with a chance that differs at weekends."""

    name: str
    category: str
    weekday: Chance
    weekend: Chance
    lines: Annotated[tuple[StatementLine, ...], Field(min_length=1)]
    account: Role = "card"
    returned: Chance = 0.0
    """The chance that a purchase is returned."""


@dataclass(frozen=True, slots=True)
class Bill:
    """A payment on the same day of every month."""

    name: str
    category: str
    day: DayOfMonth
    line: StatementLine
    account: Role = "checking"
    rise: int = 0
    """Cents by which the price rises every ten months, so that every ledger of a year holds a rise."""


@dataclass(frozen=True, slots=True)
class TripLine:
    """A payment for the trip."""

    after: int
    """Days after the start of the trip; negative before it."""
    account: Role
    category: str
    line: StatementLine


@dataclass(frozen=True, slots=True)
class TripRefund:
    """A refund for the trip."""

    after: int
    """Days after the start of the trip."""
    amount: QuotedAmount
    of: TripLine


@dataclass(frozen=True, slots=True)
class Trip:
    """The yearly trip."""

    month: Annotated[int, Field(ge=1, le=12)]
    day: DayOfMonth
    days: int
    """Length of the trip."""
    lines: tuple[TripLine, ...]
    refund: TripRefund


@dataclass(frozen=True, slots=True)
class Account:
    name: str
    type: str
    currency: str
    number_last4: str
    opening: QuotedAmount = Decimal("0.00")
    """The balance before the first day."""


@dataclass(frozen=True, slots=True)
class Accounts:
    checking: Account
    savings: Account
    card: Account
    """Paid off on the 1st of each month."""
    canadian: Account
    """Its balance is never reported."""


@dataclass(frozen=True, slots=True)
class Income:
    salary: StatementLine
    """Paid twice a month."""
    interest: StatementLine
    """Paid once a month."""
    freelance: StatementLine
    freelance_chance: Chance
    """The chance of a freelance fee on any day."""


@dataclass(frozen=True, slots=True)
class StandingOrders:
    """Monthly transfers from the checking account."""

    savings: QuotedAmount
    canadian: QuotedAmount


@dataclass(frozen=True, slots=True)
class Goal:
    name: str
    description: str
    goal_type: str
    target_amount: QuotedAmount
    current_amount: QuotedAmount
    years: int
    """Years from the current one to the one at whose end the goal is due."""
    status: str
    priority: int


@dataclass(frozen=True, slots=True)
class Debt:
    name: str
    kind: str
    balance: QuotedAmount
    """What is owed on the first day of the month."""
    annual_rate_percent: QuotedAmount
    minimum_payment: QuotedAmount


@dataclass(frozen=True, slots=True)
class Reminder:
    text: str
    day: DayOfMonth
    """The day of next month on which it is first due."""
    recurrence: Literal["none", "weekly", "monthly", "yearly"]


@dataclass(frozen=True, slots=True)
class Rate:
    """The bounds of the value of a US dollar, in ten-thousandths of the other currency."""

    low: Cents
    high: Cents


@dataclass(frozen=True, slots=True)
class User:
    profile: DemoProfile
    accounts: Accounts
    income: Income
    standing_orders: StandingOrders
    budgets: dict[str, QuotedAmount]
    """Monthly amounts by category."""
    goals: tuple[Goal, ...]
    debts: tuple[Debt, ...]
    reminders: tuple[Reminder, ...]
    rates: dict[str, Rate]
    """By currency. The Canadian dollar is missing: it has the rate of the transfers."""


@dataclass(frozen=True, slots=True)
class DemoData:
    """The whole configuration; each field is the content of `demo_<field>.yaml`."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    user: User
    habits: tuple[Habit, ...]
    bills: tuple[Bill, ...]
    trip: Trip


@cache
def demo_data() -> DemoData:
    """The configuration in this folder, read once per process."""
    return read_demo_data(FOLDER)


def read_demo_data(folder: Path) -> DemoData:
    """Read the configuration from a folder.

    Raises:
        ConfigurationError: a file is invalid; the message names the file and the position in it.
    """
    content = {field.name: _load(folder / f"demo_{field.name}.yaml") for field in fields(DemoData)}
    try:
        return TypeAdapter(DemoData).validate_python(content)
    except ValidationError as error:
        raise _first_fault(error) from None


def _load(file: Path) -> object:
    try:
        return yaml.safe_load(file.read_text("utf-8"))
    except yaml.YAMLError as error:
        raise ConfigurationError(f"migrations/demo/{file.name}: it is not valid YAML: {error}") from None


def _first_fault(error: ValidationError) -> ConfigurationError:
    fault = error.errors()[0]
    reasons = {"unexpected_keyword_argument": "the key is unknown", "missing": "the key is missing"}
    name, *place = map(str, fault["loc"])
    where = [f"migrations/demo/demo_{name}.yaml", *([".".join(place)] if place else [])]
    return ConfigurationError(": ".join([*where, reasons.get(fault["type"], fault["msg"])]))
