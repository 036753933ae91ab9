"""A real database for what works on one, each test with users of its own."""

import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from graph.adapters.crypto.cipher import VaultCipher
from graph.adapters.postgres.conversation.memory import PostgresMemory
from graph.adapters.postgres.database import Connection, Database
from graph.adapters.postgres.runs.run_store import PostgresRunStore
from graph.errors import DatabaseUnavailable
from graph.ports.runs import Run

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


def store_of_runs(database: Database, cipher: VaultCipher, **changes: float) -> PostgresRunStore:
    """A store of runs whose limits nobody reaches, but for those that are given."""
    limits: dict[str, Any] = {"turns_per_minute": 1000, "daily_tokens": 0, "lease_seconds": 60.0, **changes}
    memory = PostgresMemory(database, "any")
    return PostgresRunStore(database, cipher, memory, default_employee="prime-boss", **limits)


@pytest.fixture
async def database(database_url: str, sql: Sql) -> AsyncIterator[Database]:
    async with Database.open(database_url, size=4) as opened:
        yield opened


class LosesTheFirstReply(Database):
    """A database whose connection breaks just after the first commit."""

    lost = False

    @asynccontextmanager
    async def transaction(self, user_id: str, *, snapshot: bool = False) -> AsyncIterator[Connection]:
        async with super().transaction(user_id, snapshot=snapshot) as connection:
            yield connection
        if not self.lost:
            self.lost = True
            raise DatabaseUnavailable


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
