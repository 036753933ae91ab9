"""What many tests stand on: a real Postgres, migrated; nothing of it is shared between workers of pytest-xdist."""

import asyncio
from collections.abc import Iterator

import psycopg
import pytest

from graph.adapters.postgres.embedded import EmbeddedPostgres
from migrations.runner import migrate, read_migrations
from tests.support.database import PASSWORD, TEST_SETTINGS


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """An embedded Postgres of this worker."""
    home = tmp_path_factory.mktemp("cluster") / "postgres"
    with EmbeddedPostgres(home, lambda line: None, TEST_SETTINGS) as started:
        yield started


@pytest.fixture(scope="session")
def admin_url(cluster: EmbeddedPostgres) -> str:
    """The superuser's address of a migrated database."""
    cluster.create_database("chat")
    address = cluster.admin_url("chat")
    asyncio.run(migrate(address, read_migrations()))
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"alter role chat_server login password '{PASSWORD}'")
    return address


@pytest.fixture(scope="session")
def database_url(cluster: EmbeddedPostgres, admin_url: str) -> str:
    """The server's role's address of that database."""
    return cluster.url("chat_server", PASSWORD, "chat")
