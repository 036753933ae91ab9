"""The HTTP server: its routes, its start and its shutdown."""

import asyncio
import gc
import signal
import socket
import sys
import tomllib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import uvicorn
import uvloop
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from graph.adapters.telemetry.logging import configure_logs
from graph.errors import ConfigurationError
from graph.settings import Settings
from graph.web.errors import install_error_handlers
from graph.web.middleware import BodyLimit, RequestId, UnhandledErrors
from graph.web.routes import approvals, chat, employees, files, health, me, memory, metrics, sessions, usage
from graph.web.schemas import COMMON_ERRORS, error_responses
from graph.web.service import Service
from graph.web.tracing import ContinueTrace
from graph.wiring.catalogue import DEFAULT_CATALOGUE, Catalogue
from graph.wiring.service import open_service

PROJECT = Path(__file__).with_name("pyproject.toml")

MAX_BODY_BYTES = 1_000_000
SHUTDOWN_TIMEOUT_SECONDS = 2
"""How long responses may still be sent after all turns have ended."""
TCP_USER_TIMEOUT_MS = 60_000
"""A client that acknowledges nothing for this long is disconnected."""

GC_THRESHOLD = 20_000
"""Allocations that start a collection of the youngest generation; Python's default is 700."""
THREAD_SWITCH_SECONDS = 0.0005
"""How long a thread keeps the interpreter while another one waits for it; Python's default is 0.005."""

CURL = """
  curl -N ADDRESS/api/chat -H "Authorization: Bearer $(make -s token)" \\
       -H 'Content-Type: application/json' \\
       -d '{"message": "How much did I spend on groceries last month?"}'
"""


def create_app(service: Service, cors_origins: tuple[str, ...] = ()) -> FastAPI:
    """The application that serves `service`, with its middleware."""
    app = FastAPI(
        title="Chat runtime",
        version=read_version(),
        description="Chat with AI employees about your money.",
        responses=error_responses(*COMMON_ERRORS),
    )
    app.state.service = service
    for part in (chat, approvals, sessions, me, memory, usage, files, employees, health, metrics):
        app.include_router(part.router)
    install_error_handlers(app)
    app.add_middleware(BodyLimit, limit=MAX_BODY_BYTES)
    app.add_middleware(ContinueTrace)
    app.add_middleware(UnhandledErrors)
    if cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=cors_origins,
            allow_methods=["*"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", "X-Request-Id"],
            expose_headers=["X-Request-Id", "Retry-After"],
        )
    app.add_middleware(RequestId)
    return app


def read_version() -> str:
    """The project's version, which stands in pyproject.toml only."""
    version: str = tomllib.loads(PROJECT.read_text("utf-8"))["project"]["version"]
    return version


class Server(uvicorn.Server):
    """A uvicorn server that keeps serving after a signal until the running turns have ended."""

    def __init__(self, config: uvicorn.Config, drain: Callable[[], Awaitable[None]]) -> None:
        super().__init__(config)
        self._drain = drain
        self._shutdown: asyncio.Task[None] | None = None

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.begin_shutdown)
        yield

    def begin_shutdown(self) -> None:
        """Drain the running turns, then stop. A second call stops at once."""
        if self._shutdown:
            self.should_exit = True
        else:
            self._shutdown = asyncio.create_task(self._drain_and_exit(), name="drain")

    async def _drain_and_exit(self) -> None:
        try:
            await self._drain()
        finally:
            self.should_exit = True


async def serve(settings: Settings, progress: Callable[[str], None], catalogue: Catalogue = DEFAULT_CATALOGUE) -> None:
    """Start the service, serve until a signal arrives, then stop it. `progress` gets a line for each stage."""
    with listen(settings) as listener:
        async with open_service(settings, progress, catalogue) as service:
            config = uvicorn.Config(
                create_app(service, settings.cors_origins),
                http="h11",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_SECONDS,
            )
            tune_interpreter()
            announce(listener, progress)
            await Server(config, partial(service.runs.drain, settings.shutdown_grace_seconds)).serve(sockets=[listener])
            progress("stopping")


def tune_interpreter() -> None:
    """Collect garbage less often, and hand the interpreter over sooner. Call it when everything long-lived is loaded.

    Measured on 2026-11-29 over 100 turns of the offline model: with Python's thresholds the collector ran 129 times and took 77
    of 3,290 ms of CPU; tuned, it did not run. Freezing keeps the 315,000 objects of the start out of every full collection.

    The switch interval bounds how long the embedder's thread, done with its network, waits for a busy event loop: 0.5 ms
    rather than 5. With 0.1 ms the first text came 6 % sooner for one user and 9 % later for eight (docs/performance.md).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)
    sys.setswitchinterval(THREAD_SWITCH_SECONDS)


def listen(settings: Settings) -> socket.socket:
    """Open the listening socket. It comes before everything slow, so that a wrong address stops the start at once.

    Raises:
        ConfigurationError: the address is taken, or not one of this machine.
    """
    try:
        listener = socket.create_server((settings.host, settings.port), backlog=2048)
        # Connections inherit both options. asyncio sets TCP_NODELAY only on sockets that name their protocol; without it each
        # small event waits up to 40 ms for the client's delayed acknowledgement of the one before.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, TCP_USER_TIMEOUT_MS)
        return listener
    except OSError as error:
        reason = str(error.strerror).partition(" (")[0]  # the rest repeats the address
        raise ConfigurationError(
            f"Cannot listen on port {settings.port} of HOST ({reason}): set HOST or PORT."
        ) from error
    except UnicodeError:
        raise ConfigurationError("HOST is not a valid host name.") from None


def announce(listener: socket.socket, progress: Callable[[str], None]) -> None:
    """Report the address and a first request to try."""
    host, port = listener.getsockname()[:2]
    address = f"http://{host}:{port}"
    progress(f"listening on {address} (API: {address}/docs)")
    progress("ask something with `make chat`, or:")
    progress(CURL.replace("ADDRESS", address))


def main(settings: Settings, catalogue: Catalogue = DEFAULT_CATALOGUE) -> None:
    """Serve until a signal arrives.

    Raises:
        ConfigurationError: a setting is wrong, or what it names does not work.
    """
    configure_logs(settings.log_level)
    uvloop.run(serve(settings, lambda line: print(line, flush=True), catalogue))
