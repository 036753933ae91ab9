"""The queue survives what happens to its workers and its database."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import procrastinate
import psycopg
import pytest
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job
from psycopg.rows import TupleRow

from graph.jobs import queue
from graph.jobs.queue import (
    defer_once,
    open_queue,
    requeue_stalled,
    requeue_stalled_periodically,
    run_worker_until_cancelled,
)
from tests.support.waiting import eventually

SEEN: list[str] = []


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "POLL_SECONDS", 0.1)
    monkeypatch.setattr(queue, "RETRY_SECONDS", 0.1)


@asynccontextmanager
async def queue_with_a_job(database_url: str) -> AsyncIterator[procrastinate.App]:
    async with open_queue(database_url) as app:

        @app.task(name="note")
        async def note(word: str) -> None:
            SEEN.append(word)

        yield app


@asynccontextmanager
async def working(app: procrastinate.App) -> AsyncIterator[None]:
    worker = asyncio.create_task(run_worker_until_cancelled(app))
    try:
        yield
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)


def administer(admin_url: str, statement: str, *values: object) -> list[TupleRow]:
    with psycopg.connect(admin_url, autocommit=True, options="-c search_path=jobs") as connection:
        cursor = connection.execute(statement.encode(), values)
        return cursor.fetchall() if cursor.description else []


def jobs_of(admin_url: str, lock: str) -> list[TupleRow]:
    return administer(
        admin_url, "select status::text, worker_id from procrastinate_jobs where lock = %s order by id", lock
    )


def abandon(admin_url: str, lock: str) -> None:
    """Make it look as if a process had been killed while it worked on the jobs of a lock."""
    [[worker]] = administer(
        admin_url,
        "insert into procrastinate_workers (last_heartbeat) values (now() - interval '1 hour') returning id",
    )
    administer(
        admin_url,
        "update procrastinate_jobs set status = 'doing', worker_id = %s where lock = %s",
        worker,
        lock,
    )


async def test_a_job_is_done_and_leaves_no_row(database_url: str, admin_url: str) -> None:
    word = uuid.uuid4().hex
    async with queue_with_a_job(database_url) as app, working(app):
        await defer_once(app, "note", word, word=word)
        await eventually(lambda: word in SEEN and not jobs_of(admin_url, word))
    assert word in SEEN
    assert jobs_of(admin_url, word) == []


async def test_a_job_that_waits_is_not_queued_again(database_url: str, admin_url: str) -> None:
    word = uuid.uuid4().hex
    async with queue_with_a_job(database_url) as app:
        for _ in range(3):
            await defer_once(app, "note", word, word=word)
        assert len(jobs_of(admin_url, word)) == 1


async def test_the_job_of_a_killed_process_is_done_by_another(database_url: str, admin_url: str) -> None:
    word = uuid.uuid4().hex
    async with queue_with_a_job(database_url) as app:
        await defer_once(app, "note", word, word=word)
        abandon(admin_url, word)
        async with working(app):
            await eventually(lambda: word in SEEN and not jobs_of(admin_url, word))
        assert word in SEEN


async def test_the_job_of_a_killed_process_does_not_hold_up_those_that_come_after_it(
    database_url: str, admin_url: str
) -> None:
    word = uuid.uuid4().hex
    async with queue_with_a_job(database_url) as app:
        await defer_once(app, "note", word, word=word)
        abandon(admin_url, word)
        await defer_once(app, "note", word, word=word)
        async with working(app):
            await eventually(lambda: word in SEEN and not jobs_of(admin_url, word))
        assert word in SEEN


async def test_the_job_of_a_living_process_is_left_alone(database_url: str, admin_url: str) -> None:
    word = uuid.uuid4().hex
    async with queue_with_a_job(database_url) as app:
        await defer_once(app, "note", word, word=word)
        abandon(admin_url, word)
        administer(admin_url, "update procrastinate_workers set last_heartbeat = now()")
        await requeue_stalled(app)
        assert [status for status, _ in jobs_of(admin_url, word)] == ["doing"]


async def test_two_processes_that_look_at_once_queue_each_job_of_a_killed_one(
    database_url: str, admin_url: str
) -> None:
    words = [uuid.uuid4().hex for _ in range(10)]
    async with queue_with_a_job(database_url) as one, queue_with_a_job(database_url) as other:
        for word in words:
            await defer_once(one, "note", word, word=word)
            abandon(admin_url, word)
        await asyncio.gather(requeue_stalled(one), requeue_stalled(other))
        assert [status for word in words for status, _ in jobs_of(admin_url, word)] == ["todo"] * len(words)


async def test_a_job_that_ends_while_the_others_are_queued_again_keeps_none_of_them(
    database_url: str, admin_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [uuid.uuid4().hex for _ in range(3)]
    async with queue_with_a_job(database_url) as app:
        for word in words:
            await defer_once(app, "note", word, word=word)
            abandon(admin_url, word)
        stalled = list(await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=30))

        async def listed(**_: object) -> list[Job]:
            return stalled

        monkeypatch.setattr(app.job_manager, "get_stalled_jobs", listed)
        administer(admin_url, "delete from procrastinate_jobs where lock = %s", words[0])
        await requeue_stalled(app)
        assert [status for word in words for status, _ in jobs_of(admin_url, word)] == ["todo", "todo"]


async def test_a_look_that_broke_off_is_repeated_soon(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0
    looked_again = asyncio.Event()

    async def broken(app: procrastinate.App) -> None:
        nonlocal looks
        looks += 1
        if looks == 2:
            looked_again.set()
        raise ConnectorException from psycopg.OperationalError("gone")

    monkeypatch.setattr(queue, "requeue_stalled", broken)
    async with queue_with_a_job(database_url) as app:
        looking = asyncio.create_task(requeue_stalled_periodically(app))
        async with asyncio.timeout(5):
            await looked_again.wait()
        looking.cancel()
    assert looks == 2


async def test_work_goes_on_after_its_connections_broke(
    database_url: str, admin_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "WAIT_SECONDS", 15.0)  # on a busy machine a new connection takes its time
    word = uuid.uuid4().hex
    administer(admin_url, "delete from procrastinate_jobs")  # a job of another test could end while connections break
    [[began]] = administer(admin_url, "select clock_timestamp()")
    async with queue_with_a_job(database_url) as app, working(app):
        own = "from pg_stat_activity where usename = 'chat_server' and backend_start > %s"
        await eventually(lambda: bool(administer(admin_url, f"select pid {own} and query ilike '%%listen%%'", began)))
        ended = [pid for pid, _ in administer(admin_url, f"select pid, pg_terminate_backend(pid) {own}", began)]
        await eventually(lambda: not administer(admin_url, "select from pg_stat_activity where pid = any (%s)", ended))
        administer(
            admin_url,
            "insert into procrastinate_jobs (queue_name, task_name, priority, lock, args) "
            "values ('default', 'note', 0, %s, jsonb_build_object('word', %s::text))",
            word,
            word,
        )
        await eventually(lambda: word in SEEN)
    assert word in SEEN
