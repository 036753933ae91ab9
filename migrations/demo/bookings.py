"""Makes rows of transactions on the demo user's accounts."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from migrations.demo.chance import random_amount, random_source
from migrations.demo.config import Account, Role, StatementLine, demo_data
from migrations.demo.rows import DemoTransaction


def refund_row(purchase: DemoTransaction, day: dt.date, amount: Decimal) -> DemoTransaction:
    """The refund of a purchase: a positive amount in the purchase's category."""
    return replace(
        purchase,
        key=f"{purchase.key}:refund",
        posted_at=day,
        amount=amount,
        description=f"REFUND {purchase.description}",
    )


def payment_row(name: str, day: dt.date, account: Role, category: str, line: StatementLine) -> DemoTransaction:
    """A payment whose price is drawn from the bounds of a line."""
    price = random_amount(line, random_source("price", name, day))
    return make_row(name, day, account, category, -price, line.description, merchant=line.merchant)


def make_row(
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


def account_of(role: Role) -> Account:
    account: Account = getattr(demo_data().user.accounts, role)
    return account


def sum_rows(rows: Iterable[DemoTransaction]) -> Decimal:
    return sum((row.amount for row in rows), Decimal("0.00"))
