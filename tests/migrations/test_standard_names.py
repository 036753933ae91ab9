"""A database of the version before the renaming is migrated, and everything in it is still read."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import DictRow, dict_row

from graph.adapters.crypto.cipher import VaultCipher
from graph.adapters.postgres.conversation.embedding_store import EmbeddingStore
from graph.adapters.postgres.database import Database
from graph.adapters.postgres.embedded import EmbeddedPostgres
from graph.adapters.postgres.privacy.file_store import PostgresFiles, context_of
from graph.adapters.postgres.privacy.key_rotation import HASH_KEY_CONTEXT, KeyRotation
from graph.adapters.postgres.privacy.vault import PostgresVault
from graph.adapters.postgres.runs.approvals import PostgresApprovals
from graph.context import TurnContext
from graph.events import Text
from graph.jobs.queue import open_queue
from graph.jobs.summaries import Summarizer, register_tasks
from graph.ports.approvals import Decision
from graph.wiring.providers import open_cipher
from migrations.runner import migrate, read_migrations
from tests.graph.adapters.postgres.conversation.test_retriever import Compass
from tests.support.database import PASSWORD, build_run_store
from tests.support.fakes.ports import FakeChatModel, words

RENAMING = "0018_standard_names.sql"

KEY, NEWER_KEY = b"k" * 32, b"n" * 32
USER, STRANGER = (str(uuid.UUID(int=number)) for number in (7, 8))
SESSION, WAITING, ABANDONED, FILE, APPROVAL = (str(uuid.UUID(int=number)) for number in range(11, 16))

FORMER_ROWS = (
    "insert into employee_profiles (slug, title, name, emoji, system_prompt, model, temperature, max_tokens, version) "
    "values ('prime-boss', 't', 'n', 'e', 'p', 'small', 0, 100, '1')",
    "insert into chat_sessions (id, user_id, employee_slug, quoted) "
    "values (%(session)s, %(user)s, 'prime-boss', '{anomalies,stored texts}')",
    "insert into chat_runs "
    "(id, session_id, user_id, employee_slug, request_hash, sealed_input, lease_expires_at, status, began_at) values "
    "(%(waiting)s, %(session)s, %(user)s, 'prime-boss', '', %(waiting_input)s, now() + interval '1 day', 'waiting', now())",
    "insert into chat_runs (id, session_id, user_id, employee_slug, request_hash, sealed_input, lease_expires_at) "
    "values (%(abandoned)s, %(session)s, %(user)s, 'prime-boss', '', %(abandoned_input)s, now() - interval '1 minute')",
    'insert into chat_run_events (run_id, seq, user_id, event) values (%(abandoned)s, 1, %(user)s, \'{"type": "start"}\')',
    "insert into tool_approvals (id, user_id, run_id, ordinal, tool, arguments, arguments_hash, expires_at) "
    "values (%(approval)s, %(user)s, %(waiting)s, 0, 'create_goal', '{\"name\": \"trip\"}', '', now() + interval '1 day')",
    "insert into vault_hash_key (sealed) values (%(hash_key)s)",
    "insert into pii_vault (user_id, token, kind, lookup, sealed) values (%(user)s, '[EMAIL_abc123]', 'EMAIL', 'x', %(value)s)",
    "insert into chat_files (id, user_id, name, media_type, size, sealed) "
    "values (%(file)s, %(user)s, 'report.csv', 'text/csv', 4, %(content)s)",
    "insert into memory_embeddings (user_id, owner_scope, source_id, chunk, embedding, embedding_model) "
    "values (%(user)s, 'prime-boss', 'note', 'a note', array_fill(0.1, array[384])::vector, 'compass')",
    "insert into checkpoints (thread_id, checkpoint_id, checkpoint, owner) values (%(session)s, '1', '{}', %(user)s)",
    "insert into checkpoint_blobs (thread_id, channel, version, type, owner) values (%(session)s, 'c', '1', 't', %(user)s)",
    "insert into checkpoint_writes (thread_id, checkpoint_id, task_id, idx, channel, blob, owner) "
    "values (%(session)s, '1', 't', 0, 'c', 'b', %(user)s)",
    "insert into jobs.procrastinate_jobs (task_name, queue_name, lock, queueing_lock, args) "
    "values ('summarize', 'default', %(lock)s, %(lock)s, %(arguments)s)",
    "insert into jobs.procrastinate_jobs (task_name, queue_name, args) values ('other', 'other', '{\"timestamp\": 1}')",
)


def former_values() -> dict[str, object]:
    """What the former version stored, encrypted under a key that has been replaced since."""
    cipher = VaultCipher(KEY)
    return {
        **{"user": USER, "session": SESSION, "waiting": WAITING, "abandoned": ABANDONED, "file": FILE},
        "approval": APPROVAL,
        "waiting_input": cipher.encrypt(b"save for a trip", f"{USER}/{WAITING}"),
        "abandoned_input": cipher.encrypt(b"how much did I spend", f"{USER}/{ABANDONED}"),
        "hash_key": cipher.encrypt(b"h" * 32, HASH_KEY_CONTEXT),
        "value": cipher.encrypt(b"ana@example.com", f"{USER}/[EMAIL_abc123]"),
        "content": cipher.encrypt(b"a;b\n", context_of(USER, FILE)),
        "lock": f"summary:{SESSION}",
        "arguments": json.dumps({"owner": USER, "session_id": SESSION}),
    }


@pytest.fixture(scope="module")
def former(cluster: EmbeddedPostgres, admin_url: str) -> Iterator[str]:
    """The name of a database of the former version, with rows."""
    name = f"former_{uuid.uuid4().hex}"
    cluster.create_database(name)
    files = [migration for migration in read_migrations() if migration.name < RENAMING]
    asyncio.run(migrate(cluster.admin_url(name), files))
    with psycopg.connect(cluster.admin_url(name), autocommit=True) as connection:
        connection.execute("set search_path = public, jobs")
        for statement in FORMER_ROWS:
            connection.execute(statement.encode(), former_values())
    yield name
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture(scope="module")
def counts(cluster: EmbeddedPostgres, former: str) -> dict[str, tuple[int, int]]:
    """Rows of each table before and after the migration; afterwards the database is migrated."""
    before = count_rows(cluster.admin_url(former))
    asyncio.run(migrate(cluster.admin_url(former), read_migrations()))
    after = count_rows(cluster.admin_url(former))
    return {table: (before[table], after[table]) for table in before.keys() | after.keys()}


@pytest.fixture
def server_url(cluster: EmbeddedPostgres, former: str, counts: dict[str, tuple[int, int]]) -> str:
    return cluster.url("chat_server", PASSWORD, former)


@pytest.fixture
async def database(server_url: str) -> AsyncIterator[Database]:
    """The migrated database, as the server sees it."""
    async with Database.open(server_url, size=2) as opened:
        yield opened


@pytest.fixture
async def cipher(database: Database) -> VaultCipher:
    return await open_cipher(database, lambda: (NEWER_KEY, KEY))


def count_rows(address: str) -> dict[str, int]:
    with psycopg.connect(address, autocommit=True) as connection:
        tables = connection.execute(
            "select oid::regclass::text from pg_class "
            "where relkind = 'r' and relnamespace in ('public'::regnamespace, 'jobs'::regnamespace)"
        ).fetchall()
        counts = {}
        for (table,) in tables:
            query = sql.SQL("select count(*) from {}").format(sql.SQL(table))
            counts[table] = connection.execute(query).fetchall()[0][0]
    return counts


def fetch(cluster: EmbeddedPostgres, name: str, query: str) -> list[DictRow]:
    with psycopg.connect(cluster.admin_url(name), autocommit=True, row_factory=dict_row) as connection:
        return connection.execute(query.encode()).fetchall()


async def test_no_row_is_lost_or_added(counts: dict[str, tuple[int, int]]) -> None:
    changed = {table: both for table, both in counts.items() if both[0] != both[1]}
    assert changed.keys() == {"schema_migrations"}


async def test_an_abandoned_run_is_claimed_with_its_input_and_events(database: Database, cipher: VaultCipher) -> None:
    store = build_run_store(database, cipher)
    assert (ABANDONED, USER) in await store.list_claimable()
    assert await store.claim(STRANGER, ABANDONED) is None
    claim = await store.claim(USER, ABANDONED)
    assert claim is not None
    assert (claim.text, claim.run.epoch) == ("how much did I spend", 2)
    await store.append(claim.run, [(2, Text(type="text", content="x"))])
    assert [seq for seq, _ in await store.events(USER, ABANDONED, 0)] == [1, 2]


async def test_the_approval_of_a_waiting_run_is_decided(database: Database, cipher: VaultCipher) -> None:
    approvals = PostgresApprovals(database, cipher, seconds=60)
    state = await approvals.state_of_run(
        TurnContext(user_id=USER, session_id=SESSION, run_id=WAITING, employee="prime-boss", text="", epoch=1)
    )
    assert state.untrusted_sources == ["anomalies", "stored texts"]
    assert [approval.id for approval in await approvals.list_for_run(USER, WAITING)] == [APPROVAL]
    assert await approvals.decide(USER, WAITING, APPROVAL, Decision(approve=True)) == 0
    [run] = await database.fetch_all(USER, b"select status from chat_runs where id = %(id)s", {"id": WAITING})
    assert run["status"] == "queued"


async def test_stored_values_and_files_decrypt_and_come_under_the_new_key(
    database: Database, cipher: VaultCipher
) -> None:
    async def read() -> tuple[object, bytes]:
        values = await PostgresVault(database, cipher).detokenize(USER, {"[EMAIL_abc123]"})
        return values, (await PostgresFiles(database, cipher).read(USER, FILE)).content

    assert cipher.hash_key == b"h" * 32
    assert await read() == ({"[EMAIL_abc123]": "ana@example.com"}, b"a;b\n")
    rotation = KeyRotation(database, cipher)
    assert await rotation.users_to_reencrypt(10) == [USER]
    assert (await rotation.reencrypt(USER)).lost == 0
    assert await rotation.users_to_reencrypt(10) == []
    assert await read() == ({"[EMAIL_abc123]": "ana@example.com"}, b"a;b\n")


@pytest.mark.parametrize("table", ["checkpoints", "checkpoint_blobs", "checkpoint_writes", "memory_embeddings"])
async def test_rows_belong_to_the_same_user_as_before(database: Database, table: str) -> None:
    query = f"select user_id from {table}".encode()  # noqa: S608 -- a name of ours
    assert [str(row["user_id"]) for row in await database.fetch_all(USER, query, {})] == [USER]
    assert await database.fetch_all(STRANGER, query, {}) == []


async def test_a_job_of_the_former_version_is_done(
    server_url: str, database: Database, cluster: EmbeddedPostgres, former: str
) -> None:
    jobs = fetch(cluster, former, "select task_name, args, lock from jobs.procrastinate_jobs order by id")
    assert jobs == [
        {
            "task_name": "summarize",
            "args": {"user_id": USER, "session_id": SESSION},
            "lock": f"summary:{SESSION}",
        },
        {"task_name": "other", "args": {"timestamp": 1}, "lock": None},
    ]
    async with open_queue(server_url) as queue:
        notes = EmbeddingStore(database, Compass(), words)
        register_tasks(queue, Summarizer(database, FakeChatModel([]), notes, words, "Summarise."))
        await queue.run_worker_async(
            queues=["default"], wait=False, install_signal_handlers=False, delete_jobs="successful", listen_notify=False
        )
    assert fetch(cluster, former, "select task_name from jobs.procrastinate_jobs where task_name = 'summarize'") == []


async def test_the_former_role_has_no_right_in_a_migrated_database(
    cluster: EmbeddedPostgres, former: str, counts: dict[str, tuple[int, int]]
) -> None:
    """The role itself stays while another database of the server uses it, as this one does that is not migrated yet."""
    other = f"former_{uuid.uuid4().hex}"
    cluster.create_database(other)
    files = [migration for migration in read_migrations() if migration.name < RENAMING]
    await migrate(cluster.admin_url(other), files)
    for name, expected in ((former, False), (other, True)):
        [found] = fetch(
            cluster,
            name,
            "select exists (select from pg_shdepend d where d.refobjid = 'chat_finder'::regrole "
            "and d.dbid = (select oid from pg_database where datname = current_database())) as depends",
        )
        assert found == {"depends": expected}
    await migrate(cluster.admin_url(other), read_migrations())
    assert fetch(cluster, other, "select 1 from pg_roles where rolname = 'chat_finder'") == []
    fetch_nothing = f"drop database {other} with (force)"
    with psycopg.connect(cluster.admin_url("postgres"), autocommit=True) as connection:
        connection.execute(fetch_nothing.encode())
