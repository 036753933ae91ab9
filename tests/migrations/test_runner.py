"""Migrations are applied once and whole; what they leave behind guards every row."""

import asyncio
import json
import os
import pwd
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from graph.adapters.postgres.embedded import EmbeddedPostgres
from graph.errors import ConfigurationError
from migrations.runner import Migration, migrate, pending, read_migrations

FIRST = Migration("0001_first.sql", "create table first (id int); insert into first values (1);")
SECOND = Migration("0002_second.sql", "create table second (id int); insert into second select id + 1 from first;")

SHARED = {"employee_profiles", "tools_registry", "schema_migrations", "categories", "vault_hash_key", "exchange_rates"}
"""Tables with rows that everybody may read."""


@pytest.fixture
def empty(cluster: EmbeddedPostgres) -> str:
    """The administrator's address of a database with the platform only."""
    name = f"empty_{uuid.uuid4().hex}"
    cluster.create_database(name)
    with psycopg.connect(cluster.admin_url(name), autocommit=True) as connection:
        connection.execute(read_migrations()[0].sql.encode())
        connection.execute("create schema jobs")
    return cluster.admin_url(name)


@pytest.fixture
def fresh(cluster: EmbeddedPostgres) -> str:
    """The administrator's address of a database in which nothing was ever done."""
    name = f"fresh_{uuid.uuid4().hex}"
    cluster.create_database(name)
    return cluster.admin_url(name)


def rows(address: str, query: str, *values: object) -> list[dict[str, Any]]:
    with psycopg.connect(address, autocommit=True, row_factory=dict_row) as connection:
        return connection.execute(query.encode(), values).fetchall()


# The runner -----------------------------------------------------------------------------------------------------------


def test_the_files_are_numbered_without_a_gap_and_read_in_order() -> None:
    numbers = [int(migration.name[:4]) for migration in read_migrations()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_files_are_read_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("0010_later.sql", "0002_second.sql", "0001_first.sql", "notes.txt", "draft.sql"):
        (tmp_path / name).write_text("select 1")
    names = [migration.name for migration in read_migrations(tmp_path)]
    assert names == ["0001_first.sql", "0002_second.sql", "0010_later.sql"]


def test_migrations_are_applied_in_order_and_told(empty: str) -> None:
    told: list[str] = []
    assert asyncio.run(migrate(empty, [FIRST, SECOND], told.append)) == [FIRST.name, SECOND.name]
    assert told == [f"applying {FIRST.name}", f"applying {SECOND.name}"]
    assert rows(empty, "select id from second") == [{"id": 2}]


def test_a_migration_is_applied_once(empty: str) -> None:
    asyncio.run(migrate(empty, [FIRST]))
    assert asyncio.run(migrate(empty, [FIRST, SECOND])) == [SECOND.name]
    assert asyncio.run(migrate(empty, [FIRST, SECOND])) == []
    assert rows(empty, "select count(*) from first") == [{"count": 1}]


def test_an_applied_file_that_was_edited_stops_the_start_and_is_named(empty: str) -> None:
    asyncio.run(migrate(empty, [FIRST]))
    edited = Migration(FIRST.name, FIRST.sql + " -- an afterthought")
    with pytest.raises(ConfigurationError, match=r"0001_first\.sql"):
        asyncio.run(migrate(empty, [edited, SECOND]))
    assert rows(empty, "select to_regclass('second') as second") == [{"second": None}]


def test_a_file_that_fails_leaves_no_trace_and_is_named(empty: str) -> None:
    broken = Migration("0002_broken.sql", "create table half (id int); select 1 / 0;")
    with pytest.raises(ConfigurationError, match=r"0002_broken\.sql"):
        asyncio.run(migrate(empty, [FIRST, broken]))
    assert rows(empty, "select to_regclass('half') as half") == [{"half": None}]
    assert rows(empty, "select name from schema_migrations") == [{"name": FIRST.name}]


def test_after_a_failure_the_mended_file_can_be_applied(empty: str) -> None:
    broken, mended = Migration(FIRST.name, "create tabel first (id int);"), FIRST
    with pytest.raises(ConfigurationError):
        asyncio.run(migrate(empty, [broken]))
    assert asyncio.run(migrate(empty, [mended])) == [FIRST.name]


def test_migrators_at_once_apply_each_file_once(fresh: str) -> None:
    async def several() -> list[list[str]]:
        return await asyncio.gather(*(migrate(fresh, read_migrations()) for _ in range(3)))

    applied = asyncio.run(several())
    assert sorted(name for names in applied for name in names) == [each.name for each in read_migrations()]


def test_what_is_missing_or_edited_is_pending(empty: str) -> None:
    async def left(migrations: list[Migration]) -> list[str]:
        async with await psycopg.AsyncConnection.connect(empty, autocommit=True, row_factory=dict_row) as connection:
            return await pending(connection, migrations)

    asyncio.run(migrate(empty, [FIRST]))
    assert asyncio.run(left([FIRST])) == []
    assert asyncio.run(left([Migration(FIRST.name, "select 1"), SECOND])) == [FIRST.name, SECOND.name]


def test_a_database_that_was_never_migrated_lacks_everything(fresh: str) -> None:
    async def left() -> list[str]:
        async with await psycopg.AsyncConnection.connect(fresh, autocommit=True, row_factory=dict_row) as connection:
            return await pending(connection, [FIRST, SECOND])

    assert asyncio.run(left()) == [FIRST.name, SECOND.name]


# What the migrations leave behind -------------------------------------------------------------------------------------


def test_every_table_forces_row_level_security_and_has_a_policy(admin_url: str) -> None:
    tables = rows(
        admin_url,
        "select c.relname, c.relrowsecurity and c.relforcerowsecurity as forced, "
        "(select count(*) from pg_policy p where p.polrelid = c.oid) as policies "
        "from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')",
    )
    assert len(tables) >= 20
    assert [row["relname"] for row in tables if not row["forced"] or not row["policies"]] == []


def test_no_view_goes_around_the_policies(admin_url: str) -> None:
    assert (
        rows(
            admin_url,
            "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('v', 'm')",
        )
        == []
    )


def test_every_policy_is_for_the_servers_role(admin_url: str) -> None:
    others = rows(
        admin_url, "select tablename, roles from pg_policies where schemaname = 'public' and roles <> '{chat_server}'"
    )
    assert {row["tablename"]: row["roles"] for row in others} == {
        "schema_migrations": ["public"],
        "chat_runs": ["chat_dispatcher"],
        "chat_files": ["chat_dispatcher"],
        "pii_vault": ["chat_dispatcher"],
        "exchange_rates": ["public"],
    }


def test_the_servers_role_is_nobody_special(admin_url: str) -> None:
    [role] = rows(
        admin_url,
        "select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication from pg_roles where rolname = 'chat_server'",
    )
    assert set(role.values()) == {False}


def test_the_servers_role_owns_nothing(admin_url: str) -> None:
    owned = rows(
        admin_url,
        "select classid::regclass::text, objid from pg_shdepend "
        "where refobjid = 'chat_server'::regrole and deptype = 'o' "
        "and dbid in (0, (select oid from pg_database where datname = current_database()))",
    )
    assert owned == []


def test_the_servers_role_may_not_make_objects(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        for statement in ("create table public.mine (id int)", "create table jobs.mine (id int)", "create schema mine"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())


def test_the_servers_role_may_not_switch_the_policies_off(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        for statement in ("alter table chat_messages disable row level security", "drop policy own on chat_messages"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())
        connection.execute("set row_security = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select * from chat_messages")


FINDERS = {
    "user_of(uuid)": "uuid",
    "claimable_runs(integer)": "record",
    "expired_run_logs(double precision,integer)": "record",
    "overdue_approvals(integer)": "record",
    "expired_files(integer)": "record",
    "users_to_reencrypt(bytea,integer)": "uuid",
}
"""The functions that run with their owner's rights, and what they return: ids and owners, nothing else."""


def test_functions_with_their_owners_rights_are_few_and_hand_out_ids_only(admin_url: str) -> None:
    definers = rows(
        admin_url,
        "select p.oid::regprocedure::text as name, p.prorettype::regtype::text as type, p.proowner::regrole::text as owner "
        "from pg_proc p "
        "where p.prosecdef and p.pronamespace in ('public'::regnamespace, 'auth'::regnamespace, 'jobs'::regnamespace)",
    )
    assert {row["name"]: row["type"] for row in definers} == FINDERS
    assert {row["owner"] for row in definers} == {"chat_dispatcher"}


def test_finders_that_return_rows_return_an_id_and_its_owner(admin_url: str) -> None:
    returned = rows(
        admin_url,
        "select p.oid::regprocedure::text as name, p.proargnames[p.pronargs + 1:] as names, "
        "(select array_agg(t::regtype::text) from unnest(p.proallargtypes[p.pronargs + 1:]) t) as types "
        "from pg_proc p where p.prosecdef and p.prorettype = 'record'::regtype",
    )
    assert {row["name"] for row in returned} == {name for name, type_ in FINDERS.items() if type_ == "record"}
    assert {(*row["names"], *row["types"]) for row in returned} == {
        (name, "user_id", "uuid", "uuid") for name in ("run_id", "file_id")
    }


def test_the_finders_role_sees_ids_owners_states_and_times_and_which_key_sealed_only(admin_url: str) -> None:
    columns = rows(
        admin_url,
        "select table_name || '.' || column_name as column, privilege_type from information_schema.column_privileges "
        "where grantee = 'chat_dispatcher'",
    )
    assert {row["privilege_type"] for row in columns} == {"SELECT"}
    seen = ("id", "session_id", "user_id", "status", "lease_expires_at", "priority", "created_at", "finished_at")
    runs = {f"chat_runs.{name}" for name in (*seen, "log_deleted_at", "key_prefix")}
    files = {f"chat_files.{name}" for name in ("id", "user_id", "expires_at", "key_prefix")}
    vault = {f"pii_vault.{name}" for name in ("user_id", "key_prefix")}
    assert {row["column"] for row in columns} == runs | files | vault


def test_the_servers_role_finds_the_owner_of_a_run_and_of_nothing_else(admin_url: str) -> None:
    with psycopg.connect(admin_url) as connection:
        connection.execute("set local role chat_server")
        assert connection.execute("select user_of(gen_random_uuid())").fetchone() == (None,)
        assert connection.execute("select pg_has_role('chat_server', 'chat_dispatcher', 'member')").fetchone() == (
            False,
        )


def test_our_functions_fix_their_search_path(admin_url: str) -> None:
    loose = rows(
        admin_url,
        "select p.oid::regprocedure::text from pg_proc p left join pg_depend d on d.objid = p.oid and d.deptype = 'e' "
        "where p.pronamespace in ('public'::regnamespace, 'auth'::regnamespace) and d.objid is null "
        "and not coalesce(p.proconfig::text like '%%search_path%%', false)",
    )
    assert loose == []


@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role"])
def test_the_platforms_roles_have_no_privilege_on_any_table(admin_url: str, role: str) -> None:
    reachable = rows(
        admin_url,
        "select c.oid::regclass::text as name from pg_class c "
        "where c.relnamespace in ('public'::regnamespace, to_regnamespace('jobs')) and c.relkind in ('r', 'p', 'v', 'S') "
        "and case when c.relkind = 'S' then has_sequence_privilege(%s, c.oid, 'usage, select, update') "
        "else has_table_privilege(%s, c.oid, 'select, insert, update, delete, truncate, references, trigger') end",
        role,
        role,
    )
    assert reachable == []


def test_the_servers_role_may_not_touch_the_bookkeeping(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        assert connection.execute("select name from schema_migrations").fetchall()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("delete from schema_migrations")


def user_tables(admin_url: str) -> dict[str, str]:
    """Each table whose rows belong to users, and the column that says to whom."""
    columns = rows(
        admin_url,
        "select table_name, column_name from information_schema.columns where table_schema = 'public' "
        "and column_name = 'user_id'",
    )
    return {str(row["table_name"]): str(row["column_name"]) for row in columns}


def test_every_table_belongs_to_users_or_is_listed_as_shared(admin_url: str) -> None:
    tables = rows(
        admin_url, "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'"
    )
    assert {row["relname"] for row in tables} - user_tables(admin_url).keys() == SHARED - {"categories"}


@pytest.mark.parametrize("claims", [None, "", "{}", '{"role": "service_role"}'])
def test_without_a_caller_no_row_of_a_user_is_seen(admin_url: str, database_url: str, claims: str | None) -> None:
    fill(admin_url, str(uuid.uuid4()))
    with psycopg.connect(database_url) as connection:
        if claims is not None:
            connection.execute("select set_config('request.jwt.claims', %s, true)", (claims,))
        seen = {
            table: connection.execute(
                sql.SQL("select count(*) from {} where {} is not null").format(
                    sql.Identifier(table), sql.Identifier(column)
                )
            ).fetchone()
            for table, column in user_tables(admin_url).items()
        }
    assert {table for table, count in seen.items() if count != (0,)} == set()


def test_a_row_cannot_be_given_to_somebody_else(database_url: str) -> None:
    one, two = str(uuid.uuid4()), str(uuid.uuid4())
    with psycopg.connect(database_url) as connection:
        connection.execute("select set_config('request.jwt.claims', %s, true)", (json.dumps({"sub": one}),))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("insert into user_memory_facts (user_id, fact) values (%s, 'planted')", (two,))


def test_an_own_row_cannot_hang_on_somebody_elses(admin_url: str, database_url: str) -> None:
    theirs = fill(admin_url, str(uuid.uuid4()))
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "select set_config('request.jwt.claims', %s, true)", (json.dumps({"sub": str(uuid.uuid4())}),)
        )
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            connection.execute(
                "insert into chat_messages (session_id, role, content) values (%s, 'user', 'planted')", (theirs,)
            )


def fill(admin_url: str, user: str) -> uuid.UUID:
    """Give a user a session, a message and a row in some more tables; return the session."""
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute(
            "insert into employee_profiles (slug, title, name, emoji, system_prompt, model, temperature, max_tokens, version) "
            "values ('tester', 't', 't', 't', 't', 'small', 0, 1, '1') on conflict do nothing"
        )
        found = connection.execute(
            "insert into chat_sessions (user_id, employee_slug) values (%s, 'tester') returning id", (user,)
        ).fetchone()
        assert found
        for statement in (
            "insert into chat_messages (session_id, user_id, role, content, tokens) values (%(s)s, %(u)s, 'user', 'x', 7)",
            "insert into user_memory_facts (user_id, fact) values (%(u)s, 'x')",
            "insert into pii_vault (user_id, token, entity_type, lookup, ciphertext) values (%(u)s, '[X_1]', 'X', '', '')",
            "insert into checkpoints (thread_id, checkpoint_id, checkpoint, user_id) values (%(s)s::text, '1', '{}', %(u)s)",
            "insert into transactions (user_id, posted_at, amount, currency) values (%(u)s, current_date, -1, 'USD')",
            "insert into categories (user_id, name, slug) values (%(u)s, 'Own', 'own')",
        ):
            connection.execute(statement.encode(), {"s": found[0], "u": user})
        return uuid.UUID(str(found[0]))


def test_a_session_counts_its_messages_and_tokens_by_trigger(admin_url: str) -> None:
    session = fill(admin_url, str(uuid.uuid4()))
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute(
            "insert into chat_messages (session_id, user_id, role, content, tokens) "
            "select id, user_id, 'assistant', 'y', 5 from chat_sessions, generate_series(1, 3) where id = %s",
            (session,),
        )
    [counted] = rows(
        admin_url,
        "select message_count, token_count, last_message_at is not null as dated from chat_sessions where id = %s",
        session,
    )
    assert counted == {"message_count": 4, "token_count": 22, "dated": True}


def test_deleting_a_session_deletes_what_hangs_on_it(admin_url: str) -> None:
    session = fill(admin_url, str(uuid.uuid4()))
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute("delete from chat_sessions where id = %s", (session,))
    assert rows(admin_url, "select 1 from chat_messages where session_id = %s", session) == []


# PostgreSQL 15 --------------------------------------------------------------------------------------------------------

DEBIANS = Path("/usr/lib/postgresql/15/bin")
STAND_IN = (("create extension if not exists vector;", ""), ("vector(384)", "text"))
"""What lets the files be tried where pgvector is not installed."""


@pytest.fixture(scope="module")
def fifteen() -> Iterator[str]:
    """The address of a server of PostgreSQL 15."""
    if not (DEBIANS / "postgres").exists():
        pytest.skip(f"PostgreSQL 15 is not installed in {DEBIANS}")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        as_user: list[str] = []
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            nobody = pwd.getpwnam("nobody")
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
            as_user = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]

        def run(program: str, *options: str) -> None:
            subprocess.run([*as_user, str(DEBIANS / program), *options], check=True, cwd=folder, capture_output=True)

        run("initdb", "-D", "data", "-U", "admin", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8")
        settings = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        run("pg_ctl", "start", "-D", "data", "-l", "log", "-w", "-o", settings)
        stack.callback(run, "pg_ctl", "stop", "-D", "data", "-m", "immediate", "-w")
        yield f"postgresql://admin@127.0.0.1:{port}/postgres"


@pytest.fixture
def database_of_fifteen(fifteen: str) -> str:
    name = f"fresh_{uuid.uuid4().hex}"
    with psycopg.connect(fifteen, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    return fifteen.removesuffix("postgres") + name


def psql(address: str, *texts: str) -> None:
    """Apply texts as files, one after the other, each a transaction."""
    for text in texts:
        done = subprocess.run(
            [str(DEBIANS / "psql"), address, "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1"],
            input=text,
            capture_output=True,
            encoding="utf-8",
        )
        assert done.returncode == 0, done.stderr


def test_the_files_apply_with_psql_to_postgresql_15(database_of_fifteen: str) -> None:
    if not rows(database_of_fifteen, "select 1 from pg_available_extensions where name = 'vector'"):
        pytest.skip("pgvector is not installed for PostgreSQL 15, so `create extension vector` fails")
    psql(database_of_fifteen, *(migration.sql for migration in read_migrations()))
    assert len(user_tables(database_of_fifteen)) >= 20


def test_but_for_the_vectors_the_files_apply_with_psql_to_postgresql_15(database_of_fifteen: str) -> None:
    texts = [migration.sql for migration in read_migrations()]
    for vector, stand_in in STAND_IN:
        assert any(vector in text for text in texts)
        texts = [text.replace(vector, stand_in) for text in texts]
    psql(database_of_fifteen, *texts)
    assert len(user_tables(database_of_fifteen)) >= 20


def test_but_for_the_vectors_the_runner_migrates_postgresql_15(database_of_fifteen: str) -> None:
    texts = {migration.name: migration.sql for migration in read_migrations()}
    for vector, stand_in in STAND_IN:
        texts = {name: text.replace(vector, stand_in) for name, text in texts.items()}
    assert asyncio.run(migrate(database_of_fifteen, [Migration(*each) for each in texts.items()])) == list(texts)
    fill(database_of_fifteen, str(uuid.uuid4()))
    with psycopg.connect(database_of_fifteen) as connection:
        connection.execute("set local role chat_server")
        assert connection.execute("select count(*) from chat_messages").fetchone() == (0,)


def plain_owner(admin: str) -> str:
    """A new role, no superuser, and its database of the same name: what a managed database offers. Returns the name."""
    name = f"owner_{uuid.uuid4().hex}"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(
            sql.SQL("create role {} login createrole password 'only-for-tests'").format(sql.Identifier(name))
        )
        connection.execute(sql.SQL("create database {0} owner {0}").format(sql.Identifier(name)))
    return name


def test_an_owner_who_is_no_superuser_applies_all_files(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "postgres", lambda line: None, {"fsync": "off"}) as own:
        name = plain_owner(own.admin_url("postgres"))
        with psycopg.connect(own.admin_url(name), autocommit=True) as connection:
            connection.execute("create extension vector")
        migrations = read_migrations()
        applied = asyncio.run(migrate(own.url(name, "only-for-tests", name), migrations))
        assert applied == [migration.name for migration in migrations]
        finders = rows(own.admin_url(name), "select proowner::regrole::text as owner from pg_proc where prosecdef")
        assert finders == [{"owner": "chat_dispatcher"}] * len(FINDERS)
