"""Forgetting what was kept for long enough: once an hour, by whichever process is the first to see that it is time.

The logs of old runs go, and files that have expired. The messages of those runs stay in the history; what goes of them is the
stream, word by word, that could be resumed.
"""

import procrastinate

from graph.adapters.postgres.privacy.file_store import PostgresFiles
from graph.adapters.postgres.runs.run_store import PostgresRunStore

TASK = "drop_logs"
FILES_TASK = "drop_files"

SCHEDULE = "17 * * * *"
"""At 17 minutes past each hour, as cron writes it."""
RETRY = procrastinate.RetryStrategy(max_attempts=4, exponential_wait=4)


async def forget_logs(store: PostgresRunStore, days: float) -> int:
    """Forget the logs of all runs, whosever they are, that ended more than so many days ago; how many that were.

    Raises:
        DatabaseUnavailable: some may be left; the job is tried again.
    """
    forgotten = 0
    while some := await store.delete_expired_logs(days):
        forgotten += some
    return forgotten


async def forget_files(files: PostgresFiles) -> int:
    """Delete all files that have expired, whosever they are; how many that were.

    Raises:
        DatabaseUnavailable: some may be left; the job is tried again.
    """
    forgotten = 0
    while some := await files.drop_expired():
        forgotten += some
    return forgotten


def register(queue: procrastinate.App, store: PostgresRunStore, days: float, files: PostgresFiles) -> None:
    """Teach the queue the jobs. Several processes make one of each an hour."""

    @queue.periodic(cron=SCHEDULE)
    @queue.task(name=TASK, queueing_lock=TASK, lock=TASK, retry=RETRY)
    async def drop_logs(timestamp: int) -> None:
        await forget_logs(store, days)

    @queue.periodic(cron=SCHEDULE)
    @queue.task(name=FILES_TASK, queueing_lock=FILES_TASK, lock=FILES_TASK, retry=RETRY)
    async def drop_files(timestamp: int) -> None:
        await forget_files(files)
