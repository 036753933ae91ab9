"""Shapes of the tool results that are rendered as sentences; other results are rendered field by field."""

from typing import (
    Any,
    NotRequired,  # pydantic reads this one on Python 3.11
    TypeVar,
)

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

Shape = TypeVar("Shape")


@with_config(ConfigDict(strict=True))
class Filters(TypedDict, total=False):
    type: str
    category: str | None
    categories: list[str] | None
    accounts: list[str] | None
    merchant_contains: str | None
    description_contains: str | None
    min_amount: str | None
    max_amount: str | None
    start_date: str | None
    end_date: str | None


@with_config(ConfigDict(strict=True))
class Total(TypedDict):
    currency: str
    count: int
    income: str
    refunds: str
    spent_net: str
    net: str
    transfers: NotRequired[str]


@with_config(ConfigDict(strict=True))
class Transaction(TypedDict):
    date: str
    amount: str
    currency: str
    merchant: NotRequired[str | None]
    description: NotRequired[str | None]
    category: NotRequired[str | None]


@with_config(ConfigDict(strict=True))
class Transactions(TypedDict):
    """The result of `transactions_query`."""

    matches: int
    totals: list[Total]
    transactions: list[Transaction]
    filters: Filters


@with_config(ConfigDict(strict=True))
class Share(TypedDict):
    category: str
    currency: str
    count: int
    total: str
    share_percent: str
    type: NotRequired[str]


@with_config(ConfigDict(strict=True))
class Shares(TypedDict):
    """The result of `transaction_category_totals` and of a chart by category."""

    totals: NotRequired[list[Total]]
    categories: list[Share]
    filters: Filters


@with_config(ConfigDict(strict=True))
class Account(TypedDict):
    name: str
    type: str
    currency: str
    number_last4: NotRequired[str | None]
    balance: NotRequired[str | None]
    as_of: NotRequired[str | None]


@with_config(ConfigDict(strict=True))
class AccountTotal(TypedDict):
    currency: str
    known: int
    unknown: int
    assets: str | None
    owed: str | None
    net: str | None


@with_config(ConfigDict(strict=True))
class Balances(TypedDict):
    """The result of `account_balances_query`."""

    account_type: str
    accounts: list[Account]
    totals: list[AccountTotal]


@with_config(ConfigDict(strict=True))
class Days(TypedDict):
    start_date: str
    end_date: str


@with_config(ConfigDict(strict=True))
class Periods(TypedDict):
    before: Days
    after: Days


@with_config(ConfigDict(strict=True))
class Change(TypedDict):
    before: str
    after: str
    difference: str
    percent: str | None


@with_config(ConfigDict(strict=True))
class ComparedTotal(TypedDict):
    currency: str
    income: Change
    spent_net: Change


@with_config(ConfigDict(strict=True))
class ComparedCategory(Change):
    category: str
    type: str
    currency: str


@with_config(ConfigDict(strict=True))
class Comparison(TypedDict):
    """The result of `compare_periods`."""

    periods: Periods
    filters: Filters
    totals: list[ComparedTotal]
    all_categories: int
    categories: list[ComparedCategory]


def validated_as(result: Any, shape: TypeAdapter[Shape]) -> Shape | None:
    """The result in this shape, or None if it has another one."""
    try:
        return shape.validate_python(result)
    except ValidationError:
        return None


TRANSACTIONS = TypeAdapter(Transactions)
SHARES = TypeAdapter(Shares)
BALANCES = TypeAdapter(Balances)
COMPARISON = TypeAdapter(Comparison)
