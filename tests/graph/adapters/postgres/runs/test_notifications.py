"""News of runs reach all processes, over Postgres and over Redis alike; when they cannot, nobody is harmed."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import pytest
import structlog
from redis.asyncio import Redis

from graph.adapters import redis_notifications as redis_signals
from graph.adapters.crypto.cipher import Sealer
from graph.adapters.postgres.database import Database
from graph.adapters.postgres.runs import notifications as signals
from graph.adapters.postgres.runs.notifications import PostgresNotifier
from graph.adapters.redis_notifications import SEND_SECONDS, STREAM, RedisNotifier
from graph.errors import ConfigurationError
from graph.events import Text
from graph.ports.notifications import Notifier, RunNotification
from graph.ports.runs import RunOutcome, RunRequest
from tests.graph.conftest import Sql, store_of_runs
from tests.redis_server import RedisServer, free_port

pytestmark = pytest.mark.anyio

SAID = Text(type="text", content="hello")


class Carrier(Protocol):
    """What carries news between processes."""

    def signals(self) -> Notifier:
        """One process's."""
        ...

    async def tell(self, news: RunNotification) -> None:
        """News of a process that listens to none."""
        ...

    def break_connections(self) -> None: ...

    def mend(self) -> None: ...


class OverPostgres:
    def __init__(self, address: str, sql: Sql) -> None:
        self.address = address
        self.sql = sql

    def signals(self) -> Notifier:
        return PostgresNotifier(self.address)

    async def tell(self, news: RunNotification) -> None:
        self.sql("select pg_notify('chat_runs', %(payload)s)", payload=" ".join(news))

    def break_connections(self) -> None:
        self.sql("select pg_terminate_backend(pid) from pg_stat_activity where query = 'listen chat_runs'")

    def mend(self) -> None:
        """The database is there all the time."""


class OverRedis:
    def __init__(self, server: RedisServer) -> None:
        self.server = server

    def signals(self) -> Notifier:
        return RedisNotifier(self.server.address)

    async def tell(self, news: RunNotification) -> None:
        async with sending(self.server.address) as teller:
            await teller.send(news)

    def break_connections(self) -> None:
        self.server.kill()

    def mend(self) -> None:
        self.server.start()


@asynccontextmanager
async def sending(address: str) -> AsyncIterator[RedisNotifier]:
    """A process that listens to nothing."""
    opened = RedisNotifier(address)
    try:
        yield opened
    finally:
        await opened._client.aclose()


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "PAUSE_SECONDS", 0.1)
    monkeypatch.setattr(redis_signals, "PAUSE_SECONDS", 0.1)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path) as started:
        yield started


@pytest.fixture(params=["postgres", "redis"])
def carrier(request: pytest.FixtureRequest) -> Carrier:
    if request.param == "redis":
        return OverRedis(request.getfixturevalue("redis"))
    return OverPostgres(request.getfixturevalue("database_url"), request.getfixturevalue("sql"))


async def eventually(holds: Callable[[], bool], seconds: float = 10) -> None:
    for _ in range(int(seconds / 0.01)):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to hold")


@asynccontextmanager
async def listening(signals: Notifier, *, connected: bool = True) -> AsyncIterator[list[RunNotification]]:
    """A process that listens, until the end; what it hears."""
    heard: list[RunNotification] = []

    async def listen() -> None:
        async for news in signals.subscribe():
            heard.append(news)

    task = asyncio.create_task(listen())
    try:
        if connected:
            await eventually(lambda: signals.connected)
        yield heard
        assert not task.done(), "it listens no more"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def some_news() -> list[RunNotification]:
    return [("events", str(uuid4())), ("stop", str(uuid4())), ("due", str(uuid4()))]


# Over either ----------------------------------------------------------------------------------------------------------


async def test_news_of_one_process_reach_all_others_in_order(carrier: Carrier) -> None:
    async with listening(carrier.signals()) as one, listening(carrier.signals()) as other:
        news = some_news() * 20
        for each in news:
            await carrier.tell(each)
        await eventually(lambda: len(one) == len(other) == len(news))
    assert one == other == news


async def test_who_does_not_listen_is_not_connected(carrier: Carrier) -> None:
    process = carrier.signals()
    assert not process.connected
    async with listening(process):
        assert process.connected
    assert not process.connected


async def test_what_was_told_before_is_not_news(carrier: Carrier) -> None:
    await carrier.tell(("stop", "before"))
    async with listening(carrier.signals()) as heard:
        await carrier.tell(("stop", "after"))
        await eventually(lambda: bool(heard))
    assert heard == [("stop", "after")]


async def test_after_its_connection_broke_a_process_knows_it_and_hears_again(carrier: Carrier) -> None:
    process = carrier.signals()
    async with listening(process) as heard:
        for number in range(2):
            carrier.break_connections()
            await eventually(lambda: not process.connected)
            carrier.mend()
            await eventually(lambda: process.connected)
            await carrier.tell(("events", f"run {number}"))
            await eventually(lambda: len(heard) == number + 1)  # noqa: B023
    assert heard == [("events", "run 0"), ("events", "run 1")]


async def test_an_outage_is_logged_without_the_address(carrier: Carrier) -> None:
    process = carrier.signals()
    with structlog.testing.capture_logs() as logs:
        async with listening(process):
            carrier.break_connections()
            await eventually(lambda: not process.connected)
            carrier.mend()
            await eventually(lambda: process.connected)
    assert [each["log_level"] for each in logs] == ["warning"]
    assert "127.0.0.1" not in str(logs)


# Over Postgres: the queries tell --------------------------------------------------------------------------------------


async def test_postgres_tells_what_is_written_of_a_run_when_it_is_committed(
    database: Database, database_url: str, sealer: Sealer, user_id: str
) -> None:
    store = store_of_runs(database, sealer)
    run = await store.accept(RunRequest(user_id, "hello"))
    async with listening(PostgresNotifier(database_url)) as heard:
        await store.append(run, [(1, SAID)])
        await store.request_stop(user_id, run.id)
        await store.finish(run, [(2, SAID)], RunOutcome())
        await eventually(lambda: len(heard) >= 4)
    assert heard[:2] == [("events", run.id), ("stop", run.id)]
    assert set(heard[2:]) == {("due", run.id), ("events", run.id)}


async def test_behind_a_transaction_pooler_nothing_is_heard_and_nothing_is_tried() -> None:
    process = PostgresNotifier("postgresql://nobody@127.0.0.1:6543/chat")
    assert [news async for news in process.subscribe()] == []
    assert not process.connected


# Over Redis: it costs nothing but speed -------------------------------------------------------------------------------


@asynccontextmanager
async def mute_server() -> AsyncIterator[str]:
    """The address of something that takes connections and never answers."""
    opened: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: opened.append(writer), "127.0.0.1", 0)
    try:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        for writer in opened:
            writer.close()
        server.close()


async def test_a_send_to_nobody_is_logged_once_and_raises_nothing() -> None:
    with structlog.testing.capture_logs() as logs:
        async with sending(f"redis://:a-password@127.0.0.1:{free_port()}") as process:
            for _ in range(3):
                await process.send(("events", "run"))
                await asyncio.sleep(redis_signals.PAUSE_SECONDS)
    assert [(each["event"], each["log_level"]) for each in logs] == [("news_not_sent", "warning")]
    assert "a-password" not in str(logs)


async def test_a_send_that_is_not_answered_holds_up_a_run_for_a_moment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_signals, "PAUSE_SECONDS", 60)
    async with mute_server() as address, sending(address) as process:
        began = time.monotonic()
        for _ in range(100):
            await process.send(("events", "run"))
        assert SEND_SECONDS * 0.9 < time.monotonic() - began < SEND_SECONDS * 8


async def test_after_a_send_that_failed_the_next_ones_come_through_when_redis_is_back(redis: RedisServer) -> None:
    with structlog.testing.capture_logs() as logs:
        async with sending(redis.address) as process:
            for number in range(2):
                redis.kill()
                await process.send(("events", "lost"))
                redis.start()
                await asyncio.sleep(redis_signals.PAUSE_SECONDS * 2)
                async with listening(RedisNotifier(redis.address)) as heard:
                    await process.send(("events", f"run {number}"))
                    await eventually(lambda: bool(heard))
    assert [each["event"] for each in logs] == ["news_not_sent"] * 2


async def test_a_process_that_starts_before_redis_hears_of_it_later(redis: RedisServer) -> None:
    redis.kill()
    process = RedisNotifier(redis.address)
    async with listening(process, connected=False) as heard:
        await asyncio.sleep(redis_signals.PAUSE_SECONDS * 3)
        assert not process.connected
        redis.start()
        await eventually(lambda: process.connected)
        await process.send(("due", "run"))
        await eventually(lambda: heard == [("due", "run")])


async def test_a_wrong_password_is_logged_once_and_harms_nobody(tmp_path: Path) -> None:
    with RedisServer(tmp_path, "--requirepass", "right") as server, structlog.testing.capture_logs() as logs:
        process = RedisNotifier(server.address.replace("//", "//:wrong@"))
        async with listening(process, connected=False):
            for _ in range(3):
                await process.send(("events", "run"))
                await asyncio.sleep(redis_signals.PAUSE_SECONDS)
            assert not process.connected
    assert sorted(each["event"] for each in logs) == ["news_not_heard", "news_not_sent"]
    assert "wrong" not in str(logs)


async def test_the_right_password_opens(tmp_path: Path) -> None:
    with RedisServer(tmp_path, "--requirepass", "right") as server:
        process = RedisNotifier(server.address.replace("//", "//:right@"))
        async with listening(process) as heard:
            await process.send(("events", "run"))
            await eventually(lambda: heard == [("events", "run")])


async def test_the_stream_keeps_so_many_entries_and_hardly_more(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_signals, "KEPT", 200)
    async with sending(redis.address) as process, Redis.from_url(redis.address) as client:
        for _ in range(1000):
            await process.send(("events", "run"))
        assert 200 <= await client.xlen(STREAM) <= 400


async def test_what_others_write_into_the_stream_is_no_news_and_no_harm(redis: RedisServer) -> None:
    process = RedisNotifier(redis.address)
    async with listening(process) as heard, Redis.from_url(redis.address) as client:
        await client.xadd(STREAM, {b"kind": b"\xff\xfe", b"else": b""})
        await process.send(("events", "run"))
        await eventually(lambda: ("events", "run") in heard)
    assert heard == [("events", "run")]


async def test_a_key_of_another_kind_in_the_streams_place_harms_nobody(redis: RedisServer) -> None:
    process = RedisNotifier(redis.address)
    async with Redis.from_url(redis.address) as client:
        await client.set(STREAM, "something else")
        async with listening(process, connected=False) as heard:
            await process.send(("events", "run"))
            await client.delete(STREAM)
            await eventually(lambda: process.connected)
            await asyncio.sleep(redis_signals.PAUSE_SECONDS * 2)
            await process.send(("events", "run"))
            await eventually(lambda: bool(heard))


async def test_a_stream_that_is_emptied_while_a_process_listens_is_heard_on(redis: RedisServer) -> None:
    process = RedisNotifier(redis.address)
    async with listening(process) as heard, Redis.from_url(redis.address) as client:
        for number in range(3):
            await process.send(("events", str(number)))
            await eventually(lambda: len(heard) == number + 1)  # noqa: B023
            await client.flushall()
            await asyncio.sleep(0.01)  # the ids of an empty stream begin anew with each millisecond


async def test_a_server_that_answers_no_more_counts_as_away_until_it_does(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_signals, "BLOCK_SECONDS", 0.1)
    monkeypatch.setattr(redis_signals, "SILENCE_SECONDS", 0.5)
    process = RedisNotifier(redis.address)
    async with listening(process) as heard:
        with redis.frozen():
            await eventually(lambda: not process.connected)
        await eventually(lambda: process.connected)
        await process.send(("events", "run"))
        await eventually(lambda: heard == [("events", "run")])


async def test_listening_ends_whenever_it_is_told_to(redis: RedisServer) -> None:
    """At whatever point of a connection; redis-py's own time-outs would now and then swallow it."""

    async def listen() -> None:
        async for _ in RedisNotifier(redis.address).subscribe():
            pass

    tasks = []
    for number in range(200):
        task = asyncio.create_task(listen())
        tasks.append(task)
        await asyncio.sleep(number % 20 / 4000)
        task.cancel()
    _, left = await asyncio.wait(tasks, timeout=1)
    assert not left


@pytest.mark.parametrize(
    "address",
    [
        "",
        "127.0.0.1:6379",
        "http://:pass-word@127.0.0.1",
        "redis://:pass-word@127.0.0.1:port",
        "redis://:pass-word@127.0.0.1:99999",
        "redis://:pass-word@127.0.0.1?colour=red",
        "redis://:pass-word@127.0.0.1?socket_timeout=long",
    ],
)
def test_a_wrong_address_is_told_at_once_and_not_repeated(address: str) -> None:
    with pytest.raises(ConfigurationError, match="REDIS_URL") as refused:
        RedisNotifier(address)
    assert "pass-word" not in refused.value.message
