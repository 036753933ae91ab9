"""Supervises the embedded PostgreSQL: a killed server is started again; if it cannot be started, the service ends."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog

from graph.adapters.postgres.embedded import EmbeddedPostgres

log = structlog.get_logger(__name__)

CHECK_SECONDS = 0.5


async def supervise(cluster: EmbeddedPostgres) -> None:
    """Restart the server whenever it has crashed, until cancelled.

    Raises:
        ConfigurationError: the server has crashed and cannot be started again.
    """
    while True:
        await asyncio.sleep(CHECK_SECONDS)
        if cluster.has_crashed():
            began = time.monotonic()
            log.error("postgres_exited")
            await asyncio.to_thread(cluster.restart)
            log.warning("postgres_restarted", seconds=round(time.monotonic() - began, 1))


@asynccontextmanager
async def supervised(cluster: EmbeddedPostgres) -> AsyncIterator[None]:
    """Supervise the server while the block runs; the block ends with the error of a server that cannot be restarted."""
    block = asyncio.current_task()
    assert block is not None
    watcher = asyncio.create_task(supervise(cluster), name="embedded database")

    def end_block(ended: "asyncio.Task[None]") -> None:
        if not ended.cancelled():
            block.cancel()

    watcher.add_done_callback(end_block)
    try:
        yield
    finally:
        watcher.remove_done_callback(end_block)
        if watcher.done() and (failure := watcher.exception()):
            block.uncancel()
            raise failure
        watcher.cancel()
        with suppress(asyncio.CancelledError):
            await watcher
