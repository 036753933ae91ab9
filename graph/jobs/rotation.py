"""Bringing what is sealed under the current key, while everything goes on.

A new key is set beside the old one (VAULT_KEY and VAULT_PREVIOUS_KEYS, or a further line in vault.key); from then on it seals,
and both open. What the old one has sealed is opened and sealed again, user by user; when nothing is left the old key can go.
"""

import time
from collections.abc import Callable

import procrastinate
import structlog

from graph.adapters.postgres.privacy.key_rotation import PostgresSeals

TASK = "rotate_key"

SCHEDULE = "*/5 * * * *"
"""Every five minutes, as cron writes it. Mostly there is nothing to do."""
RETRY = procrastinate.RetryStrategy(max_attempts=4, exponential_wait=4)
MOST_OWNERS = 100_000
"""Users who are found at a time."""
REPORT_SECONDS = 1.0

log = structlog.get_logger(__name__)


async def rotate(seals: PostgresSeals, report: Callable[[str], None]) -> int:
    """Bring everything under the current key, whosever it is; how many values that were.

    Args:
        seals: what is sealed.
        report: takes a line of progress, once a second at most.

    Raises:
        DatabaseUnavailable: some may be left; the job is tried again.
    """
    owners = await seals.owners_due(MOST_OWNERS)
    values, lost, told = 0, 0, time.monotonic()
    for number, user_id in enumerate(owners, 1):
        done = await seals.reseal(user_id)
        values, lost = values + done.values, lost + done.lost
        if number == len(owners) or time.monotonic() - told > REPORT_SECONDS:
            report(f"{number} of {len(owners)} users, {values} values under the new key")
            told = time.monotonic()
    await seals.reseal_hash_key()
    if lost:
        report(f"{lost} values are under a key that is not configured; they stay as they are")
    return values


def register(queue: procrastinate.App, seals: PostgresSeals) -> None:
    """Teach the queue the job."""

    @queue.periodic(cron=SCHEDULE)
    @queue.task(name=TASK, queueing_lock=TASK, lock=TASK, retry=RETRY)
    async def rotate_key(timestamp: int) -> None:
        seals.sealer.refresh()
        await rotate(seals, lambda line: log.info("key_rotation", progress=line))
