"""A row for a user in every table of the database, made from nothing but what the catalogue tells of it."""

import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import DictRow, dict_row

VALUES: Mapping[str, Any] = {
    "currency": "USD",
    "base": "USD",
    "quote": "EUR",
    "category": "Uncategorized",
    "embedding": f"[{','.join(['0.1'] * 384)}]",
}
"""Of columns whose type does not tell what they take."""

OF_TYPES: Mapping[str, Any] = {
    "boolean": True,
    "json": "{}",
    "jsonb": "{}",
    "bytea": b"x",
    "date": "2026-01-01",
    "timestamp with time zone": "2026-01-01",
    "interval": "1 day",
    "text[]": "{}",
    "uuid[]": "{}",
}
NUMBERS = ("integer", "bigint", "smallint", "numeric", "double precision", "real")


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    needed: bool
    """Whether a row must give it."""
    key: bool
    """Whether it is of the primary key, or others refer to it."""
    parent: tuple[str, str] | None
    """Table and column that it refers to."""
    first_literal: str | None
    """The first value of a check that lists what it may be."""


@dataclass(frozen=True)
class Table:
    name: str
    columns: tuple[Column, ...] = field(repr=False)

    @cached_property
    def user_id(self) -> str | None:
        """The column that says whose a row is."""
        return next((column.name for column in self.columns if column.name == "user_id"), None)


def read_catalogue(admin_url: str) -> dict[str, Table]:
    found: dict[str, list[Column]] = {}
    for row in fetch(admin_url, CATALOGUE):
        parent = (row["parent"], row["parent_column"]) if row["parent"] else None
        literal = re.search(r"ANY \(\(?ARRAY\['([^']*)'", row["checks"] or "")
        column = Column(
            row["name"], row["type"], row["needed"], row["key"], parent, literal.group(1) if literal else None
        )
        found.setdefault(row["table"], []).append(column)
    return {name: Table(name, tuple(columns)) for name, columns in found.items()}


CATALOGUE = """
select
    c.relname as table,
    a.attname as name,
    regexp_replace(format_type(a.atttypid, a.atttypmod), '\\(.*\\)', '') as type,
    a.attnotnull and not a.atthasdef and a.attidentity = '' as needed,
    a.attidentity = '' and exists (
        select from pg_constraint k
        where (k.contype = 'p' and k.conrelid = c.oid and a.attnum = any (k.conkey))
           or (k.contype = 'f' and k.confrelid = c.oid and a.attnum = any (k.confkey))
    ) as key,
    f.parent,
    f.parent_column,
    (
        select string_agg(pg_get_constraintdef(k.oid), ' ') from pg_constraint k
        where k.contype = 'c' and k.conrelid = c.oid and k.conkey = array[a.attnum]
    ) as checks
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
left join lateral (
    select k.confrelid::regclass::text as parent, p.attname as parent_column
    from pg_constraint k
    join pg_attribute p on p.attrelid = k.confrelid and p.attnum = k.confkey[array_position(k.conkey, a.attnum)]
    where k.contype = 'f' and k.conrelid = c.oid and a.attnum = any (k.conkey) and a.attname <> 'user_id'
    limit 1
) f on true
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
order by c.relname, a.attnum
"""


def fetch(address: str, query: str, *values: object) -> list[DictRow]:
    with psycopg.connect(address, autocommit=True, row_factory=dict_row) as connection:
        return connection.execute(query.encode(), values or None).fetchall()


@dataclass(frozen=True)
class Filler:
    """Makes a row for a user in any table, with nothing but what the catalogue tells of it."""

    catalogue: Mapping[str, Table]

    def row(self, table: Table, user: str, salt: str = "") -> dict[str, Any]:
        """Values of the columns that a row needs. With another salt it is another row with the same parents."""
        names = {column.name: column for column in table.columns if column.needed or column.key}
        row = {name: self._value(table, column, user, salt) for name, column in names.items()}
        return row | ({table.user_id: user} if table.user_id else {})

    def _value(self, table: Table, column: Column, user: str, salt: str) -> Any:
        if column.parent:
            parent = self.catalogue[column.parent[0]]
            [referred] = [each for each in parent.columns if each.name == column.parent[1]]
            return self._value(parent, referred, user, "")
        if column.name in VALUES:
            return VALUES[column.name]
        if column.first_literal is not None:
            return column.first_literal
        if column.type in NUMBERS:
            return 2 if salt else 1
        if column.type in OF_TYPES:
            return OF_TYPES[column.type]
        return str(uuid.uuid5(uuid.UUID(user), f"{table.name}.{column.name}.{salt}"))


def insert(connection: psycopg.Connection[Any], table: str, row: Mapping[str, Any]) -> int:
    statement = sql.SQL("insert into {} ({}) values ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(sql.Placeholder(name) for name in row),
    )
    return connection.execute(statement, row).rowcount


@contextmanager
def furnishing(admin_url: str) -> Iterator[psycopg.Connection[Any]]:
    """A transaction of the administrator in which parents may come after their children, and no trigger runs."""
    with psycopg.connect(admin_url) as connection:
        connection.execute("set local session_replication_role = replica")
        yield connection


def fill(connection: psycopg.Connection[Any], table: Table, row: Mapping[str, Any]) -> None:
    try:
        insert(connection, table.name, row)
    except psycopg.Error as error:
        raise AssertionError(f"{table.name} takes no such row; say in VALUES what it takes") from error


@contextmanager
def furnished(admin_url: str, *users: str) -> Iterator[Filler]:
    """Users with a row in every table, and one in each empty table that belongs to nobody. All are taken away again."""
    filler = Filler(read_catalogue(admin_url))
    owned = [table for table in filler.catalogue.values() if table.user_id]
    with furnishing(admin_url) as connection:
        empty = [table for table in filler.catalogue.values() if not table.user_id and is_empty(connection, table)]
        for table in owned:
            for user in users:
                fill(connection, table, filler.row(table, user))
        for table in empty:
            fill(connection, table, filler.row(table, users[0]))
    yield filler
    with furnishing(admin_url) as connection:
        for table in owned:
            statement = sql.SQL("delete from {} where {}::text = any (%s)")
            user_id = sql.Identifier(table.user_id or "")
            connection.execute(statement.format(sql.Identifier(table.name), user_id), (list(users),))
        for table in empty:
            connection.execute(sql.SQL("delete from {}").format(sql.Identifier(table.name)))


def is_empty(connection: psycopg.Connection[Any], table: Table) -> bool:
    found = connection.execute(sql.SQL("select from {} limit 1").format(sql.Identifier(table.name)))
    return found.rowcount == 0
