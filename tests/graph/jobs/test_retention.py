"""Old logs and expired files are forgotten, whosever they are; what is young or under way stays."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from graph.adapters.crypto.cipher import VaultCipher
from graph.adapters.postgres.database import Database
from graph.adapters.postgres.privacy import file_store as file_store
from graph.adapters.postgres.privacy.file_store import PostgresFiles
from graph.adapters.postgres.runs import run_store
from graph.adapters.postgres.runs.run_store import PostgresRunStore
from graph.events import Text
from graph.jobs import queue, retention
from graph.jobs.queue import open_queue, run_worker_until_cancelled
from graph.jobs.retention import delete_expired_files, delete_expired_logs, register_tasks
from graph.ports.runs import Run, RunOutcome, RunRequest
from tests.support.database import Sql, build_run_store
from tests.support.waiting import eventually

DAYS = 7.0
SAID = [(1, Text(type="text", content="hello")), (2, Text(type="text", content="again"))]

FileThatExpired = Callable[[str, float], Awaitable[str]]
RunThatEnded = Callable[[str, float], Awaitable[Run]]


@pytest.fixture
def store(database: Database, cipher: VaultCipher) -> PostgresRunStore:
    return build_run_store(database, cipher)


@pytest.fixture
def files(database: Database, cipher: VaultCipher) -> PostgresFiles:
    return PostgresFiles(database, cipher)


@pytest.fixture
def file_that_expired(files: PostgresFiles, sql: Sql) -> FileThatExpired:
    """Makes a file of a user that expired so many days ago."""

    async def make(user_id: str, days_ago: float) -> str:
        file_id = await files.store(user_id, "chart.png", "image/png", b"a chart")
        sql(
            "update chat_files set expires_at = now() - make_interval(secs => %(seconds)s) where id = %(id)s",
            seconds=days_ago * 86_400,
            id=file_id,
        )
        return file_id

    return make


@pytest.fixture
def run_that_ended(store: PostgresRunStore, sql: Sql) -> RunThatEnded:
    """Makes a run of a user that ended so many days ago."""

    async def make(user_id: str, days_ago: float) -> Run:
        run = await store.accept(RunRequest(user_id, "hello"))
        await store.finish(run, SAID, RunOutcome())
        sql(
            "update chat_runs set finished_at = now() - make_interval(secs => %(seconds)s) where id = %(id)s",
            seconds=days_ago * 86_400,
            id=run.id,
        )
        return run

    return make


@pytest.fixture
def logged(sql: Sql) -> Callable[[Run], list[dict[str, Any]]]:
    """What there is of a run's log, as the administrator sees it."""
    return lambda run: sql("select seq from chat_run_events where run_id = %(id)s order by seq", id=run.id)


async def test_the_log_of_an_old_run_is_forgotten_and_the_run_says_so(
    store: PostgresRunStore, run_that_ended: RunThatEnded, user_id: str
) -> None:
    run = await run_that_ended(user_id, DAYS + 0.01)
    assert await delete_expired_logs(store, DAYS) >= 1
    found = await store.read(user_id, run.id)
    assert (found.status, found.log_expired) == ("complete", True)
    assert await store.events(user_id, run.id, 0) == []


async def test_the_logs_of_all_users_are_forgotten_though_nobody_asks_for_it(
    store: PostgresRunStore, run_that_ended: RunThatEnded, user_id: str, stranger: str, logged: Callable[[Run], object]
) -> None:
    runs = [await run_that_ended(user, DAYS + 1) for user in (user_id, stranger)]
    await delete_expired_logs(store, DAYS)
    assert [logged(run) for run in runs] == [[], []]


async def test_the_log_of_a_young_run_stays(
    store: PostgresRunStore, run_that_ended: RunThatEnded, user_id: str
) -> None:
    run = await run_that_ended(user_id, DAYS - 0.01)
    await delete_expired_logs(store, DAYS)
    assert await store.events(user_id, run.id, 0) == SAID
    assert not (await store.read(user_id, run.id)).log_expired


async def test_the_log_of_a_run_that_is_not_over_stays_however_old_it_is(
    store: PostgresRunStore, user_id: str, sql: Sql
) -> None:
    run = await store.accept(RunRequest(user_id, "hello"))
    await store.append(run, SAID)
    waiting = await store.accept(RunRequest(user_id, "more", session_id=run.session_id, on_conflict="enqueue"))
    sql(
        "update chat_runs set created_at = now() - interval '1 year', lease_expires_at = now() - interval '1 year' "
        "where user_id = %(user_id)s",
        user_id=user_id,
    )
    await delete_expired_logs(store, DAYS)
    assert await store.events(user_id, run.id, 0) == SAID
    assert [(await store.read(user_id, each.id)).log_expired for each in (run, waiting)] == [False, False]


async def test_all_old_logs_are_forgotten_however_many_there_are(
    store: PostgresRunStore,
    run_that_ended: RunThatEnded,
    user_id: str,
    logged: Callable[[Run], object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run_store, "MAX_DELETED", 2)
    runs = [await run_that_ended(user_id, DAYS + 1) for _ in range(5)]
    assert await delete_expired_logs(store, DAYS) >= 5
    assert [logged(run) for run in runs] == [[]] * 5
    assert await delete_expired_logs(store, DAYS) == 0


async def test_two_processes_that_forget_at_once_do_not_disturb_each_other(
    store: PostgresRunStore, run_that_ended: RunThatEnded, user_id: str, logged: Callable[[Run], object]
) -> None:
    runs = [await run_that_ended(user_id, DAYS + 1) for _ in range(5)]
    await asyncio.gather(*(delete_expired_logs(store, DAYS) for _ in range(2)))
    assert [logged(run) for run in runs] == [[]] * 5


async def test_expired_files_of_all_users_are_deleted_and_the_others_stay(
    files: PostgresFiles, file_that_expired: FileThatExpired, user_id: str, stranger: str, sql: Sql
) -> None:
    gone = [await file_that_expired(user, days) for user in (user_id, stranger) for days in (0.0, 40.0)]
    young = await file_that_expired(user_id, -0.01)
    assert await delete_expired_files(files) >= len(gone)
    left = sql("select id from chat_files where id = any(%(ids)s::uuid[])", ids=[*gone, young])
    assert [str(row["id"]) for row in left] == [young]


async def test_all_expired_files_are_deleted_however_many_there_are(
    files: PostgresFiles, file_that_expired: FileThatExpired, user_id: str, monkeypatch: pytest.MonkeyPatch, sql: Sql
) -> None:
    monkeypatch.setattr(file_store, "MAX_DELETED", 2)
    for _ in range(5):
        await file_that_expired(user_id, 1)
    assert await delete_expired_files(files) >= 5
    assert sql("select 1 from chat_files where user_id = %(user_id)s", user_id=user_id) == []
    assert await delete_expired_files(files) == 0


async def test_the_queue_does_it_of_its_own_accord_when_it_is_time(
    store: PostgresRunStore,
    files: PostgresFiles,
    run_that_ended: RunThatEnded,
    file_that_expired: FileThatExpired,
    user_id: str,
    database_url: str,
    logged: Callable[[Run], object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retention, "SCHEDULE", "* * * * * *")  # each second
    monkeypatch.setattr(queue, "POLL_SECONDS", 0.1)
    run = await run_that_ended(user_id, DAYS + 1)
    await file_that_expired(user_id, 1)
    async with open_queue(database_url) as app:
        register_tasks(app, store, DAYS, files)
        worker = asyncio.create_task(run_worker_until_cancelled(app))

        async def has_no_file() -> bool:
            return not await files.page(user_id, 1, None)

        try:
            await eventually(lambda: not logged(run))
            await eventually(has_no_file)
        finally:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)
