"""Notifications of runs through Redis. An outage of Redis costs nothing but speed."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import structlog
from redis.asyncio import Redis

from graph.adapters import redis_notifications
from graph.adapters.redis_notifications import SEND_SECONDS, STREAM, RedisNotifier
from graph.errors import ConfigurationError
from graph.ports.notifications import Notifier, RunNotification
from tests.graph.ports.notifier_contract import Carrier, NotifierContract, subscribed
from tests.support.redis_server import RedisServer
from tests.support.tcp import free_port
from tests.support.waiting import eventually


class RedisCarrier:
    def __init__(self, server: RedisServer) -> None:
        self.server = server

    def notifier(self) -> Notifier:
        return RedisNotifier(self.server.address)

    async def publish(self, notification: RunNotification) -> None:
        async with sending(self.server.address) as notifier:
            await notifier.send(notification)

    def break_connections(self) -> None:
        self.server.kill()

    def mend(self) -> None:
        self.server.start()


@asynccontextmanager
async def sending(address: str) -> AsyncIterator[RedisNotifier]:
    """The notifier of a process that is not subscribed."""
    notifier = RedisNotifier(address)
    try:
        yield notifier
    finally:
        await notifier._client.aclose()


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_notifications, "RETRY_PAUSE_SECONDS", 0.1)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path) as started:
        yield started


@pytest.fixture
def carrier(redis: RedisServer) -> Carrier:
    return RedisCarrier(redis)


class TestRedisNotifier(NotifierContract):
    """The notifier keeps the contract."""


async def test_an_outage_is_logged_without_the_address(carrier: Carrier) -> None:
    notifier = carrier.notifier()
    with structlog.testing.capture_logs() as logs:
        async with subscribed(notifier):
            carrier.break_connections()
            await eventually(lambda: not notifier.connected)
            carrier.mend()
            await eventually(lambda: notifier.connected)
    assert [entry["log_level"] for entry in logs] == ["warning"]
    assert "127.0.0.1" not in str(logs)


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


async def test_a_send_to_no_server_is_logged_once_and_raises_nothing() -> None:
    with structlog.testing.capture_logs() as logs:
        async with sending(f"redis://:a-password@127.0.0.1:{free_port()}") as notifier:
            for _ in range(3):
                await notifier.send(("events", "run"))
                await asyncio.sleep(redis_notifications.RETRY_PAUSE_SECONDS)
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [("notifications_not_sent", "warning")]
    assert "a-password" not in str(logs)


async def test_a_send_that_is_not_answered_holds_up_a_run_for_a_moment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_notifications, "RETRY_PAUSE_SECONDS", 60)
    async with mute_server() as address, sending(address) as notifier:
        began = time.monotonic()
        for _ in range(100):
            await notifier.send(("events", "run"))
        assert SEND_SECONDS * 0.9 < time.monotonic() - began < SEND_SECONDS * 8


async def test_after_a_send_that_failed_the_next_ones_come_through_when_redis_is_back(redis: RedisServer) -> None:
    with structlog.testing.capture_logs() as logs:
        async with sending(redis.address) as notifier:
            for number in range(2):
                redis.kill()
                await notifier.send(("events", "lost"))
                redis.start()
                await asyncio.sleep(redis_notifications.RETRY_PAUSE_SECONDS * 2)
                async with subscribed(RedisNotifier(redis.address)) as received:
                    await notifier.send(("events", f"run {number}"))
                    await eventually(lambda: bool(received))
    assert [entry["event"] for entry in logs] == ["notifications_not_sent"] * 2


async def test_a_process_that_starts_before_redis_hears_of_it_later(redis: RedisServer) -> None:
    redis.kill()
    notifier = RedisNotifier(redis.address)
    async with subscribed(notifier, connected=False) as received:
        await asyncio.sleep(redis_notifications.RETRY_PAUSE_SECONDS * 3)
        assert not notifier.connected
        redis.start()
        await eventually(lambda: notifier.connected)
        await notifier.send(("due", "run"))
        await eventually(lambda: received == [("due", "run")])


async def test_a_wrong_password_is_logged_once_and_raises_nothing(tmp_path: Path) -> None:
    with RedisServer(tmp_path, "--requirepass", "right") as server, structlog.testing.capture_logs() as logs:
        notifier = RedisNotifier(server.address.replace("//", "//:wrong@"))
        async with subscribed(notifier, connected=False):
            for _ in range(3):
                await notifier.send(("events", "run"))
                await asyncio.sleep(redis_notifications.RETRY_PAUSE_SECONDS)
            assert not notifier.connected
    assert sorted(entry["event"] for entry in logs) == ["notifications_not_received", "notifications_not_sent"]
    assert "wrong" not in str(logs)


async def test_the_right_password_opens(tmp_path: Path) -> None:
    with RedisServer(tmp_path, "--requirepass", "right") as server:
        notifier = RedisNotifier(server.address.replace("//", "//:right@"))
        async with subscribed(notifier) as received:
            await notifier.send(("events", "run"))
            await eventually(lambda: received == [("events", "run")])


async def test_the_stream_keeps_so_many_entries_and_hardly_more(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_notifications, "MAX_STREAM_ENTRIES", 200)
    async with sending(redis.address) as notifier, Redis.from_url(redis.address) as client:
        for _ in range(1000):
            await notifier.send(("events", "run"))
        assert 200 <= await client.xlen(STREAM) <= 400


async def test_foreign_entries_of_the_stream_are_ignored(redis: RedisServer) -> None:
    notifier = RedisNotifier(redis.address)
    async with subscribed(notifier) as received, Redis.from_url(redis.address) as client:
        await client.xadd(STREAM, {b"kind": b"\xff\xfe", b"else": b""})
        await notifier.send(("events", "run"))
        await eventually(lambda: ("events", "run") in received)
    assert received == [("events", "run")]


async def test_a_key_of_another_kind_in_place_of_the_stream_raises_nothing(redis: RedisServer) -> None:
    notifier = RedisNotifier(redis.address)
    async with Redis.from_url(redis.address) as client:
        await client.set(STREAM, "something else")
        async with subscribed(notifier, connected=False) as received:
            await notifier.send(("events", "run"))
            await client.delete(STREAM)
            await eventually(lambda: notifier.connected)
            await asyncio.sleep(redis_notifications.RETRY_PAUSE_SECONDS * 2)
            await notifier.send(("events", "run"))
            await eventually(lambda: bool(received))


async def test_a_stream_that_is_emptied_while_a_process_listens_is_received_on(redis: RedisServer) -> None:
    notifier = RedisNotifier(redis.address)
    async with subscribed(notifier) as received, Redis.from_url(redis.address) as client:
        for number in range(3):
            await notifier.send(("events", str(number)))
            await eventually(lambda: len(received) == number + 1)  # noqa: B023
            await client.flushall()
            await asyncio.sleep(0.01)  # the ids of an empty stream begin anew with each millisecond


async def test_a_server_that_answers_no_more_counts_as_away_until_it_does(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_notifications, "BLOCK_SECONDS", 0.1)
    monkeypatch.setattr(redis_notifications, "RESPONSE_TIMEOUT_SECONDS", 0.5)
    notifier = RedisNotifier(redis.address)
    async with subscribed(notifier) as received:
        with redis.frozen():
            await eventually(lambda: not notifier.connected)
        await eventually(lambda: notifier.connected)
        await notifier.send(("events", "run"))
        await eventually(lambda: received == [("events", "run")])


async def test_a_subscription_can_be_cancelled_at_any_time(redis: RedisServer) -> None:
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
def test_a_wrong_address_is_an_error_that_does_not_quote_it(address: str) -> None:
    with pytest.raises(ConfigurationError, match="REDIS_URL") as refused:
        RedisNotifier(address)
    assert "pass-word" not in refused.value.message
