"""The service: what it serves, how it starts and how it stops."""

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial

import uvicorn
import uvloop
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from graph.adapters.telemetry.logging import configure_logs
from graph.errors import ConfigurationError
from graph.settings import Settings
from graph.web.errors import install_error_handlers
from graph.web.middleware import AnswerFailures, BodyLimit, RequestId
from graph.web.routes import approvals, chat, employees, files, health, memory, metrics, sessions, usage
from graph.web.schemas import EVERYWHERE, refusals
from graph.web.service import Service
from graph.web.tracing import ContinueTrace
from graph.wiring.catalogue import DEFAULT_CATALOGUE, Catalogue
from graph.wiring.service import open_service

MAX_BODY_BYTES = 1_000_000
HANG_UP_SECONDS = 2
"""For answers that are still on their way when all turns have ended."""
SILENCE_MS = 60_000
"""A peer that has taken nothing of what was sent for so long is gone, or will never read it."""

COLLECT_AFTER = 20_000
"""New objects after which the collector looks for cycles among them. With Python's 700 it would look twice in each turn."""

SWITCH_SECONDS = 0.0005
"""How long the event loop goes on while another thread waits for the interpreter. The embedder's needs it for a moment when its
network is done; with Python's 5 ms the answer lies there while requests are worked on."""

CURL = """
  curl -N ADDRESS/api/chat -H "Authorization: Bearer $(make -s token)" \\
       -H 'Content-Type: application/json' \\
       -d '{"message": "How much did I spend on groceries last month?"}'
"""


def create_app(service: Service, cors_origins: tuple[str, ...] = ()) -> FastAPI:
    """The routes over a service."""
    app = FastAPI(
        title="Chat runtime",
        version="0.1.0",
        description="Chat with AI employees about your money.",
        responses=refusals(*EVERYWHERE),
    )
    app.state.service = service
    for part in (chat, approvals, sessions, memory, usage, files, employees, health, metrics):
        app.include_router(part.router)
    install_error_handlers(app)
    app.add_middleware(BodyLimit, limit=MAX_BODY_BYTES)
    app.add_middleware(ContinueTrace)
    app.add_middleware(AnswerFailures)
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


class Server(uvicorn.Server):
    """uvicorn that goes on serving while the running turns end: it would hang up at the first signal."""

    def __init__(self, config: uvicorn.Config, drain: Callable[[], Awaitable[None]]) -> None:
        super().__init__(config)
        self._drain = drain
        self._leaving: asyncio.Task[None] | None = None

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.leave)
        yield

    def leave(self) -> None:
        """Refuse new turns and end when the running ones have; told again, end at once."""
        if self._leaving:
            self.should_exit = True
        else:
            self._leaving = asyncio.create_task(self._leave(), name="drain")

    async def _leave(self) -> None:
        try:
            await self._drain()
        finally:
            self.should_exit = True


async def serve(settings: Settings, report: Callable[[str], None], catalogue: Catalogue = DEFAULT_CATALOGUE) -> None:
    """Start everything, serve until a signal comes, stop everything that was started."""
    with listen(settings) as listener:
        async with open_service(settings, report, catalogue) as service:
            config = uvicorn.Config(
                create_app(service, settings.cors_origins),
                http="h11",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=HANG_UP_SECONDS,
            )
            # What was made so far lives as long as the process: the collector need not walk it again and again.
            gc.collect()
            gc.freeze()
            gc.set_threshold(COLLECT_AFTER)
            sys.setswitchinterval(SWITCH_SECONDS)
            announce(listener, report)
            await Server(config, partial(service.runs.drain, settings.shutdown_grace_seconds)).serve(sockets=[listener])
            report("stopping")


def listen(settings: Settings) -> socket.socket:
    """The listening socket, before anything slow is started.

    Raises:
        ConfigurationError: the address is taken, or not ours.
    """
    try:
        listener = socket.create_server((settings.host, settings.port), backlog=2048)
        # Connections inherit it. asyncio would set it only on sockets that name their protocol; without it each small event
        # waits for the client's delayed acknowledgement of the one before, up to 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENCE_MS)
        return listener
    except OSError as error:
        reason = str(error.strerror).partition(" (")[0]  # the address stands behind it
        raise ConfigurationError(
            f"Cannot listen on port {settings.port} of HOST ({reason}): set HOST or PORT."
        ) from error
    except UnicodeError:
        raise ConfigurationError("HOST is no name of a machine.") from None


def announce(listener: socket.socket, report: Callable[[str], None]) -> None:
    host, port = listener.getsockname()[:2]
    address = f"http://{host}:{port}"
    report(f"listening on {address} (API: {address}/docs)")
    report("ask something:")
    report(CURL.replace("ADDRESS", address))


def main(settings: Settings, catalogue: Catalogue = DEFAULT_CATALOGUE) -> None:
    """Serve until a signal comes.

    Raises:
        ConfigurationError: something that is configured does not work.
    """
    configure_logs(settings.log_level)
    uvloop.run(serve(settings, lambda line: print(line, flush=True), catalogue))
