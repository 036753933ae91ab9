"""A household with something of everything that the tools find, as of `TODAY`. Its figures can be checked by hand."""

import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any

from tests.support.ledgers import TODAY, Ledger, earned, refunded, spent, transferred

MONTHS = [dt.date(2025, month, 1) for month in range(5, 12)]


async def add_household(ledger: Ledger, user: str) -> None:
    """Store the household's rows for a user."""
    everyday, card = uuid.uuid4(), uuid.uuid4()
    reported = {"balance_as_of": dt.date(2025, 11, 18)}
    await ledger.add(
        "accounts",
        user,
        {
            "id": everyday,
            "name": "Everyday",
            "type": "checking",
            "balance": "3254.10",
            "number_last4": "4417",
            **reported,
        },
        {"name": "Rainy Day", "type": "savings"},
        {"id": card, "name": "Sapphire Card", "type": "credit", "balance": "-512.40", **reported},
    )
    await ledger.add_transactions(user, [{"account_id": everyday, **row} for row in _bookings()])
    await ledger.add_transactions(user, [{"account_id": card, **row} for row in _card_bookings()])
    await ledger.add(
        "budgets",
        user,
        {"category": "Groceries", "monthly_amount": "250"},
        {"category": "Meals & Dining", "monthly_amount": "40"},
        {"category": "Entertainment", "monthly_amount": "30"},
    )
    await ledger.add(
        "goals",
        user,
        {"name": "Bicycle", "target_amount": "900", "current_amount": "120", "target_date": dt.date(2026, 6, 1)},
        {"name": "Emergency fund", "target_amount": "10000", "current_amount": "4000", "priority": 1},
        {"name": "Laptop", "target_amount": "1500", "current_amount": "900", "target_date": dt.date(2025, 9, 30)},
    )
    await ledger.add(
        "debts",
        user,
        {"name": "Car loan", "balance": "9000", "annual_rate_percent": "6.5", "minimum_payment": "180"},
        {"name": "Store card", "balance": "2400", "annual_rate_percent": "19.99", "minimum_payment": "30"},
    )
    await ledger.add(
        "reminders",
        user,
        {"text": "Pay the rent", "due_on": dt.date(2025, 12, 1), "recurrence": "monthly"},
        {"text": "Call the dentist", "due_on": dt.date(2025, 11, 3)},
    )


def _bookings() -> Iterator[dict[str, Any]]:
    for first in MONTHS:
        yield earned("3000", on=first, merchant="Northwind Robotics")
        yield spent("1200", "Bills & Services", on=first.replace(day=3), merchant="Elm Street Homes")
        price = "12.99" if first.month < 10 else "14.99"
        yield spent(price, "Entertainment", on=first.replace(day=5), merchant="StreamBox")
        yield spent("84.20", on=first.replace(day=7), merchant="Greenleaf Market")
        yield spent("61.75", on=first.replace(day=16), merchant="Greenleaf Market")
    yield spent("310.40", on=dt.date(2025, 11, 12), merchant="Greenleaf Market")
    yield refunded("20", on=dt.date(2025, 11, 14), merchant="Greenleaf Market")
    yield transferred("-150", on=dt.date(2025, 11, 10), description="To savings")


def _card_bookings() -> Iterator[dict[str, Any]]:
    for day in (9, 10):
        yield spent("27.50", "Meals & Dining", on=dt.date(2025, 11, day), merchant="Corner Cafe")
    yield spent("18.40", "Meals & Dining", on=dt.date(2025, 10, 21), merchant="Corner Cafe")
    yield spent("75", "Travel & Transportation", on=dt.date(2025, 11, 8), merchant="Maple Rail", currency="CAD")
    yield spent("9.99", "Uncategorized", on=TODAY, description="SQ *KIOSK")
