"""A real database for what works on one, each test with users of its own."""

import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from graph.adapters.crypto.cipher import VaultCipher
from graph.adapters.postgres.database import Database
from graph.ports.runs import Run
from tests.support.database import Sql

EMPLOYEES = ("prime-boss", "tag-ai")


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
def cipher() -> VaultCipher:
    return VaultCipher(b"k" * 32)


@pytest.fixture
def user_id() -> str:
    """A user whom no other test knows."""
    return str(uuid.uuid4())


@pytest.fixture
def stranger() -> str:
    return str(uuid.uuid4())


@pytest.fixture
def session(sql: Sql, user_id: str) -> str:
    """A conversation of the owner."""
    [row] = sql(
        "insert into chat_sessions (user_id, employee_slug) values (%(user_id)s, 'prime-boss') returning id",
        user_id=user_id,
    )
    return str(row["id"])


@pytest.fixture
def begin_run(sql: Sql, user_id: str, session: str) -> Callable[..., Run]:
    """Makes runs of the owner that are under way, in one session unless they are given another."""

    def begin(session: str = session, epoch: int = 1) -> Run:
        [row] = sql(
            "insert into chat_runs (id, session_id, user_id, employee_slug, request_hash, lease_expires_at, epoch) "
            "values (gen_random_uuid(), %(session)s, %(user_id)s, 'prime-boss', '', now() + interval '1 hour', %(epoch)s) "
            "returning id",
            session=session,
            user_id=user_id,
            epoch=epoch,
        )
        return Run(str(row["id"]), user_id, session, "prime-boss", epoch=epoch)

    return begin


@pytest.fixture
def run(begin_run: Callable[..., Run]) -> Run:
    """A run of the owner that is under way."""
    return begin_run()


@pytest.fixture
def resumed(begin_run: Callable[..., Run]) -> Run:
    """A run of the owner that was taken over."""
    return begin_run(epoch=2)
