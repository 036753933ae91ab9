"""A real database for what works on one, each test with users of its own."""

import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from graph.adapters.database import Database
from graph.adapters.sealer import Sealer

EMPLOYEES = ("prime-boss", "tag-ai")

Sql = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="session")
def sql(admin_url: str) -> Sql:
    """Rows as the administrator sees them."""

    def run(query: str, **values: object) -> list[dict[str, Any]]:
        with psycopg.connect(admin_url, autocommit=True, row_factory=dict_row) as connection:
            cursor = connection.execute(query.encode(), values)
            return cursor.fetchall() if cursor.description else []

    for slug in EMPLOYEES:
        run(
            "insert into employee_profiles (slug, title, name, emoji, system_prompt, model, temperature, max_tokens, version) "
            "values (%(slug)s, 't', 'n', 'e', 'p', 'small', 0, 100, '1') on conflict do nothing",
            slug=slug,
        )
    return run


@pytest.fixture
async def database(database_url: str, sql: Sql) -> AsyncIterator[Database]:
    async with Database.open(database_url, size=4) as opened:
        yield opened


@pytest.fixture
def sealer() -> Sealer:
    return Sealer(b"k" * 32)


@pytest.fixture
def owner() -> str:
    """A user whom no other test knows."""
    return str(uuid.uuid4())


@pytest.fixture
def stranger() -> str:
    return str(uuid.uuid4())


@pytest.fixture
def session(sql: Sql, owner: str) -> str:
    """A conversation of the owner."""
    [row] = sql(
        "insert into chat_sessions (user_id, employee_slug) values (%(owner)s, 'prime-boss') returning id", owner=owner
    )
    return str(row["id"])
