"""The queue of durable jobs, on procrastinate: rows in the schema `jobs`, worked off by every server process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import procrastinate
import structlog
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException, UniqueViolation
from procrastinate.jobs import Job, Status
from psycopg.errors import RaiseException

from graph.adapters.postgres.database import RECONNECT_SECONDS, WAIT_SECONDS
from graph.errors import DatabaseUnavailable, safe_summary

log = structlog.get_logger(__name__)

POLL_SECONDS = 5.0
"""New jobs are told of at once; this finds those that a lock or a pause held up."""
PAUSE_SECONDS = 1.0
"""Between an interruption and the next attempt to work."""
STALLED_SECONDS = 30.0
"""Without a sign of life after which a process counts as killed; a living one gives three in that time."""
GRACE_SECONDS = 5.0
"""How long jobs may go on when the process is told to stop; what is cut off is tried again."""


@asynccontextmanager
async def open_queue(address: str) -> AsyncIterator[procrastinate.App]:
    """Connect to the queue. The role's own search path finds its schema."""
    connector = procrastinate.PsycopgConnector(
        conninfo=address, min_size=1, max_size=3, timeout=WAIT_SECONDS, reconnect_timeout=RECONNECT_SECONDS
    )
    async with procrastinate.App(connector=connector).open_async() as app:
        yield app


async def work(app: procrastinate.App) -> None:
    """Work off jobs until cancelled; a database that goes away interrupts the work and does not end it."""
    this = asyncio.current_task()
    assert this is not None
    rescuing = asyncio.create_task(keep_rescuing(app), name="rescue of jobs")
    try:
        while not this.cancelling():
            await work_uninterrupted(app)
            if not this.cancelling():
                await asyncio.sleep(PAUSE_SECONDS)
    finally:
        rescuing.cancel()


async def work_uninterrupted(app: procrastinate.App) -> None:
    """Work off jobs while all goes well; successful ones leave no row behind."""
    try:
        await app.run_worker_async(
            concurrency=2,
            install_signal_handlers=False,
            delete_jobs="successful",
            fetch_job_polling_interval=POLL_SECONDS,
            shutdown_graceful_timeout=GRACE_SECONDS,
        )
    except ConnectorException as error:
        log.warning("jobs_interrupted", reason=safe_summary(error.__cause__ or error))


async def keep_rescuing(app: procrastinate.App) -> None:
    while True:
        try:
            await rescue(app)
            pause = STALLED_SECONDS
        except ConnectorException as error:
            log.warning("requeue_interrupted", reason=safe_summary(error.__cause__ or error))
            pause = PAUSE_SECONDS
        await asyncio.sleep(pause)


async def rescue(app: procrastinate.App) -> None:
    """Queue the jobs of killed processes again; until then their locks hold up all that come after them.

    Each process does so. A job that another one has queued meanwhile, or that has ended, is passed over.
    """
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
        try:
            await requeue(app, job)
        except ConnectorException as error:
            if not isinstance(error.__cause__, RaiseException):
                raise


async def requeue(app: procrastinate.App, job: Job) -> None:
    """
    Raises:
        ConnectorException: because of a `RaiseException` if the job is no longer being done.
    """
    try:
        await app.job_manager.retry_job(job)
    except UniqueViolation:  # another one with the same lock waits already
        await app.job_manager.finish_job(job, Status.FAILED, delete_job=True)


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
