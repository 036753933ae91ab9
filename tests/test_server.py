"""The server listens as configured, names its version, and tunes the interpreter."""

import gc
import select
import socket
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from graph.errors import ConfigurationError
from graph.settings import Settings
from graph.web.service import Service
from server import GC_THRESHOLD, TCP_USER_TIMEOUT_MS, THREAD_SWITCH_SECONDS, create_app, listen, tune_interpreter

ROOT = Path(__file__).parent.parent


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with listen(Settings(port=0)) as opened:
        yield opened


def connected(listener: socket.socket) -> tuple[socket.socket, socket.socket]:
    """The server's and the client's end of a connection."""
    client = socket.create_connection(listener.getsockname())
    accepted, _ = listener.accept()
    return accepted, client


def send_for(seconds: float, connection: socket.socket) -> None:
    """Send whenever there is room."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if select.select([], [connection], [], 0.05)[1]:
            connection.send(b"x" * 65_536)


def test_connections_send_at_once_and_drop_silent_clients(listener: socket.socket) -> None:
    accepted, client = connected(listener)
    with accepted, client:
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == TCP_USER_TIMEOUT_MS


def test_a_client_that_stops_reading_is_disconnected_by_the_kernel(listener: socket.socket) -> None:
    """The timeout is shorter than the server's."""
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 500)
    accepted, client = connected(listener)
    with accepted, client:
        accepted.setblocking(False)
        with pytest.raises((TimeoutError, ConnectionResetError, BrokenPipeError)):
            send_for(20, accepted)


def test_a_port_in_use_stops_the_start(listener: socket.socket) -> None:
    with pytest.raises(ConfigurationError, match="set HOST or PORT"):
        listen(Settings(port=listener.getsockname()[1]))


def test_the_documentation_names_the_version_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert create_app(cast(Service, None)).version == project["version"]
    assert project["version"] not in (ROOT / "server.py").read_text("utf-8")


@pytest.fixture
def interpreter() -> Iterator[None]:
    """Restores the settings of the interpreter."""
    threshold, interval = gc.get_threshold(), sys.getswitchinterval()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("interpreter")
def test_loaded_objects_are_frozen_and_garbage_is_collected_less_often() -> None:
    tune_interpreter()
    assert gc.get_threshold()[0] == GC_THRESHOLD
    assert gc.get_freeze_count() > 0
    assert sys.getswitchinterval() == pytest.approx(THREAD_SWITCH_SECONDS)
