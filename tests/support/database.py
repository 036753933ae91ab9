"""The tests' database: its settings, and what tests of the stores use beside the fixtures."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from graph.adapters.crypto.cipher import VaultCipher
from graph.adapters.postgres.conversation.memory import PostgresMemory
from graph.adapters.postgres.database import Connection, Database
from graph.adapters.postgres.runs.run_store import PostgresRunStore
from graph.errors import DatabaseUnavailable

TEST_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "scram_iterations": "1"}
PASSWORD = "only-for-tests"

Sql = Callable[..., list[dict[str, Any]]]


def build_run_store(database: Database, cipher: VaultCipher, **changes: float) -> PostgresRunStore:
    """A store of runs whose limits nobody reaches, but for those that are given."""
    limits: dict[str, Any] = {"turns_per_minute": 1000, "daily_tokens": 0, "lease_seconds": 60.0, **changes}
    memory = PostgresMemory(database, "any")
    return PostgresRunStore(database, cipher, memory, default_employee="prime-boss", **limits)


class DropsFirstReply(Database):
    """A database whose connection breaks just after the first commit."""

    lost = False

    @asynccontextmanager
    async def transaction(self, user_id: str, *, snapshot: bool = False) -> AsyncIterator[Connection]:
        async with super().transaction(user_id, snapshot=snapshot) as connection:
            yield connection
        if not self.lost:
            self.lost = True
            raise DatabaseUnavailable
