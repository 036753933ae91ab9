"""The whole service as a process of its own, spoken to over HTTP, as its users do."""

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row

from graph.adapters.auth.local_issuer import LocalIssuer
from graph.adapters.postgres.embedded import EmbeddedPostgres
from tests.support.fakes.scripted_model import ScriptedModel
from tests.support.prepared_data import begin

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 60


@dataclass
class Server:
    """A running server, its data directory and its log."""

    process: "subprocess.Popen[str]"
    data: Path
    address: str
    log: Path
    issuer: LocalIssuer = field(init=False)

    def __post_init__(self) -> None:
        self.issuer = LocalIssuer(self.data / "issuer.pem")

    def token(self, user: str, seconds: int = 600, **claims: object) -> str:
        return self.issuer.sign(user, seconds, **claims)

    def client(self, user: str | None = None) -> "Client":
        """Somebody who talks to it; a new user unless one is named."""
        return Client(self, user or str(uuid.uuid4()))

    def admin_url(self) -> str:
        return EmbeddedPostgres(self.data / "postgres", lambda line: None).admin_url("chat")

    def sql(self, query: str, *values: object) -> list[dict[str, Any]]:
        """Rows as the administrator sees them."""
        with psycopg.connect(self.admin_url(), autocommit=True, row_factory=dict_row) as connection:
            cursor = connection.execute(query.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def stop(self, how: int = signal.SIGTERM) -> None:
        self.process.send_signal(how)
        self.process.wait(PATIENCE)


class Client(httpx.Client):
    """A signed-in user."""

    def __init__(self, server: Server, user: str) -> None:
        headers = {"Authorization": f"Bearer {server.token(user)}"}
        super().__init__(base_url=server.address, headers=headers, timeout=PATIENCE)
        self.user = user

    def ask(self, message: str, **fields: Any) -> "Answer":
        """Send a message and read its stream to the end."""
        headers = fields.pop("headers", {})
        with self.stream("POST", "/api/chat", json={"message": message, **fields}, headers=headers) as response:
            if response.status_code != 200:
                response.read()
                raise AssertionError(f"{response.status_code} {response.text}")
            return Answer(list(events_of(response)))

    def follow(self, run_id: str, last_event_id: str | None = None) -> "Answer":
        headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
        with self.stream("GET", f"/api/runs/{run_id}/events", headers=headers) as response:
            assert response.status_code == 200
            return Answer(list(events_of(response)))


Frame = tuple[str, dict[str, Any]]


@dataclass
class Answer:
    """A stream that was read: the ids and the events."""

    frames: list[Frame]

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for _, event in self.frames]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == kind]

    @property
    def text(self) -> str:
        return "".join(event["content"] for event in self.of("text"))

    @property
    def session(self) -> str:
        return str(self.events[0]["session_id"])

    @property
    def run(self) -> str:
        return self.frames[0][0].partition(":")[0]

    @property
    def last(self) -> dict[str, Any]:
        return self.events[-1]


def events_of(response: httpx.Response) -> Iterator[Frame]:
    """The frames of a stream as they come."""
    event_id = ""
    for line in response.iter_lines():
        if line.startswith("id: "):
            event_id = line.removeprefix("id: ")
        elif line.startswith("data: "):
            yield event_id, json.loads(line.removeprefix("data: "))


@contextmanager
def running(data: Path, environment: Mapping[str, str], command: Sequence[str] = ("graph", "run")) -> Iterator[Server]:
    """Start a server on a free port; stop it and what it started at the end. `command` is the module that runs it."""
    begin(data)
    log = data / "server.log"
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("OPENAI", "SUPABASE", "DATABASE"))
    }
    with log.open("a") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env={**inherited, "DATA_DIR": str(data), "PORT": "0", **environment},
            stdout=subprocess.PIPE,
            stderr=stream,
            text=True,
        )
    try:
        assert process.stdout is not None
        heard = []
        for line in process.stdout:
            heard.append(line)
            if line.startswith("listening on "):
                yield Server(process, data, line.split()[2], log)
                return
        raise AssertionError("".join(heard) + log.read_text())
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(PATIENCE)
        if process.stdout:
            process.stdout.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the offline model."""
    with running(tmp_path_factory.mktemp("offline") / "data", {"RATE_LIMIT_PER_MINUTE": "1000"}) as started:
        yield started


@pytest.fixture(scope="session")
def scripted_model() -> Iterator[ScriptedModel]:
    with ScriptedModel().serving() as model:
        yield model


@pytest.fixture(scope="session")
def scripted(tmp_path_factory: pytest.TempPathFactory, scripted_model: ScriptedModel) -> Iterator[Server]:
    """A server whose model does what the message tells it to."""
    environment = {
        "OPENAI_BASE_URL": scripted_model.address,
        "RATE_LIMIT_PER_MINUTE": "1000",
        "MODEL_FIRST_TOKEN_SECONDS": "2",
        "LEASE_SECONDS": "3",
    }
    with running(tmp_path_factory.mktemp("scripted") / "data", environment) as started:
        yield started


@pytest.fixture
def user(server: Server) -> Iterator[Client]:
    with server.client() as client:
        yield client


@pytest.fixture
def scripted_user(scripted: Server) -> Iterator[Client]:
    with scripted.client() as client:
        yield client


Stranger = Callable[[], Client]
