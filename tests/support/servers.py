"""The whole service as a process of its own, on a free port and with a data directory of its own."""

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import psycopg
from psycopg.rows import dict_row

from graph.adapters.auth.local_issuer import LocalIssuer
from graph.adapters.postgres.embedded import EmbeddedPostgres
from tests.support.clients import PATIENCE, Client
from tests.support.forked_process import ForkedProcess
from tests.support.prepared_data import copy_into

ROOT = Path(__file__).parents[2]


@dataclass
class Server:
    """A running server, its data directory and its log."""

    process: "ForkedProcess | subprocess.Popen[str]"
    data: Path
    address: str
    log: Path
    issuer: LocalIssuer = field(init=False)

    def __post_init__(self) -> None:
        self.issuer = LocalIssuer(self.data / "issuer.pem")

    def token(self, user: str, seconds: int = 600, **claims: object) -> str:
        return self.issuer.sign(user, seconds, **claims)

    def client(self, user: str | None = None) -> Client:
        """A client of this user, or of a new one."""
        user = user or str(uuid.uuid4())
        return Client(self.address, user, self.token(user))

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


@contextmanager
def running(
    data: Path, environment: Mapping[str, str], command: Sequence[str] = ("graph", "run"), *, preloaded: bool = True
) -> Iterator[Server]:
    """Start a server on a free port; stop it and what it started at the end.

    Args:
        data: its data directory; filled as by a first start if it is empty.
        environment: its settings.
        command: the module that runs it, and its arguments.
        preloaded: start from a process that has imported the service, rather than from the command line.
    """
    copy_into(data)
    log = data / "server.log"
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("OPENAI", "SUPABASE", "DATABASE"))
    }
    with log.open("a") as stream:
        whole = {**inherited, "DATA_DIR": str(data), "PORT": "0", **environment}
        process = (ForkedProcess if preloaded else started)(command, ROOT, whole, stream)
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


def started(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], stderr: TextIO
) -> "subprocess.Popen[str]":
    """A process as the command line starts it."""
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )
