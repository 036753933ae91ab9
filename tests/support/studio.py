"""Starts LangGraph Studio's server with the command of `make studio`, in its own folder and on a free port."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg

from graph.adapters.postgres.embedded import EmbeddedPostgres
from tests.support.prepared_data import copy_into
from tests.support.tcp import free_port

ROOT = Path(__file__).parents[2]
RECORDINGS = ROOT / "tests" / "recordings"
TIMEOUT_SECONDS = 60


@dataclass
class Studio:
    """A running server."""

    process: "subprocess.Popen[bytes]"
    folder: Path
    address: str = ""

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text("utf-8")

    def sql(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows as the administrator of the database sees them."""
        cluster = EmbeddedPostgres(self.folder / "data" / "postgres", lambda line: None)
        with psycopg.connect(cluster.admin_url("chat"), autocommit=True) as connection:
            cursor = connection.execute(query.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(TIMEOUT_SECONDS)


@contextmanager
def studio_server(folder: Path, recording: Path | None = None) -> Iterator[Studio]:
    """Start the server, on a recorded turn if one is given; at the end stop it and its child processes."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OPENAI", "SUPABASE", "DATABASE", "STUDIO_RECORDING", "RECORDING", "MAKE", "MFLAGS"))
    }
    if recording is None:
        copy_into(folder / "data")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["sh", "-c", make_command(inherited, recording)],
            cwd=folder,  # the server keeps its local store in its working directory
            env={**inherited, "DATA_DIR": str(folder / "data"), "LOG_COLOR": "false"},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    studio = Studio(process, folder)
    try:
        wait_for(studio)
        yield studio
    finally:
        if process.poll() is None:
            studio.interrupt()


def make_command(environment: dict[str, str], recording: Path | None) -> str:
    """The command of `make studio`, with this interpreter and a free port."""
    arguments = f"ARGS=--config '{ROOT / 'langgraph.json'}' --port {free_port()}"
    target = ["studio", f"BIN='{Path(sys.executable).parent}'", f"RECORDING={recording or ''}", arguments]
    output = subprocess.run(
        ["make", "-n", "-o", ".venv/.installed-dev", *target],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return output.stdout.splitlines()[-1]


def wait_for(studio: Studio) -> None:
    """Wait until the server answers. Its log names the port: it takes another one if the chosen one is in use."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while studio.process.poll() is None and time.monotonic() < deadline:
        match = re.search(r"API: \S*?(http://127\.0\.0\.1:\d+)", studio.log)
        if match and answers(match[1]):
            studio.address = match[1]
            return
        time.sleep(0.1)
    raise AssertionError(studio.log)


def answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/ok").is_success
    except httpx.TransportError:
        return False
