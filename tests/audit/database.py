"""A database for one measurement."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from graph.adapters.postgres.embedded import EmbeddedPostgres
from migrations.runner import migrate, read_migrations

PASSWORD = "only-for-tests"


@contextmanager
def own_database() -> Iterator[tuple[str, str]]:
    """A migrated database: the administrator's address, the server's."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "postgres", lambda line: None) as own:
        own.create_database("chat")
        admin_url = own.admin_url("chat")
        asyncio.run(migrate(admin_url, read_migrations()))
        with psycopg.connect(admin_url, autocommit=True) as connection:
            connection.execute(f"alter role chat_server login password '{PASSWORD}'")
        yield admin_url, own.url("chat_server", PASSWORD, "chat")
