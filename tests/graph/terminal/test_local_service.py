"""The service on this machine is found, waited for, or started."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from graph.errors import ConfigurationError
from graph.settings import Settings
from graph.terminal.local_service import configured_address, failure, is_answering


class Page(BaseHTTPRequestHandler):
    """Answers every request with the page of some other program."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>")

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),  # noqa: S104 - asked for, not listened on
        ("::", "http://[::1]:8000"),
        ("chat.example", "http://chat.example:8000"),
    ],
)
def test_an_address_that_stands_for_all_is_reached_by_loopback(host: str, address: str) -> None:
    assert configured_address(Settings(host=host, port=8000)) == address


def test_where_nothing_listens_nothing_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert not is_answering(f"http://127.0.0.1:{port}", lambda line: None)


def test_another_program_at_the_address_is_reported() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as other:
        thread = threading.Thread(target=other.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            with pytest.raises(ConfigurationError, match=r"Another program listens at .*: set PORT"):
                is_answering(f"http://127.0.0.1:{other.server_address[1]}", lambda line: None)
        finally:
            other.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("log", "message"),
    [
        ("{}\nrun: DATABASE_URL is wrong.\n", "The service cannot start: DATABASE_URL is wrong."),
        ("", "its log is "),
        ("killed\n", "its log is "),
    ],
)
def test_a_service_that_does_not_start_says_why_or_where_its_log_is(tmp_path: Path, log: str, message: str) -> None:
    file = tmp_path / "log"
    file.write_text(log)
    assert message in failure(file)
