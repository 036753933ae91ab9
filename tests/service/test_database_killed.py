"""The embedded database is killed; the process that started it brings it back, and no turn is lost."""

import os
import signal
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.clients import Answer, Client, events_of
from tests.support.fakes.scripted_model import ScriptedModel
from tests.support.servers import Server, running

WORDS = "one two three four five six seven eight"
BACK_SECONDS = 5.0


def started(data: Path, model: ScriptedModel) -> Generator[Server]:
    environment = {"OPENAI_BASE_URL": model.address, "RATE_LIMIT_PER_MINUTE": "1000", "LEASE_SECONDS": "3"}
    with running(data, environment) as server:
        yield server


@pytest.fixture(scope="module")
def frail(tmp_path_factory: pytest.TempPathFactory, scripted_model: ScriptedModel) -> Iterator[Server]:
    """A server whose database is killed."""
    yield from started(tmp_path_factory.mktemp("killed") / "data", scripted_model)


@pytest.fixture
def client(frail: Server) -> Iterator[Client]:
    with frail.client() as user:
        yield user


def kill_database(server: Server) -> float:
    """When that was."""
    os.kill(int((server.data / "postgres" / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    return time.monotonic()


def until_ready(server: Server, since: float) -> float:
    """Seconds until the server called itself ready, after it had noticed that its database is gone."""
    while (took := time.monotonic() - since) < 4 * BACK_SECONDS:
        if "postgres_restarted" in server.log.read_text() and httpx.get(f"{server.address}/ready").status_code == 200:
            break
        time.sleep(0.05)
    return took


def test_a_turn_during_which_the_database_is_killed_is_answered_and_stored(frail: Server, client: Client) -> None:
    with client.stream("POST", "/api/chat", json={"message": f"[[slow 0.1]] [[say {WORDS}]]"}) as response:
        frames = events_of(response)
        seen = [next(frames) for _ in range(3)]
        killed = kill_database(frail)
        answer = Answer([*seen, *frames])
    assert until_ready(frail, killed) < BACK_SECONDS
    assert (answer.text, answer.last["type"]) == (WORDS, "done")
    assert client.follow(answer.run).frames == answer.frames
    history = client.get(f"/api/sessions/{answer.session}/messages").json()["items"]
    assert [message["content"] for message in history if message["role"] == "assistant"] == [WORDS]
    assert client.ask("Are you back?", session_id=answer.session).last["status"] == "complete"
    assert {"postgres_exited", "postgres_restarted"} <= {event_of(line) for line in frail.log.read_text().splitlines()}


def event_of(line: str) -> str:
    return line.partition('"event": "')[2].partition('"')[0]


def test_a_database_that_cannot_be_started_again_ends_the_server_with_its_reason(
    tmp_path: Path, scripted_model: ScriptedModel
) -> None:
    servers = started(tmp_path / "data", scripted_model)
    server = next(servers)
    control = server.data / "postgres" / "data" / "global" / "pg_control"
    control.rename(control.with_name("elsewhere"))
    kill_database(server)
    assert server.process.wait(30) == 1
    assert "run: PostgreSQL does not run" in server.log.read_text()
    assert "Traceback" not in server.log.read_text()
    servers.close()
