"""Finds one of the user's transactions."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import Field

from graph.tool import Row, Rows, ToolError
from tools.shared.arguments import ToolArguments
from tools.shared.money import amount_text
from tools.shared.text_fields import ShortText

MAX_CANDIDATES = 8


class TransactionSelector(ToolArguments):
    """Selects one transaction by its id, or by merchant, day and amount."""

    transaction_id: UUID | None = Field(None, description="Its id from another result, instead of the rest.")
    merchant: ShortText | None = Field(None, description="Part of its merchant or statement line.")
    day: dt.date | None = Field(None, description="The day it was booked.")
    amount: Decimal | None = Field(None, description="Its exact amount, without sign.", gt=0, le=10**12)


async def matching_transactions(which: TransactionSelector, rows: Rows) -> tuple[int, list[dict[str, Any]]]:
    """The number of matching transactions, and the newest of them.

    Raises:
        ToolError: neither an id nor a merchant nor an amount is given.
    """
    if which.transaction_id:
        found = await rows.fetch("transaction_by_id", id=which.transaction_id)
        return len(found), found
    if which.merchant is None and which.amount is None:
        raise ToolError("Say which transaction: its id, or its merchant or amount, and the day if it is known.")
    found = await rows.fetch(
        "similar_transactions", merchant=which.merchant, day=which.day, amount=which.amount, limit=MAX_CANDIDATES
    )
    return (found[0]["found"] if found else 0), found


async def resolve_transaction(which: TransactionSelector, rows: Rows) -> dict[str, Any]:
    """The only matching transaction.

    Raises:
        ToolError: no transaction matches, or several do; the message lists them.
    """
    count, found = await matching_transactions(which, rows)
    if count == 0:
        raise ToolError("Unknown: no such transaction; look for it with transactions_query and give its id.")
    if count > 1:
        lines = "; ".join(describe_transaction(row) for row in found)
        raise ToolError(f"Ambiguous: {count} transactions match. Ask which one is meant and give its id: {lines}.")
    return found[0]


def describe_transaction(row: Row) -> str:
    name = row["merchant"] or row["description"] or "no name"
    return f"{row['posted_at']} {amount_text(row['amount'], row['currency'])} {row['currency']} {name} (id {row['id']})"


def transaction_result(row: Row) -> dict[str, Any]:
    """A transaction as results hold it."""
    return {
        "id": str(row["id"]),
        "date": row["posted_at"].isoformat(),
        "amount": amount_text(row["amount"], row["currency"]),
        "currency": row["currency"],
        "merchant": row["merchant"],
        "description": row["description"],
        "category": row["category"],
    }


def transaction_results(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [transaction_result(row) for row in rows]


async def transaction_or_result(which: TransactionSelector, rows: Rows) -> tuple[Row | None, dict[str, Any]]:
    """The only matching transaction, or None and the result that reports no match or several matches."""
    count, found = await matching_transactions(which, rows)
    if count == 1:
        return found[0], {}
    if count == 0:
        return None, {"status": "unknown", "found": 0}
    return None, {"status": "ambiguous", "found": count, "candidates": transaction_results(found)}
