"""Provides the database of the service: the configured one, or an embedded one that is started for it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from graph.adapters.base.owned_files import create_folder
from graph.adapters.crypto.cipher import load_or_create_key
from graph.adapters.postgres.await_database import await_database
from graph.adapters.postgres.database import Database
from graph.adapters.postgres.embedded import EmbeddedPostgres
from graph.adapters.postgres.embedded_watch import supervised
from graph.errors import ConfigurationError
from graph.settings import Settings
from migrations.runner import LOCK, migrate, pending, read_migrations

DATABASE = "chat"

ReportProgress = Callable[[str], None]
"""Called with lines about progress."""


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """The addresses of one database, by role."""

    server: str
    """For the server's role, which owns nothing and obeys row level security."""
    migration: str | None
    """For the role that owns the tables; None if only the server's address is configured."""


@asynccontextmanager
async def open_database(settings: Settings, report: ReportProgress) -> AsyncIterator[DatabaseUrls]:
    """The configured database, or the embedded one: started, migrated, supervised, and stopped at the end.

    Raises:
        ConfigurationError: the database cannot be reached or started, or has crashed and cannot be restarted.
    """
    create_data_dir(settings.data_dir)
    if settings.database_url:
        server, migration = settings.database_url.get_secret_value(), settings.migration_database_url
        await await_database(server, "DATABASE_URL", report)
        yield DatabaseUrls(server, migration.get_secret_value() if migration else None)
        return
    cluster = await asyncio.to_thread(start_embedded, settings.data_dir, report)
    try:
        async with supervised(cluster):
            yield await prepare_embedded(cluster, settings.data_dir / "server.password", report)
    finally:
        await asyncio.to_thread(cluster.stop)


def create_data_dir(data_dir: Path) -> None:
    """Create the data directory.

    Raises:
        ConfigurationError: the directory cannot be created.
    """
    try:
        create_folder(data_dir)
    except OSError as error:
        raise ConfigurationError(f"DATA_DIR cannot be made ({error.strerror}): name another directory.") from error


def start_embedded(data_dir: Path, report: ReportProgress) -> EmbeddedPostgres:
    cluster = EmbeddedPostgres(data_dir / "postgres", report)
    cluster.start()
    return cluster


async def prepare_embedded(cluster: EmbeddedPostgres, password_file: Path, report: ReportProgress) -> DatabaseUrls:
    """Create and migrate the embedded database, and set the password of the server's role."""
    await asyncio.to_thread(cluster.create_database, DATABASE)
    url = cluster.admin_url(DATABASE)
    await migrate(url, await asyncio.to_thread(read_migrations), report)
    password = (await asyncio.to_thread(load_or_create_key, password_file)).hex()
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("select pg_advisory_lock(%s)", (LOCK,))  # concurrent changes of one role fail
        await connection.execute(sql.SQL("alter role chat_server login password {}").format(password))
    return DatabaseUrls(cluster.url("chat_server", password, DATABASE), url)


async def check_migrations(database: Database) -> None:
    """Check that the database has all migrations.

    Raises:
        ConfigurationError: migrations are missing, or the role may not read the list.
    """
    try:
        async with database.system_transaction() as connection:
            missing = await pending(connection, await asyncio.to_thread(read_migrations))
    except psycopg.errors.InsufficientPrivilege:
        raise ConfigurationError(
            "The role of DATABASE_URL may not read `schema_migrations`: it must be chat_server, after `make migrate`."
        ) from None
    if missing:
        raise ConfigurationError(f"The database lacks {', '.join(missing)}: run `make migrate` first.")


def administrator_url(settings: Settings) -> str:
    """The address of the database for an administrator.

    Raises:
        ConfigurationError: the embedded database was never started, or no administrator's address is configured.
    """
    if settings.migration_database_url:
        return settings.migration_database_url.get_secret_value()
    if settings.database_url:
        raise ConfigurationError("Set MIGRATION_DATABASE_URL: DATABASE_URL is the server's role, which sees no rows.")
    return EmbeddedPostgres(settings.data_dir / "postgres", lambda line: None).admin_url(DATABASE)


async def migrate_database(settings: Settings, report: ReportProgress) -> None:
    """Apply the missing migrations to the configured database, or to the embedded one.

    Raises:
        ConfigurationError: the owner's address is not configured, or a migration failed.
    """
    if settings.database_url and not settings.migration_database_url:
        raise ConfigurationError("Set MIGRATION_DATABASE_URL to the address of the role that owns the tables.")
    if settings.migration_database_url:
        url = settings.migration_database_url.get_secret_value()
        await await_database(url, "MIGRATION_DATABASE_URL", report)
        applied = await migrate(url, read_migrations(), report)
        report(f"{len(applied)} migrations applied")
        return
    async with open_database(settings, report):
        report("the embedded database is up to date")
