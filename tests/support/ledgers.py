"""A user's ledger on a real database: puts rows there, and reads them by the tools' queries."""

import datetime as dt
import json
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import DictRow, dict_row

import tools
from graph.adapters.postgres.named_queries import read_queries

TODAY = dt.date(2025, 11, 20)

Amount = str | int | Decimal

QUERIES = read_queries(*sorted((Path(tools.__file__).parent / "sql").glob("*.sql")))

INSERT = {
    "transactions": """
        insert into transactions
            (id, user_id, account_id, posted_at, amount, currency, merchant, description, category, is_transfer, split_of)
        values (
            %(id)s, %(user_id)s, %(account_id)s, %(posted_at)s, %(amount)s, %(currency)s, %(merchant)s, %(description)s,
            %(category)s, %(is_transfer)s, %(split_of)s
        )
    """,
    "accounts": """
        insert into accounts (id, user_id, name, type, currency, balance, balance_as_of, number_last4)
        values (
            %(id)s, %(user_id)s, %(name)s, %(type)s, %(currency)s, %(balance)s, %(balance_as_of)s, %(number_last4)s
        )
    """,
    "categories": "insert into categories (user_id, name, slug) values (%(user_id)s, %(name)s, %(slug)s)",
    "profiles": "insert into profiles (user_id, currency) values (%(user_id)s, %(currency)s)",
    "budgets": """
        insert into budgets (user_id, category, monthly_amount, currency)
        values (%(user_id)s, %(category)s, %(monthly_amount)s, %(currency)s)
    """,
    "goals": """
        insert into goals
            (id, user_id, name, goal_type, target_amount, current_amount, currency, target_date, status, priority)
        values (
            %(id)s, %(user_id)s, %(name)s, %(goal_type)s, %(target_amount)s, %(current_amount)s, %(currency)s,
            %(target_date)s, %(status)s, %(priority)s
        )
    """,
    "debts": """
        insert into debts
            (id, user_id, name, kind, balance, currency, annual_rate_percent, minimum_payment, as_of, account_id)
        values (
            %(id)s, %(user_id)s, %(name)s, %(kind)s, %(balance)s, %(currency)s, %(annual_rate_percent)s,
            %(minimum_payment)s, %(as_of)s, %(account_id)s
        )
    """,
    "reminders": """
        insert into reminders (id, user_id, text, due_on, due_time, recurrence, status)
        values (%(id)s, %(user_id)s, %(text)s, %(due_on)s, %(due_time)s, %(recurrence)s, %(status)s)
    """,
}
DEFAULTS: dict[str, dict[str, Any]] = {
    "transactions": {
        "account_id": None,
        "posted_at": TODAY,
        "currency": "USD",
        "merchant": None,
        "description": "",
        "category": "Groceries",
        "is_transfer": False,
        "split_of": None,
    },
    "accounts": {"currency": "USD", "balance": None, "balance_as_of": None, "number_last4": None},
    "categories": {},
    "profiles": {"currency": "USD"},
    "budgets": {"category": "Groceries", "currency": "USD"},
    "goals": {
        "goal_type": "savings",
        "current_amount": "0",
        "currency": "USD",
        "target_date": None,
        "status": "active",
        "priority": 3,
    },
    "debts": {
        "kind": "other",
        "currency": "USD",
        "annual_rate_percent": "0",
        "minimum_payment": "0",
        "as_of": TODAY,
        "account_id": None,
    },
    "reminders": {"due_on": TODAY, "due_time": None, "recurrence": "none", "status": "active"},
}


@asynccontextmanager
async def user_transaction(address: str, user_id: str) -> AsyncIterator[psycopg.AsyncConnection[DictRow]]:
    async with await psycopg.AsyncConnection.connect(address, row_factory=dict_row) as connection:
        await set_claims(connection, user_id)
        yield connection


async def set_claims(connection: psycopg.AsyncConnection[DictRow], user_id: str) -> None:
    """Act for this user until the transaction ends."""
    claims = json.dumps({"sub": user_id})
    await connection.execute("select set_config('request.jwt.claims', %s, true)", (claims,))


class UserRows:
    """The named queries, run for one user (port `Rows`)."""

    def __init__(self, address: str, user_id: str) -> None:
        self.address = address
        self.user_id = user_id

    async def fetch(self, query: str, **parameters: object) -> list[dict[str, Any]]:
        async with user_transaction(self.address, self.user_id) as connection:
            cursor = await connection.execute(QUERIES[query], parameters)
            return await cursor.fetchall()


class RolledBackRows:
    """One user's rows on one connection (port `Rows`). Each query is rolled back, so no call sees another one's changes."""

    def __init__(self, connection: psycopg.AsyncConnection[DictRow], user_id: str) -> None:
        self.connection = connection
        self.user_id = user_id

    async def fetch(self, query: str, **parameters: object) -> list[dict[str, Any]]:
        try:
            await set_claims(self.connection, self.user_id)
            cursor = await self.connection.execute(QUERIES[query], parameters)
            return await cursor.fetchall()
        finally:
            await self.connection.rollback()


class Ledger:
    """Adds rows to a user's ledger, with defaults for missing columns; returns their ids."""

    def __init__(self, address: str) -> None:
        self.address = address

    async def add_transactions(self, user_id: str, rows: Iterable[Mapping[str, Any]]) -> list[uuid.UUID]:
        return await self._add("transactions", user_id, rows)

    async def add_accounts(self, user_id: str, rows: Iterable[Mapping[str, Any]]) -> list[uuid.UUID]:
        return await self._add("accounts", user_id, rows)

    async def add_categories(self, user_id: str, names: Iterable[str]) -> None:
        await self._add("categories", user_id, [{"name": name, "slug": name.lower()} for name in names])

    async def add(self, table: str, user_id: str, *rows: Mapping[str, Any]) -> list[uuid.UUID]:
        """Add rows to a table of `INSERT`."""
        return await self._add(table, user_id, rows)

    async def delete(self, user_id: str, transaction: uuid.UUID) -> None:
        async with user_transaction(self.address, user_id) as connection:
            await connection.execute("delete from transactions where id = %s", (transaction,))

    async def rename_category(self, user_id: str, name: str, new: str) -> None:
        async with user_transaction(self.address, user_id) as connection:
            await connection.execute("update categories set name = %s where name = %s", (new, name))

    async def delete_category(self, user_id: str, name: str) -> None:
        async with user_transaction(self.address, user_id) as connection:
            await connection.execute("delete from categories where name = %s", (name,))

    async def _add(self, table: str, user_id: str, rows: Iterable[Mapping[str, Any]]) -> list[uuid.UUID]:
        whole: list[dict[str, Any]] = [
            {"id": uuid.uuid4(), "user_id": user_id} | DEFAULTS[table] | dict(row) for row in rows
        ]
        async with user_transaction(self.address, user_id) as connection, connection.cursor() as cursor:
            await cursor.executemany(INSERT[table], whole)
        return [row["id"] for row in whole]


def spent(amount: Amount, category: str = "Groceries", *, on: dt.date | str = TODAY, **columns: Any) -> dict[str, Any]:
    """A purchase."""
    return transaction(-Decimal(amount), category, on, columns)


def refunded(
    amount: Amount, category: str = "Groceries", *, on: dt.date | str = TODAY, **columns: Any
) -> dict[str, Any]:
    """A refund: a positive amount in a category of spending."""
    return transaction(Decimal(amount), category, on, columns)


def earned(amount: Amount, category: str = "Income", *, on: dt.date | str = TODAY, **columns: Any) -> dict[str, Any]:
    """Income: a positive amount in a category of income."""
    return transaction(Decimal(amount), category, on, columns)


def transferred(
    amount: Amount, category: str = "Groceries", *, on: dt.date | str = TODAY, **columns: Any
) -> dict[str, Any]:
    """One side of a transfer between the user's own accounts; the amount is signed."""
    return transaction(Decimal(amount), category, on, {"is_transfer": True} | columns)


def transaction(amount: Decimal, category: str, on: dt.date | str, columns: Mapping[str, Any]) -> dict[str, Any]:
    return {"amount": amount, "category": category, "posted_at": on, **columns}
