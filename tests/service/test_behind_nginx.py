"""Two processes behind nginx serve one session's stream, whichever of them dies.

The client does what browsers do with a stream that breaks: it connects again and says what it has seen last.
"""

import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.support.clients import Client, Frame, events_of
from tests.support.fakes.scripted_model import ScriptedModel
from tests.support.two_servers import TwoServers, nginx, nginx_program, two_servers

LEASE_SECONDS = 2
GRACE_SECONDS = 0.5
TAKEN_OVER_SECONDS = 5
"""Within so many seconds of its lease's end a run that lost its process has another one."""

WORDS = " ".join(f"word{number}" for number in range(50))
SLOW = f"[[slow 0.05]] [[say {WORDS}]]"
ANSWER_SECONDS = 2.5


@pytest.fixture(scope="module")
def program() -> str:
    return nginx_program()


@pytest.fixture(scope="module")
def pair(program: str, tmp_path_factory: pytest.TempPathFactory, scripted_model: ScriptedModel) -> Iterator[TwoServers]:
    environment = {
        "OPENAI_BASE_URL": scripted_model.address,
        "RATE_LIMIT_PER_MINUTE": "1000",
        "LEASE_SECONDS": str(LEASE_SECONDS),
        "SHUTDOWN_GRACE_SECONDS": str(GRACE_SECONDS),
    }
    with two_servers(tmp_path_factory.mktemp("pair"), environment) as started:
        yield started


@pytest.fixture(scope="module")
def front(program: str, pair: TwoServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of nginx."""
    with nginx(program, tmp_path_factory.mktemp("nginx"), list(pair.servers)) as address:
        yield address


@pytest.fixture
def both(pair: TwoServers) -> TwoServers:
    """Both processes run, whatever the test before has done."""
    pair.revive()
    return pair


@pytest.fixture
def client(both: TwoServers, front: str) -> Iterator[Client]:
    with both.client(front) as user:
        yield user


@dataclass
class Viewer:
    """Follows a run as a page does that shows it."""

    client: Client
    frames: list[Frame] = field(default_factory=list)
    """All events that came, with their ids."""
    served_by: list[str] = field(default_factory=list)
    """The process behind each of its connections."""

    @property
    def kinds(self) -> list[str]:
        return [event["type"] for _, event in self.frames]

    @property
    def shown(self) -> str:
        """The text on the page."""
        text = ""
        for _, event in self.frames:
            if event["type"] == "text":
                text += event["content"]
            elif event["type"] == "restart":
                text = ""
        return text

    @property
    def over(self) -> bool:
        return bool(self.frames) and self.kinds[-1] in ("done", "error")

    @property
    def run(self) -> str:
        return str(self.frames[0][1]["run_id"])

    def ask(self, message: str, **fields: Any) -> Iterator[Frame]:
        """Send a message and show what comes, until the connection breaks."""
        with self.client.stream("POST", "/api/chat", json={"message": message, **fields}) as response:
            yield from self._watch(response)

    def follow(self) -> Iterator[Frame]:
        """Connect again and show what comes, until the connection breaks."""
        headers = {"Last-Event-ID": self.frames[-1][0]}
        with self.client.stream("GET", f"/api/runs/{self.run}/events", headers=headers) as response:
            yield from self._watch(response)

    def _watch(self, response: httpx.Response) -> Iterator[Frame]:
        assert response.status_code == 200
        self.served_by.append(response.headers["X-Served-By"].split(", ")[-1])
        try:
            for frame in events_of(response):
                self.frames.append(frame)
                yield frame
        except httpx.RemoteProtocolError:
            return

    def follow_to_the_end(self) -> None:
        while not self.over:
            for _ in self.follow():
                pass

    def watch_until(self, word: str, frames: Iterator[Frame]) -> None:
        """Show what comes until a word is there; the connection stays open."""
        for _ in frames:
            if word in self.shown:
                return
        raise AssertionError(f"the stream ended before {word}: {self.frames}")


@pytest.fixture
def viewer(client: Client) -> Viewer:
    return Viewer(client)


def check_whole(viewer: Viewer) -> None:
    """The answer is on the page, in the log and in the history, once each."""
    assert viewer.shown == WORDS
    assert (viewer.kinds.count("done"), viewer.kinds.count("error")) == (1, 0)
    assert viewer.frames[-1][1]["status"] == "complete"
    again = Viewer(viewer.client)
    again.frames = viewer.client.follow(viewer.run).frames
    assert again.shown == WORDS
    session = viewer.frames[0][1]["session_id"]
    history = viewer.client.get(f"/api/sessions/{session}/messages").json()["items"]
    assert [(item["role"], item["content"]) for item in history] == [("user", SLOW), ("assistant", WORDS)]


def check_unbroken(viewer: Viewer) -> None:
    """All events came, each once and in order, and none was made again."""
    numbers = [int(event_id.rpartition(":")[2]) for event_id, _ in viewer.frames]
    assert numbers == list(range(1, len(numbers) + 1))


def test_words_come_through_nginx_one_by_one(viewer: Viewer) -> None:
    came = [time.monotonic() for _, event in viewer.ask(SLOW) if event["type"] == "text"]
    assert viewer.shown == WORDS
    assert len(came) > 20
    assert came[-1] - came[0] > ANSWER_SECONDS / 2


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_when_the_process_that_answers_ends_the_other_one_goes_on(
    end: signal.Signals, viewer: Viewer, both: TwoServers
) -> None:
    frames = viewer.ask(SLOW)
    viewer.watch_until("word9 ", frames)
    [answering] = viewer.served_by
    both.servers[answering].process.send_signal(end)
    ended = time.monotonic()
    for _ in frames:
        pass
    viewer.follow_to_the_end()
    took = time.monotonic() - ended
    assert viewer.served_by[-1] == both.other(answering)
    check_whole(viewer)
    waited = LEASE_SECONDS if end == signal.SIGKILL else GRACE_SECONDS
    assert took < waited + TAKEN_OVER_SECONDS + ANSWER_SECONDS
    assert viewer.client.ask("And now?", session_id=viewer.frames[0][1]["session_id"]).last["status"] == "complete"


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_when_the_other_process_ends_nobody_notices(end: signal.Signals, viewer: Viewer, both: TwoServers) -> None:
    frames = viewer.ask(SLOW)
    viewer.watch_until("word9 ", frames)
    [answering] = viewer.served_by
    both.servers[both.other(answering)].process.send_signal(end)
    for _ in frames:
        pass
    assert viewer.served_by == [answering]
    check_whole(viewer)
    check_unbroken(viewer)


def follow_at(address: str, viewer: Viewer) -> Iterator[Frame]:
    """Connect again until it is this process that passes the stream on."""
    for _ in range(10):
        frames = viewer.follow()
        next(frames)
        if viewer.served_by[-1] == address:
            return frames
    raise AssertionError(f"{address} is never asked")


def test_when_the_process_that_passes_the_stream_on_ends_it_goes_on_with_the_next_event(
    viewer: Viewer, both: TwoServers
) -> None:
    viewer.watch_until("word4 ", viewer.ask(SLOW))
    [answering] = viewer.served_by
    passing = both.other(answering)
    frames = follow_at(passing, viewer)
    viewer.watch_until("word14 ", frames)
    both.servers[passing].process.kill()
    for _ in frames:
        pass
    viewer.follow_to_the_end()
    assert viewer.served_by[-1] == answering
    check_whole(viewer)
    check_unbroken(viewer)


def test_after_the_end_of_a_process_each_message_is_answered_by_the_other(client: Client, both: TwoServers) -> None:
    killed = both.servers[next(iter(both.servers))]
    killed.stop(signal.SIGKILL)
    for number in range(4):
        assert client.ask(f"Number {number}").last["status"] == "complete"


def test_while_a_process_ends_each_message_with_a_key_is_answered_once(
    viewer: Viewer, both: TwoServers, scripted_model: ScriptedModel
) -> None:
    """The process that ends refuses messages, and nginx may send those with a key to the other one."""
    frames = viewer.ask(SLOW)
    viewer.watch_until("word4 ", frames)
    [ending] = viewer.served_by
    both.servers[ending].process.send_signal(signal.SIGTERM)
    sent = 0
    while both.servers[ending].process.poll() is None:
        sent += 1
        answer = viewer.client.ask(f"larkspur {sent}!", headers={"Idempotency-Key": f"key {sent}"})
        assert answer.last["status"] == "complete"
        assert len(scripted_model.asked(f"larkspur {sent}!")) == 1
    assert sent > 2
    viewer.follow_to_the_end()
    check_whole(viewer)
