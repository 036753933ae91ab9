"""More work than a process can do, or will do any more, is refused at once; what was accepted goes on."""

import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.clients import Answer, Client, events_of
from tests.support.fakes.scripted_model import ScriptedModel
from tests.support.servers import Server, running
from tests.support.waiting import wait_until

WORDS = " ".join(f"word{number}" for number in range(30))
SLOW = f"[[slow 0.05]] [[say {WORDS}]]"


@pytest.fixture
def small(tmp_path: Path, scripted_model: ScriptedModel) -> Iterator[Server]:
    """A server that gives two answers at once."""
    environment = {
        "OPENAI_BASE_URL": scripted_model.address,
        "MAX_ACTIVE_RUNS": "2",
        "RATE_LIMIT_PER_MINUTE": "1000",
        "SHUTDOWN_GRACE_SECONDS": "1",
    }
    with running(tmp_path / "data", environment) as started:
        yield started


def begin(client: Client) -> Answer:
    with client.stream("POST", "/api/chat", json={"message": SLOW}) as response:
        frames = events_of(response)
        return Answer([next(frames) for _ in range(2)])


def refusal(response: httpx.Response) -> tuple[int, str, bool]:
    return response.status_code, response.json()["error"]["code"], "Retry-After" in response.headers


def test_what_is_too_much_is_refused_and_the_accepted_turns_go_on(small: Server) -> None:
    with small.client() as client:
        begun = [begin(client) for _ in range(2)]
        assert refusal(client.post("/api/chat", json={"message": "Hello"})) == (503, "overloaded", True)
        assert client.get("/ready").status_code == 200
        assert client.get("/api/sessions").status_code == 200
        assert [client.follow(answer.run).text for answer in begun] == [WORDS] * 2
        assert client.ask("[[say again]]").text == "again"


def test_who_is_told_to_stop_says_so_before_it_does(small: Server) -> None:
    """The probe turns first, new turns are refused, the running one streams on; what is left after a while is given away."""
    with small.client() as client, small.client() as other:
        with client.stream("POST", "/api/chat", json={"message": SLOW}) as response:
            frames = events_of(response)
            next(frames)
            small.process.send_signal(signal.SIGTERM)
            wait_until(lambda: other.get("/ready").status_code == 503)
            assert other.get("/ready").json()["accepting"] is False
            assert refusal(other.post("/api/chat", json={"message": "Hello"})) == (503, "unavailable", True)
            seen = Answer(list(frames))
        assert seen.of("text")
        assert not seen.of("done")
        assert small.process.wait(15) == 0
