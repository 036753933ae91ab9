"""The service on this machine: the running one, or one that is started for the chat and ended with it."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from graph.errors import ConfigurationError
from graph.settings import Settings

LOG_NAME = "chat-service.log"
LISTENING = "listening on "
"""The line of `make run` that names the address begins so."""
PROBE_SECONDS = 2.0
START_SECONDS = 180.0
"""How long a service that holds its port may take until it answers."""
END_SECONDS = 20.0
EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - compared with, not listened on
FAILED_START = "run: "
"""The last line of a service that cannot start begins so."""


def configured_address(settings: Settings) -> str:
    """The address at which this machine reaches the service of these settings."""
    host = EVERY_ADDRESS.get(settings.host, settings.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


@contextmanager
def local_service(settings: Settings, progress: Callable[[str], None]) -> Iterator[str]:
    """The address of a service that answers. `progress` gets what is being waited for.

    Raises:
        ConfigurationError: the service cannot start, or another program has its port.
    """
    address = configured_address(settings)
    if settings.port and is_answering(address, progress):
        yield address
        return
    with started_service(settings.data_dir / LOG_NAME, progress) as started:
        yield started if settings.port == 0 else address


def is_answering(address: str, progress: Callable[[str], None]) -> bool:
    """Whether the service listens there; a service that is starting is waited for.

    Raises:
        ConfigurationError: another program listens there, or the service does not get ready.
    """
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        try:
            response = httpx.get(f"{address}/health", timeout=PROBE_SECONDS)
        except httpx.ConnectError:
            return False
        except httpx.ReadTimeout:
            progress(f"waiting for the service at {address}")
        except httpx.HTTPError:
            break
        else:
            if is_health(response):
                return True
            break
    else:
        raise ConfigurationError(f"The service at {address} does not answer: look at its log, or start it again.")
    raise ConfigurationError(
        f"Another program listens at {address}: set PORT to a free port, or name the service with --url."
    )


def is_health(response: httpx.Response) -> bool:
    """Whether a response of `/health` is the service's."""
    try:
        return response.status_code == 200 and response.json() == {"status": "ok"}
    except ValueError:
        return False


@contextmanager
def started_service(log: Path, progress: Callable[[str], None]) -> Iterator[str]:
    """Start the service as a child process, yield its address, and end it.

    It has a session of its own, so that Ctrl-C in the terminal does not reach it.

    Raises:
        ConfigurationError: it does not start; the message says why, or names its log.
    """
    try:
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        stream = os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w")
    except OSError as error:
        raise ConfigurationError(f"DATA_DIR cannot be written to ({error.strerror}): set another one.") from None
    progress("starting the service")
    with (
        stream,
        subprocess.Popen(
            [sys.executable, "-u", "-m", "graph", "run"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stream,
            text=True,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield read_address(process, log, progress)
        finally:
            progress("ending the service")
            end_process(process)


def read_address(process: "subprocess.Popen[str]", log: Path, progress: Callable[[str], None]) -> str:
    """The address that the service prints when it is ready."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(LISTENING):
            return line.removeprefix(LISTENING).split()[0]
        progress(line.strip())
    process.wait()
    raise ConfigurationError(failure(log))


def failure(log: Path) -> str:
    """Why the service ended, by the last line of its log."""
    *_, last = log.read_text("utf-8", errors="replace").splitlines() or [""]
    if last.startswith(FAILED_START):
        return f"The service cannot start: {last.removeprefix(FAILED_START)}"
    return f"The service ended before it was ready; its log is {log}"


def end_process(process: "subprocess.Popen[str]") -> None:
    """Let the service end its runs; kill it if it takes too long."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
