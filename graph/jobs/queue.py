"""The queue of durable jobs, on procrastinate: rows in the schema `jobs`, worked off by every server process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import procrastinate
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException

from graph.adapters.database import WAIT_SECONDS
from graph.errors import DatabaseUnavailable

SCHEMA = "jobs"


@asynccontextmanager
async def open_queue(address: str) -> AsyncIterator[procrastinate.App]:
    """Connect to the queue. The role's own search path finds its schema."""
    connector = procrastinate.PsycopgConnector(conninfo=address, min_size=1, max_size=3, timeout=WAIT_SECONDS)
    async with procrastinate.App(connector=connector).open_async() as app:
        yield app


async def work(app: procrastinate.App) -> None:
    """Work off jobs until cancelled; successful ones leave no row behind."""
    await app.run_worker_async(
        concurrency=2,
        install_signal_handlers=False,
        delete_jobs="successful",
        fetch_job_polling_interval=5,
    )


async def defer_once(app: procrastinate.App, task: str, lock: str, **ids: str) -> None:
    """Queue a job unless one with this lock waits already; jobs with one lock run one after another.

    Raises:
        DatabaseUnavailable: the queue cannot be reached.
    """
    try:
        await app.configure_task(task, queueing_lock=lock, lock=lock).defer_async(**ids)
    except AlreadyEnqueued:
        return
    except ConnectorException as error:
        raise DatabaseUnavailable(retry_after=1) from error
