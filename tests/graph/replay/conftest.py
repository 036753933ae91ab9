"""Replays reach nothing: sockets are closed to them."""

from collections.abc import Iterator

import pytest
import pytest_socket

from graph.replay.play import Checkout, current_checkout


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return current_checkout(tmp_path_factory.mktemp("tokenizer"))


@pytest.fixture
def no_network() -> Iterator[None]:
    """Any socket but the event loop's own pair is refused."""
    pytest_socket.disable_socket(allow_unix_socket=True)
    yield
    pytest_socket.enable_socket()
