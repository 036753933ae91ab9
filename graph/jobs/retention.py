"""Forgetting the logs of old runs: once an hour, by whichever process is the first to see that it is time.

The messages of those runs stay in the history; what goes is the stream, word by word, that could be resumed.
"""

import procrastinate

from graph.adapters.run_store import PostgresRunStore

TASK = "drop_logs"

SCHEDULE = "17 * * * *"
"""At 17 minutes past each hour, as cron writes it."""
RETRY = procrastinate.RetryStrategy(max_attempts=4, exponential_wait=4)


async def forget_logs(store: PostgresRunStore, days: float) -> int:
    """Forget the logs of all runs, whosever they are, that ended more than so many days ago; how many that were.

    Raises:
        DatabaseUnavailable: some may be left; the job is tried again.
    """
    forgotten = 0
    while some := await store.drop_logs(days):
        forgotten += some
    return forgotten


def register(queue: procrastinate.App, store: PostgresRunStore, days: float) -> None:
    """Teach the queue the job. Several processes make one of it each hour."""

    @queue.periodic(cron=SCHEDULE)
    @queue.task(name=TASK, queueing_lock=TASK, lock=TASK, retry=RETRY)
    async def drop_logs(timestamp: int) -> None:
        await forget_logs(store, days)
