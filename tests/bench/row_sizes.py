"""What the database has written and holds, as its administrator sees it."""

import fnmatch
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import psycopg

from tests.bench.usage import parent

CHECKPOINT_TABLES = {"checkpoints", "checkpoint_blobs", "checkpoint_writes"}

BELONGING = {
    "chat_sessions.id": "t.id::text = %(session)s",
    "*.session_id": "t.session_id::text = %(session)s",
    "*.run_id": "t.run_id in (select id from chat_runs where session_id::text = %(session)s)",
    "memory_embeddings.source_id": "t.source_id = 'session:' || %(session)s",
    "*.thread_id": "t.thread_id = %(session)s",
}
"""By a column: which rows of its table are a session's. Tables without any of them hold nothing of sessions."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Bytes of a session's rows."""

    all: int
    checkpoints: int


class RowSizes:
    """A database, seen through one connection."""

    def __init__(self, address: str) -> None:
        self._connection = psycopg.connect(address, autocommit=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def version(self) -> str:
        return str(self._value("show server_version"))

    def postmaster(self) -> int:
        """The process above all backends."""
        return parent(self._connection.info.backend_pid)

    def written(self) -> int:
        """Bytes written to the log of the cluster since it was made."""
        return int(self._value("select pg_current_wal_insert_lsn() - '0/0'"))

    def kept(self, session: str) -> Kept:
        """The rows of a session in all tables that hold it."""
        sizes = {table: self._size(table, condition, session) for table, condition in self._conditions()}
        return Kept(sum(sizes.values()), sum(sizes[table] for table in CHECKPOINT_TABLES))

    def _conditions(self) -> Iterator[tuple[str, str]]:
        """Each table that can hold rows of a session, and the condition that finds them."""
        rows = self._connection.execute(
            "select table_name, array_agg(column_name::text) from information_schema.columns"
            " join information_schema.tables using (table_schema, table_name)"
            " where table_schema = 'public' and table_type = 'BASE TABLE' group by table_name"
        )
        for table, columns in rows.fetchall():
            names = [f"{table}.{column}" for column in columns]
            if found := next((BELONGING[pattern] for pattern in BELONGING if fnmatch.filter(names, pattern)), None):
                yield table, found

    def _size(self, table: str, condition: str, session: str) -> int:
        query = f"select coalesce(sum(pg_column_size(t.*)), 0) from {table} t where {condition}"  # noqa: S608
        return int(self._value(query, session=session))

    def _value(self, query: str, **values: str) -> Any:
        row = self._connection.execute(query.encode(), values).fetchone()
        assert row is not None
        return row[0]
