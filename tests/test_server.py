"""The listening socket."""

import select
import socket
import time
from collections.abc import Iterator

import pytest

from graph.errors import ConfigurationError
from graph.settings import Settings
from server import SILENCE_MS, listen


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


def test_connections_send_at_once_and_give_silent_peers_up(listener: socket.socket) -> None:
    accepted, client = connected(listener)
    with accepted, client:
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == SILENCE_MS


def test_a_peer_that_reads_nothing_any_more_is_disconnected_by_the_kernel(listener: socket.socket) -> None:
    """With a shorter time than the server's."""
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 500)
    accepted, client = connected(listener)
    with accepted, client:
        accepted.setblocking(False)
        with pytest.raises((TimeoutError, ConnectionResetError, BrokenPipeError)):
            send_for(20, accepted)


def test_an_address_that_is_taken_stops_the_start(listener: socket.socket) -> None:
    with pytest.raises(ConfigurationError, match="set HOST or PORT"):
        listen(Settings(port=listener.getsockname()[1]))
