"""Two processes that tell each other of runs through Redis: faster than by looking, and no worse without it."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.clients import Answer, Client, Frame, events_of
from tests.support.fakes.scripted_model import ScriptedModel
from tests.support.redis_server import RedisServer
from tests.support.servers import running
from tests.support.tcp import free_port
from tests.support.two_servers import TwoServers, two_servers

WORDS = " ".join(f"word{number}" for number in range(40))
SLOW = f"[[slow 0.05]] [[say {WORDS}]]"
ENDLESS = "[[slow 0.05]] [[say " + "word " * 400 + "]]"


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as started:
        yield started


@pytest.fixture(scope="module")
def pair(
    redis: RedisServer, tmp_path_factory: pytest.TempPathFactory, scripted_model: ScriptedModel
) -> Iterator[TwoServers]:
    environment = {
        "OPENAI_BASE_URL": scripted_model.address,
        "RATE_LIMIT_PER_MINUTE": "1000",
        "REDIS_URL": redis.address,
    }
    with two_servers(tmp_path_factory.mktemp("pair"), environment) as started:
        yield started


@pytest.fixture
def here(pair: TwoServers) -> Iterator[Client]:
    """A user at one process."""
    first, _ = pair.servers.values()
    with first.client() as user:
        yield user


@pytest.fixture
def there(pair: TwoServers, here: Client) -> Iterator[Client]:
    """The same user at the other."""
    _, second = pair.servers.values()
    with second.client(here.user) as user:
        yield user


def times_of_words(client: Client, run: str) -> dict[str, float]:
    """When each text event of a run came, by its id."""
    times: dict[str, float] = {}
    with client.stream("GET", f"/api/runs/{run}/events") as response:
        for event_id, event in events_of(response):
            if event["type"] == "text":
                times[event_id] = time.monotonic()
    return times


def begin(client: Client, message: str) -> Answer:
    """Send a message and leave when the first word has come."""
    seen: list[Frame] = []
    with client.stream("POST", "/api/chat", json={"message": message}) as response:
        for frame in events_of(response):
            seen.append(frame)
            if frame[1]["type"] == "text":
                break
    return Answer(seen)


def test_the_other_process_passes_words_on_soon_after_they_are_said(here: Client, there: Client) -> None:
    """Without news it would look every two seconds, being connected."""
    run = begin(here, SLOW).run
    with ThreadPoolExecutor(2) as pool:
        said, passed_on = pool.map(times_of_words, [here, there], [run, run])
    assert list(said) == list(passed_on)
    late = sorted(passed_on[event_id] - said[event_id] for event_id in said)
    assert late[len(late) // 2] < 0.7
    assert late[-1] < 1.5


def test_a_stop_reaches_the_other_process_within_a_second(here: Client, there: Client) -> None:
    run = begin(here, ENDLESS).run
    began = time.monotonic()
    assert there.post(f"/api/runs/{run}/stop").status_code == 202
    assert here.follow(run).last["status"] == "stopped"
    assert time.monotonic() - began < 1


def test_when_redis_goes_away_and_comes_back_streams_and_stops_go_on(
    redis: RedisServer, here: Client, there: Client
) -> None:
    run = begin(here, SLOW).run
    redis.kill()
    try:
        answer = there.follow(run)
        assert (answer.text, answer.last["status"]) == (WORDS, "complete")
        run = begin(here, ENDLESS).run
        assert there.post(f"/api/runs/{run}/stop").status_code == 202
        began = time.monotonic()
        assert here.follow(run).last["status"] == "stopped"
        assert time.monotonic() - began < 2
    finally:
        redis.start()
    answer = there.follow(begin(here, SLOW).run)
    assert (answer.text, answer.last["status"]) == (WORDS, "complete")


def test_neither_text_nor_owner_of_a_run_is_told_to_redis(redis: RedisServer, here: Client) -> None:
    here.ask("A heliotrope secret")
    entries = raw_stream(redis)
    assert b"events" in entries
    assert b"heliotrope" not in entries
    assert here.user.encode() not in entries


def raw_stream(redis: RedisServer) -> bytes:
    """All that the stream holds, as it is on the wire."""
    with socket.create_connection(("127.0.0.1", redis.port), timeout=5) as connection:
        connection.sendall(b"XRANGE chat:runs - +\r\nQUIT\r\n")
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_process_starts_without_the_redis_that_it_is_told_of(pair: TwoServers, tmp_path: Path) -> None:
    """It would only be faster with it."""
    environment = {**pair.environment, "REDIS_URL": f"redis://:a-password@127.0.0.1:{free_port()}"}
    with running(tmp_path, environment) as server, server.client() as client:
        assert client.ask(SLOW).text == WORDS
    said = server.log.read_text()
    assert said.count("notifications_not_received") == said.count("notifications_not_sent") == 1
    assert "a-password" not in said


def test_a_process_does_not_start_with_an_address_that_is_none(pair: TwoServers, tmp_path: Path) -> None:
    environment = {**pair.environment, "REDIS_URL": "127.0.0.1:6379"}
    with pytest.raises(AssertionError, match="REDIS_URL is not a valid Redis URL"), running(tmp_path, environment):
        pass
