"""Applies the migrations: each file once, in order, under one lock. An applied file that was edited is refused."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from procrastinate.schema import SchemaManager

from graph.errors import ConfigurationError

FOLDER = Path(__file__).parent

LOCK = 7_236_401
"""Key of the advisory lock that prevents two processes from migrating at once."""

BOOKKEEPING = """
create table if not exists schema_migrations (
    name text primary key,
    checksum text not null,
    applied_at timestamptz not null default now()
);
comment on table schema_migrations is 'The migrations that were applied, with the SHA-256 of each file.';
alter table schema_migrations enable row level security;
alter table schema_migrations force row level security;
drop policy if exists bookkeeping on schema_migrations;
create policy bookkeeping on schema_migrations for all using (true) with check (true);
"""

ACCESS = """
revoke all on schema_migrations from public, anon, authenticated, service_role;
grant select on schema_migrations to chat_server;
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One SQL file."""

    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def read_migrations(folder: Path = FOLDER) -> list[Migration]:
    """The files `NNNN_name.sql` in the order of their numbers."""
    return [Migration(path.name, path.read_text("utf-8")) for path in sorted(folder.glob("[0-9]*.sql"))]


async def migrate(
    address: str, migrations: Iterable[Migration], report: Callable[[str], None] = lambda line: None
) -> list[str]:
    """Apply the missing migrations and return their names.

    Args:
        address: connection string of the role that owns the tables.
        migrations: all migrations, in order.
        report: called with a line for each migration.

    Raises:
        ConfigurationError: an applied file was edited, or a file failed; a failed file is rolled back.
    """
    applied: list[str] = []
    async with await psycopg.AsyncConnection.connect(address, autocommit=True) as connection:
        await connection.execute("select pg_advisory_lock(%s)", (LOCK,))
        async with connection.transaction():
            await connection.execute(BOOKKEEPING)
        checksums = await read_applied(connection)
        for migration in migrations:
            if migration.name not in checksums:
                report(f"applying {migration.name}")
                await apply(connection, migration)
                applied.append(migration.name)
            elif checksums[migration.name] != migration.checksum:
                raise ConfigurationError(
                    f"{migration.name} was applied in another form; restore the file and put the change into a new one."
                )
        await install_queue(connection)
        await connection.execute(ACCESS)
    return applied


async def read_applied(connection: psycopg.AsyncConnection) -> dict[str, str]:
    """The checksums of applied migrations, by name."""
    cursor = await connection.execute("select name, checksum from schema_migrations")
    return {str(name): str(checksum) for name, checksum in await cursor.fetchall()}


async def apply(connection: psycopg.AsyncConnection, migration: Migration) -> None:
    try:
        async with connection.transaction():
            await connection.execute(migration.sql.encode())
            await connection.execute(
                "insert into schema_migrations (name, checksum) values (%s, %s)", (migration.name, migration.checksum)
            )
    except psycopg.Error as error:
        raise ConfigurationError(f"{migration.name} failed: {error}") from error


async def install_queue(connection: psycopg.AsyncConnection) -> None:
    """Install procrastinate's tables into the schema `jobs`, once."""
    cursor = await connection.execute("select to_regclass('jobs.procrastinate_jobs')")
    row = await cursor.fetchone()
    if row and row[0] is not None:
        return
    async with connection.transaction():
        await connection.execute("set local search_path = jobs")
        await connection.execute(SchemaManager.get_schema())


async def pending(connection: psycopg.AsyncConnection[Any], migrations: Iterable[Migration]) -> list[str]:
    """The names of migrations that a database lacks or has in another form."""
    try:
        cursor = await connection.execute("select name, checksum from schema_migrations")
    except psycopg.errors.UndefinedTable:
        return [migration.name for migration in migrations]
    known = {(row["name"], row["checksum"]) for row in await cursor.fetchall()}
    return [migration.name for migration in migrations if (migration.name, migration.checksum) not in known]
