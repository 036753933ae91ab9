"""Connections are lent for a transaction with claims; what cannot be had is refused in about a second."""

import asyncio
import contextlib
import random
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from graph.adapters.postgres.database import WAIT_SECONDS, Database, fetch_one
from graph.adapters.postgres.embedded import EmbeddedPostgres
from graph.errors import DatabaseUnavailable
from tests.support.database import Sql

SOON = WAIT_SECONDS + 1.5


async def caller(database: Database, user_id: str) -> object:
    async with database.transaction(user_id) as connection:
        cursor = await connection.execute("select auth.uid()::text as uid")
        [row] = await cursor.fetchall()
        return row["uid"]


async def test_a_transaction_acts_for_its_user(database: Database, user_id: str) -> None:
    assert await caller(database, user_id) == user_id


async def test_a_transaction_for_nobody_has_no_user(database: Database, user_id: str) -> None:
    await caller(database, user_id)
    async with database.system_transaction() as connection:
        cursor = await connection.execute("select auth.uid() as uid")
        assert await cursor.fetchall() == [{"uid": None}]


async def test_a_connection_that_acted_for_a_user_serves_nobody_afterwards(database_url: str, user_id: str) -> None:
    async with Database.open(database_url, size=1) as database:
        async with database.transaction(user_id) as connection:
            assert await fetch_one(connection, b"select auth.uid() as user_id", {})
        async with database.system_transaction() as connection:
            assert await fetch_one(connection, b"select auth.uid() as user_id", {}) == {"user_id": None}


async def test_a_transaction_whose_process_sleeps_between_two_statements_is_ended_by_the_server(
    database: Database, user_id: str, session: str, sql: Sql
) -> None:
    """Its rows would be held for as long as it sleeps."""

    async def sleep() -> None:
        async with database.transaction(user_id) as connection:
            await fetch_one(connection, b"select id from chat_sessions for update", {})
            await asyncio.sleep(3.5)
            sql("update chat_sessions set title = 'free' where id = %(id)s", id=session)
            await fetch_one(connection, b"select 1", {})

    with pytest.raises(DatabaseUnavailable):
        await sleep()


async def test_an_owner_with_quotes_is_an_owner_and_no_sql(database: Database) -> None:
    with pytest.raises(psycopg.errors.InvalidTextRepresentation):
        await caller(database, "'; select set_config('request.jwt.claims', '', false); --")


async def test_a_snapshot_does_not_see_what_others_commit_meanwhile(
    database: Database, user_id: str, session: str
) -> None:
    async with database.transaction(user_id, snapshot=True) as connection:
        for expected in (0, 0):
            cursor = await connection.execute("select count(*) from user_memory_facts where user_id = auth.uid()")
            assert await cursor.fetchone() == {"count": expected}
            async with database.transaction(user_id) as other:
                await other.execute("insert into user_memory_facts (fact) values (gen_random_uuid()::text)")


async def test_an_error_undoes_the_transaction(database: Database, user_id: str, session: str) -> None:
    async def half() -> None:
        async with database.transaction(user_id) as connection:
            await connection.execute("insert into user_memory_facts (fact) values ('half')")
            raise LookupError

    with pytest.raises(LookupError):
        await half()
    async with database.transaction(user_id) as connection:
        cursor = await connection.execute("select fact from user_memory_facts where user_id = auth.uid()")
        assert await cursor.fetchall() == []


RENAME = b"update chat_sessions set title = 'renamed' where id = %(id)s returning id"


@pytest.mark.parametrize("query", [b"select 1 / 0", b"select nothing"], ids=["fails", "is none"])
async def test_a_statement_that_fails_undoes_what_travelled_with_it(
    database_url: str, user_id: str, session: str, sql: Sql, query: bytes
) -> None:
    async with Database.open(database_url, size=1) as narrow:

        async def both() -> None:
            async with narrow.transaction(user_id) as connection:
                await connection.execute(RENAME, {"id": session})
                await connection.execute(query)

        for _ in range(2):
            with pytest.raises(psycopg.DatabaseError):
                await both()
        assert await caller(narrow, user_id) == user_id
    assert sql("select title from chat_sessions where id = %(id)s", id=session) != [{"title": "renamed"}]


async def test_a_transaction_that_is_cancelled_is_undone(
    database_url: str, user_id: str, session: str, sql: Sql
) -> None:
    async with Database.open(database_url, size=1) as narrow:
        began = asyncio.Event()

        async def rename() -> None:
            async with narrow.transaction(user_id) as connection:
                await connection.execute(RENAME, {"id": session})
                began.set()
                await asyncio.sleep(60)

        renaming = asyncio.create_task(rename())
        await began.wait()
        renaming.cancel()
        await asyncio.wait([renaming])
        assert await caller(narrow, user_id) == user_id
    assert sql("select title from chat_sessions where id = %(id)s", id=session) != [{"title": "renamed"}]


async def test_a_query_by_itself_acts_for_its_user_and_leaves_nothing_behind(
    database_url: str, user_id: str, stranger: str, session: str, sql: Sql
) -> None:
    async with Database.open(database_url, size=1) as narrow:
        assert await narrow.fetch_all(stranger, RENAME, {"id": session}) == []
        assert len(await narrow.fetch_all(user_id, RENAME, {"id": session})) == 1
        async with narrow.system_transaction() as connection:
            row = await fetch_one(
                connection, b"select auth.uid() as uid, current_setting('statement_timeout') as time", {}
            )
        assert row == {"uid": None, "time": "0"}
    assert sql("select title from chat_sessions where id = %(id)s", id=session) == [{"title": "renamed"}]


async def test_a_query_by_itself_is_ended_when_it_waits_too_long_for_others(
    database: Database, user_id: str, session: str, admin_url: str
) -> None:
    with psycopg.connect(admin_url) as other:
        other.execute("select from chat_sessions where id = %s for update", (session,))
        with pytest.raises(DatabaseUnavailable):
            await database.fetch_all(user_id, RENAME, {"id": session})


async def test_a_pool_that_is_lent_out_refuses_in_about_a_second_and_recovers(database_url: str, user_id: str) -> None:
    async with Database.open(database_url, size=2) as database:
        release = asyncio.Event()

        held = asyncio.Barrier(3)

        async def hold() -> None:
            async with database.system_transaction():
                await held.wait()
                await release.wait()

        holding = [asyncio.create_task(hold()) for _ in range(2)]
        await held.wait()
        started = time.monotonic()
        with pytest.raises(DatabaseUnavailable) as refused:
            await caller(database, user_id)
        assert 0.5 < time.monotonic() - started < SOON
        assert refused.value.retry_after == 1
        release.set()
        await asyncio.gather(*holding)
        assert await caller(database, user_id) == user_id


async def test_a_borrower_that_is_cancelled_gives_its_connection_back(database_url: str, user_id: str) -> None:
    async def sleep(database: Database) -> None:
        async with database.transaction(user_id) as connection:
            await connection.execute("select pg_sleep(30)")

    async with Database.open(database_url, size=2) as database:
        for _ in range(3):
            sleeping = [asyncio.create_task(sleep(database)) for _ in range(2)]
            await asyncio.sleep(0.1)
            for each in sleeping:
                each.cancel()
            await asyncio.gather(*sleeping, return_exceptions=True)
            assert await caller(database, user_id) == user_id


async def test_a_database_that_is_not_there_refuses_in_about_a_second(user_id: str) -> None:
    async with Database.open("postgresql://nobody@127.0.0.1:1/none", size=2) as database:
        started = time.monotonic()
        with pytest.raises(DatabaseUnavailable):
            await caller(database, user_id)
        assert time.monotonic() - started < SOON


async def test_connections_that_the_server_ended_are_replaced_unnoticed(
    database_url: str, admin_url: str, user_id: str
) -> None:
    async with Database.open(database_url + "?application_name=to_be_ended", size=3) as database:
        await asyncio.gather(*(caller(database, user_id) for _ in range(3)))
        with psycopg.connect(admin_url, autocommit=True) as admin:
            ended = admin.execute(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'to_be_ended'"
            ).fetchone()
        assert ended
        assert ended[0] >= 1
        await asyncio.sleep(0.2)
        for _ in range(6):
            assert await caller(database, user_id) == user_id


async def test_a_connection_that_breaks_in_use_is_unavailable(database_url: str, admin_url: str, user_id: str) -> None:
    async def broken(database: Database) -> None:
        async with database.transaction(user_id) as connection:
            cursor = await connection.execute("select pg_backend_pid() as pid")
            [row] = await cursor.fetchall()
            with psycopg.connect(admin_url, autocommit=True) as admin:
                admin.execute("select pg_terminate_backend(%s)", (row["pid"],))
            await asyncio.sleep(0.1)
            await (await connection.execute("select 1")).fetchall()

    async with Database.open(database_url, size=2) as database:
        with pytest.raises(DatabaseUnavailable):
            await broken(database)
        assert await caller(database, user_id) == user_id


async def test_a_closed_pool_is_unavailable(database_url: str, user_id: str) -> None:
    async with Database.open(database_url, size=1) as database:
        pass
    with pytest.raises(DatabaseUnavailable):
        await caller(database, user_id)


@pytest.fixture
def lonely(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A server of its own, to be stopped."""
    with EmbeddedPostgres(tmp_path / "postgres", lambda line: None, {"fsync": "off"}) as cluster:
        yield cluster


async def test_after_a_restart_of_the_server_it_goes_on_by_itself(lonely: EmbeddedPostgres) -> None:
    async def one(database: Database) -> object:
        async with database.system_transaction() as connection:
            return await (await connection.execute("select 1 as one")).fetchone()

    async with Database.open(lonely.admin_url("postgres"), size=3) as database:
        assert await one(database) == {"one": 1}
        await asyncio.to_thread(lonely.stop)
        with pytest.raises(DatabaseUnavailable):
            await one(database)
        await asyncio.to_thread(lonely.start)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                assert await one(database) == {"one": 1}
                return
            except DatabaseUnavailable:
                await asyncio.sleep(0.1)
    raise AssertionError("it did not recover")


async def test_no_cancelled_borrower_costs_the_pool_a_connection(database_url: str) -> None:
    """Whoever is cancelled while a connection is handed over or given back must not take it along."""
    dice = random.Random("cancelled")

    async def borrow(database: Database) -> None:
        with contextlib.suppress(TimeoutError, DatabaseUnavailable):
            async with asyncio.timeout(0.004 * dice.random()), database.transaction(str(uuid.uuid4())) as connection:
                await connection.execute("select 1")

    async with Database.open(database_url, size=3) as database:
        for _ in range(1000):
            await asyncio.gather(*(borrow(database) for _ in range(6)))
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(3):
                await stack.enter_async_context(database.transaction(str(uuid.uuid4())))
            assert database.pool.get_stats()["requests_waiting"] == 0
