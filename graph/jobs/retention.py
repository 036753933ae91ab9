"""Retention: once an hour, one process deletes the event logs of old runs and expired files.

The messages of those runs stay in the history. Their streams can no longer be resumed.
"""

import procrastinate

from graph.adapters.postgres.privacy.file_store import PostgresFiles
from graph.adapters.postgres.runs.run_store import PostgresRunStore

TASK = "drop_logs"
FILES_TASK = "drop_files"

SCHEDULE = "17 * * * *"
"""In cron syntax: 17 minutes past each hour."""
RETRY = procrastinate.RetryStrategy(max_attempts=4, exponential_wait=4)


async def delete_expired_logs(store: PostgresRunStore, days: float) -> int:
    """Delete the event logs of all users' runs that ended more than so many days ago; returns the number of runs.

    Raises:
        DatabaseUnavailable: the rest is left to the retry of the job.
    """
    deleted = 0
    while batch := await store.delete_expired_logs(days):
        deleted += batch
    return deleted


async def delete_expired_files(files: PostgresFiles) -> int:
    """Delete the expired files of all users; returns the number of files.

    Raises:
        DatabaseUnavailable: the rest is left to the retry of the job.
    """
    deleted = 0
    while batch := await files.delete_expired():
        deleted += batch
    return deleted


def register_tasks(queue: procrastinate.App, store: PostgresRunStore, days: float, files: PostgresFiles) -> None:
    """Register the jobs. However many processes run, each job is queued once an hour."""

    @queue.periodic(cron=SCHEDULE)
    @queue.task(name=TASK, queueing_lock=TASK, lock=TASK, retry=RETRY)
    async def drop_logs(timestamp: int) -> None:
        await delete_expired_logs(store, days)

    @queue.periodic(cron=SCHEDULE)
    @queue.task(name=FILES_TASK, queueing_lock=FILES_TASK, lock=FILES_TASK, retry=RETRY)
    async def drop_files(timestamp: int) -> None:
        await delete_expired_files(files)
