"""A caller's rows on a real database, and a hand to put some there."""

import datetime as dt
import json
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import DictRow, dict_row

import tools
from graph.adapters.queries import read_queries
from graph.tool import ToolContext

TODAY = dt.date(2025, 11, 20)

QUERIES = read_queries(*sorted((Path(tools.__file__).parent / "sql").glob("*.sql")))

INSERT = {
    "transactions": """
        insert into transactions
            (id, user_id, account_id, posted_at, amount, currency, merchant, description, category, is_transfer)
        values (
            %(id)s, %(user_id)s, %(account_id)s, %(posted_at)s, %(amount)s, %(currency)s, %(merchant)s, %(description)s,
            %(category)s, %(is_transfer)s
        )
    """,
    "accounts": """
        insert into accounts (id, user_id, name, type, currency, balance, balance_as_of, number_last4)
        values (
            %(id)s, %(user_id)s, %(name)s, %(type)s, %(currency)s, %(balance)s, %(balance_as_of)s, %(number_last4)s
        )
    """,
    "categories": "insert into categories (user_id, name, slug) values (%(user_id)s, %(name)s, %(slug)s)",
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
    },
    "accounts": {"currency": "USD", "balance": None, "balance_as_of": None, "number_last4": None},
    "categories": {},
}


@asynccontextmanager
async def acting_for(address: str, user_id: str) -> AsyncIterator[psycopg.AsyncConnection[DictRow]]:
    async with await psycopg.AsyncConnection.connect(address, row_factory=dict_row) as connection:
        claims = json.dumps({"sub": user_id})
        await connection.execute("select set_config('request.jwt.claims', %s, true)", (claims,))
        yield connection


class OwnRows:
    """The named queries, run with one user's claims."""

    def __init__(self, address: str, user_id: str) -> None:
        self.address = address
        self.user_id = user_id

    async def fetch(self, query: str, **parameters: object) -> list[dict[str, Any]]:
        async with acting_for(self.address, self.user_id) as connection:
            cursor = await connection.execute(QUERIES[query], parameters)
            return await cursor.fetchall()


class Ledger:
    """Puts rows into a user's ledger, with that user's claims and sensible defaults; returns their ids."""

    def __init__(self, address: str) -> None:
        self.address = address

    async def add_transactions(self, user_id: str, rows: Iterable[Mapping[str, Any]]) -> list[uuid.UUID]:
        return await self._add("transactions", user_id, rows)

    async def add_accounts(self, user_id: str, rows: Iterable[Mapping[str, Any]]) -> list[uuid.UUID]:
        return await self._add("accounts", user_id, rows)

    async def add_categories(self, user_id: str, names: Iterable[str]) -> None:
        await self._add("categories", user_id, [{"name": name, "slug": name.lower()} for name in names])

    async def _add(self, table: str, user_id: str, rows: Iterable[Mapping[str, Any]]) -> list[uuid.UUID]:
        whole = [{"id": uuid.uuid4(), "user_id": user_id} | DEFAULTS[table] | dict(row) for row in rows]
        async with acting_for(self.address, user_id) as connection, connection.cursor() as cursor:
            await cursor.executemany(INSERT[table], whole)
        return [row["id"] for row in whole]


@pytest.fixture
def rows_of(database_url: str) -> Callable[[str], OwnRows]:
    return lambda user_id: OwnRows(database_url, user_id)


@pytest.fixture
def ledger(database_url: str) -> Ledger:
    return Ledger(database_url)


@pytest.fixture
def user() -> str:
    """A user whom no other test knows."""
    return str(uuid.uuid4())


@pytest.fixture
def context(rows_of: Callable[[str], OwnRows], user: str) -> ToolContext:
    return ToolContext(rows=rows_of(user), today=TODAY)
