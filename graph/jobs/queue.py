"""The queue of durable jobs, on procrastinate: rows in the schema `jobs`, which every server process executes."""

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
"""New jobs are announced at once; polling finds jobs that waited for a lock or a retry."""
RETRY_SECONDS = 1.0
"""Pause before the worker starts again after the database was down."""
STALLED_SECONDS = 30.0
"""A worker without a heartbeat for so long counts as killed; a running one sends three in that time."""
SHUTDOWN_SECONDS = 5.0
"""How long running jobs may continue at shutdown; interrupted jobs are retried."""


@asynccontextmanager
async def open_queue(address: str) -> AsyncIterator[procrastinate.App]:
    """Connect to the queue; the search path of the server's role finds its schema."""
    connector = procrastinate.PsycopgConnector(
        conninfo=address, min_size=1, max_size=3, timeout=WAIT_SECONDS, reconnect_timeout=RECONNECT_SECONDS
    )
    async with procrastinate.App(connector=connector).open_async() as app:
        yield app


async def run_worker_until_cancelled(app: procrastinate.App) -> None:
    """Execute jobs until cancelled, also across interruptions of the database."""
    this = asyncio.current_task()
    assert this is not None
    requeueing = asyncio.create_task(requeue_stalled_periodically(app), name="requeue stalled jobs")
    try:
        while not this.cancelling():
            await run_worker(app)
            if not this.cancelling():
                await asyncio.sleep(RETRY_SECONDS)
    finally:
        requeueing.cancel()


async def run_worker(app: procrastinate.App) -> None:
    """Execute jobs until the database is down; the rows of successful jobs are deleted."""
    try:
        await app.run_worker_async(
            concurrency=2,
            install_signal_handlers=False,
            delete_jobs="successful",
            fetch_job_polling_interval=POLL_SECONDS,
            shutdown_graceful_timeout=SHUTDOWN_SECONDS,
        )
    except ConnectorException as error:
        log.warning("jobs_interrupted", reason=safe_summary(error.__cause__ or error))


async def requeue_stalled_periodically(app: procrastinate.App) -> None:
    while True:
        try:
            await requeue_stalled(app)
            pause = STALLED_SECONDS
        except ConnectorException as error:
            log.warning("requeue_interrupted", reason=safe_summary(error.__cause__ or error))
            pause = RETRY_SECONDS
        await asyncio.sleep(pause)


async def requeue_stalled(app: procrastinate.App) -> None:
    """Queue the jobs of killed processes again; until then their locks block later jobs.

    Every process does this. A job that another process has queued in the meantime, or that has ended, is skipped.
    """
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
        try:
            await requeue(app, job)
        except ConnectorException as error:
            if not isinstance(error.__cause__, RaiseException):
                raise


async def requeue(app: procrastinate.App, job: Job) -> None:
    """Queue a job again.

    Raises:
        ConnectorException: caused by a `RaiseException` if the job is not running any more.
    """
    try:
        await app.job_manager.retry_job(job)
    except UniqueViolation:  # a job with the same lock is queued already
        await app.job_manager.finish_job(job, Status.FAILED, delete_job=True)


async def defer_once(app: procrastinate.App, task: str, lock: str, **ids: str) -> None:
    """Queue a job unless a job with this lock is queued already. Jobs with the same lock run one after another.

    Raises:
        DatabaseUnavailable: the queue cannot be reached.
    """
    try:
        await app.configure_task(task, queueing_lock=lock, lock=lock).defer_async(**ids)
    except AlreadyEnqueued:
        return
    except ConnectorException as error:
        raise DatabaseUnavailable(retry_after=1) from error
