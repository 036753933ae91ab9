"""Who may do what to whose rows: every table of the catalogue, every verb, every identity, each cell stated and checked."""

import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.support.fakes.seed_every_table import Filler, Table, fetch, furnished, insert

Cells = Mapping[str, Mapping[str, str]]

VERBS = ("select", "insert", "update", "delete", "give")
"""What is tried on a row of user A; `give` is an update that makes it B's."""


def read_cells(table: str) -> Cells:
    """A table of text as its rows, by their names, and their columns."""
    head, *lines = (re.split(r" {2,}", line.strip()) for line in table.strip().splitlines())
    return {line[0]: dict(zip(head[1:], line[1:], strict=True)) for line in lines}


CLAIMS: Mapping[str, str | None] = {
    "user A": '{"sub": "A", "role": "authenticated"}',
    "user A in capitals": '{"sub": "AA", "role": "authenticated"}',
    "user A without a role": '{"sub": "A"}',
    "user B": '{"sub": "B", "role": "authenticated"}',
    "user B as service_role": '{"sub": "B", "role": "service_role"}',
    "user B as admin": '{"sub": "B", "role": "admin", "is_admin": true, "app_metadata": {"role": "admin", "sub": "A"}}',
    "user B, said twice": '{"sub": "A", "sub": "B"}',
    "user B, who names A elsewhere": '{"sub": "B", "user_id": "A", "owner": "A", "Sub": "A"}',
    "nobody: no claims": None,
    "nobody: empty claims": "",
    "nobody: an empty object": "{}",
    "nobody: service_role": '{"role": "service_role"}',
    "nobody: anon": '{"role": "anon"}',
    "nobody: a subject of null": '{"sub": null}',
    "nobody: a subject in capitals": '{"SUB": "A"}',
    "nobody: a list": '["A"]',
    "nobody: a text": '"A"',
    "broken: no JSON": '{"sub": "A"',
    "broken: a word": "A",
    "broken: an empty subject": '{"sub": ""}',
    "broken: a subject of a number": '{"sub": 7}',
    "broken: a subject of a truth value": '{"sub": true}',
    "broken: a subject of a list": '{"sub": ["A"]}',
    "broken: a subject of an object": '{"sub": {"sub": "A"}}',
    "broken: a subject that is no UUID": '{"sub": "admin"}',
    "broken: a subject with SQL": "{\"sub\": \"A' or '1'='1\"}",
    "broken: a subject of all": '{"sub": "%"}',
}
"""What `request.jwt.claims` holds when the server's role acts; A and B stand for the users' ids."""
LETTER = re.compile(r"(?<=\")(?:AA|A|B)(?![\w])")

ROLES = ("anon", "authenticated", "service_role", "chat_dispatcher")
"""The other roles of the database, each with the claims of user A."""

USERS_ROWS = read_cells("""
    who                                  select   insert   update   delete   give
    user A                               yes      yes      yes      yes      refused
    user A in capitals                   yes      yes      yes      yes      refused
    user A without a role                yes      yes      yes      yes      refused
    user B                               nothing  refused  nothing  nothing  nothing
    user B as service_role               nothing  refused  nothing  nothing  nothing
    user B as admin                      nothing  refused  nothing  nothing  nothing
    user B, said twice                   nothing  refused  nothing  nothing  nothing
    user B, who names A elsewhere        nothing  refused  nothing  nothing  nothing
    nobody: no claims                    nothing  refused  nothing  nothing  nothing
    nobody: empty claims                 nothing  refused  nothing  nothing  nothing
    nobody: an empty object              nothing  refused  nothing  nothing  nothing
    nobody: service_role                 nothing  refused  nothing  nothing  nothing
    nobody: anon                         nothing  refused  nothing  nothing  nothing
    nobody: a subject of null            nothing  refused  nothing  nothing  nothing
    nobody: a subject in capitals        nothing  refused  nothing  nothing  nothing
    nobody: a list                       nothing  refused  nothing  nothing  nothing
    nobody: a text                       nothing  refused  nothing  nothing  nothing
    broken: no JSON                      broken   broken   broken   broken   broken
    broken: a word                       broken   broken   broken   broken   broken
    broken: an empty subject             broken   broken   broken   broken   broken
    broken: a subject of a number        broken   broken   broken   broken   broken
    broken: a subject of a truth value   broken   broken   broken   broken   broken
    broken: a subject of a list          broken   broken   broken   broken   broken
    broken: a subject of an object       broken   broken   broken   broken   broken
    broken: a subject that is no UUID    broken   broken   broken   broken   broken
    broken: a subject with SQL           broken   broken   broken   broken   broken
    broken: a subject of all             broken   broken   broken   broken   broken
    role anon                            refused  refused  refused  refused  refused
    role authenticated                   refused  refused  refused  refused  refused
    role service_role                    refused  refused  refused  refused  refused
    role chat_dispatcher                 refused  refused  refused  refused  refused
""")
"""A row of user A, in each table whose rows belong to users. yes: done; nothing: as if the row were not there; refused: an
error of missing rights; broken: the statement fails for its claims."""

SHARED_ROWS = read_cells("""
    table                select  insert   update   delete
    employee_profiles    yes     yes      yes      yes
    tools_registry       yes     yes      yes      yes
    schema_migrations    yes     refused  refused  refused
    vault_hash_key       yes     yes      yes      refused
    exchange_rates       yes     refused  refused  refused
    categories           yes     refused  nothing  nothing
""")
"""A row that belongs to nobody, for the server's role, whoever calls. `categories` has rows of users, too."""

OTHERWISE: Mapping[tuple[str, str, str], str] = {
    ("role chat_dispatcher", "chat_runs", "select"): "yes",  # its functions hand out the ids and owners of runs
    ("role chat_dispatcher", "pii_vault", "select"): "yes",  # and the owners of values that an older key sealed
    ("role chat_dispatcher", "chat_files", "select"): "yes",  # and of files that are to be deleted
}
"""Cells of single tables that differ, by identity, table and verb, and why."""


@dataclass(frozen=True)
class World:
    """A database in which two users have a row in every table."""

    admin_url: str
    server_url: str
    filler: Filler
    a: str
    b: str

    @property
    def catalogue(self) -> Mapping[str, Table]:
        return self.filler.catalogue

    @property
    def of_users(self) -> list[Table]:
        return [table for table in self.catalogue.values() if table.user_id]

    def told(self, claims: str) -> str:
        """Claims with the users' ids in the place of their letters."""
        ids = {"A": self.a, "AA": self.a.upper(), "B": self.b}
        return LETTER.sub(lambda letter: ids[letter[0]], claims)

    @contextmanager
    def acting(self, who: str) -> Iterator[psycopg.Connection[Any]]:
        """A connection as this identity."""
        role = who.removeprefix("role ") if who.startswith("role ") else None
        claims = CLAIMS["user A"] if role else CLAIMS[who]
        with psycopg.connect(self.admin_url if role else self.server_url) as connection:
            if claims is not None:
                connection.execute("select set_config('request.jwt.claims', %s, true)", (self.told(claims),))
            if role:
                connection.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
            yield connection
            connection.rollback()


@pytest.fixture(scope="module")
def world(admin_url: str, database_url: str) -> Iterator[World]:
    a, b = (str(uuid.uuid4()) for _ in range(2))
    with furnished(admin_url, a, b) as filler:
        yield World(admin_url, database_url, filler, a, b)


# Cells ----------------------------------------------------------------------------------------------------------------


def attempt(connection: psycopg.Connection[Any], verb: str, table: Table, world: World) -> str:
    """What comes of a verb on A's row."""
    assert table.user_id
    name, user_id = sql.Identifier(table.name), sql.Identifier(table.user_id)
    mine = sql.SQL("{} = {}").format(user_id, sql.Literal(world.a))
    statements = {
        "select": sql.SQL("select {} from {} where {}").format(user_id, name, mine),
        "update": sql.SQL("update {} set {} = {} where {}").format(name, user_id, user_id, mine),
        "delete": sql.SQL("delete from {} where {}").format(name, mine),
        "give": sql.SQL("update {} set {} = {} where {}").format(name, user_id, sql.Literal(world.b), mine),
    }

    def act() -> int:
        if verb == "insert":
            return insert(connection, table.name, world.filler.row(table, world.a, salt="another"))
        return connection.execute(statements[verb]).rowcount

    return outcome(connection, act)


def outcome(connection: psycopg.Connection[Any], act: Any) -> str:
    try:
        with connection.transaction(force_rollback=True):
            return "yes" if act() else "nothing"
    except psycopg.errors.InsufficientPrivilege:
        return "refused"
    except psycopg.errors.IntegrityError:  # the policies, which are asked before, let it in
        return "yes"
    except psycopg.errors.DataError:
        return "broken"


@pytest.mark.parametrize("who", USERS_ROWS)
def test_each_cell_of_a_users_row_is_as_stated(world: World, who: str) -> None:
    with world.acting(who) as connection:
        found = {
            (table.name, verb): attempt(connection, verb, table, world) for table in world.of_users for verb in VERBS
        }
    stated = {
        (table.name, verb): OTHERWISE.get((who, table.name, verb), USERS_ROWS[who][verb])
        for table in world.of_users
        for verb in VERBS
    }
    assert {cell: (was, stated[cell]) for cell, was in found.items() if was != stated[cell]} == {}


def test_every_identity_has_a_row_in_the_table_and_every_table_is_tried(world: World) -> None:
    assert USERS_ROWS.keys() == CLAIMS.keys() | {f"role {role}" for role in ROLES}
    assert set(map(len, USERS_ROWS.values())) == {len(VERBS)}
    assert len(world.of_users) >= 20
    assert {table.name for table in world.of_users} >= {"checkpoints", "checkpoint_blobs", "checkpoint_writes"}
    assert world.catalogue.keys() - {table.name for table in world.of_users} == SHARED_ROWS.keys() - {"categories"}


@pytest.mark.parametrize("who", ["user A", "user B as service_role", "nobody: no claims", "nobody: service_role"])
@pytest.mark.parametrize("table", SHARED_ROWS)
def test_each_cell_of_a_shared_row_is_as_stated(world: World, table: str, who: str) -> None:
    name = sql.Identifier(table)
    column = sql.Identifier(world.catalogue[table].columns[0].name)
    nobodys = sql.SQL("user_id is null") if table == "categories" else sql.SQL("true")
    row = world.filler.row(world.catalogue[table], world.b, salt="another")
    row |= {"user_id": None} if table == "categories" else {}
    with world.acting(who) as connection:
        statements = {
            "select": sql.SQL("select {} from {} where {}").format(column, name, nobodys),
            "update": sql.SQL("update {} set {} = {} where {}").format(name, column, column, nobodys),
            "delete": sql.SQL("delete from {} where {}").format(name, nobodys),
        }
        found = {
            verb: outcome(connection, lambda verb=verb: connection.execute(statements[verb]).rowcount)
            for verb in statements
        }
        found["insert"] = outcome(connection, lambda: insert(connection, table, row))
    assert found == SHARED_ROWS[table]


# The catalogue, beside the tables -------------------------------------------------------------------------------------


def test_there_is_no_other_kind_of_relation_through_which_rows_could_be_seen(admin_url: str) -> None:
    """Views, materialised views and foreign tables have no policies of their own."""
    query = "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('v', 'm', 'f')"
    assert fetch(admin_url, query) == []


def test_every_policy_of_a_users_table_compares_the_owner_with_the_caller(world: World) -> None:
    query = "select * from pg_policies where schemaname = 'public' and 'chat_server' = any (roles)"
    others = {}
    for row in fetch(world.admin_url, query):
        user_id = world.catalogue[row["tablename"]].user_id
        tests = {test for test in (row["qual"], row["with_check"]) if test is not None}
        if user_id and tests != {f"({user_id} = ( SELECT auth.uid() AS uid))"}:
            others[row["tablename"], row["cmd"]] = tests
    assert others == {("categories", "SELECT"): {"(user_id IS NULL)"}}


def test_the_servers_role_can_become_nobody_who_may_more(admin_url: str) -> None:
    query = (
        "select rolname from pg_roles where rolname <> 'chat_server' and pg_has_role('chat_server', oid, 'member') "
        "and (rolsuper or rolbypassrls or rolcreaterole or exists (select from pg_class where relowner = pg_roles.oid))"
    )
    assert fetch(admin_url, query) == []


def test_functions_with_their_owners_rights_cannot_write(admin_url: str) -> None:
    """A function that is stable is refused every insert, update and delete."""
    query = (
        "select p.oid::regprocedure::text as name, p.provolatile as kind from pg_proc p where p.prosecdef "
        "and p.pronamespace in ('public'::regnamespace, 'auth'::regnamespace, to_regnamespace('jobs'))"
    )
    definers = {row["name"]: row["kind"] for row in fetch(admin_url, query)}
    assert definers
    assert set(definers.values()) == {"s"}


@pytest.mark.parametrize(
    ("fault", "who", "seen"),
    [
        ("drop policy own on user_memory_facts", "user A", "nothing"),
        ("alter table user_memory_facts disable row level security", "user B", "yes"),
        ("create policy friendly on user_memory_facts to chat_server using (true)", "user B", "yes"),
        ("create policy friendly on user_memory_facts to chat_server using (true)", "nobody: no claims", "yes"),
    ],
)
def test_a_guard_that_is_gone_is_noticed(world: World, fault: str, who: str, seen: str) -> None:
    claims = (CLAIMS[who] or "").replace('"A"', f'"{world.a}"').replace('"B"', f'"{world.b}"')
    with psycopg.connect(world.admin_url) as connection:
        connection.execute(fault.encode())
        connection.execute("set local role chat_server")
        connection.execute("select set_config('request.jwt.claims', %s, true)", (claims,))
        assert attempt(connection, "select", world.catalogue["user_memory_facts"], world) == seen
        assert seen != USERS_ROWS[who]["select"]
        connection.rollback()
