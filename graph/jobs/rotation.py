"""Key rotation: stored values are encrypted with the current key while the service runs.

A new key is set beside the previous one (VAULT_KEY and VAULT_PREVIOUS_KEYS, or another line in vault.key). From then on the new
key encrypts, and both decrypt. The job encrypts older values again, user by user; after that the previous key can be removed.
"""

import time
from collections.abc import Callable

import procrastinate
import structlog

from graph.adapters.postgres.privacy.key_rotation import KeyRotation

TASK = "rotate_key"

SCHEDULE = "*/5 * * * *"
"""In cron syntax: every five minutes. Usually no value is outdated."""
RETRY = procrastinate.RetryStrategy(max_attempts=4, exponential_wait=4)
MAX_USERS = 100_000
"""Users of one job."""
REPORT_SECONDS = 1.0

log = structlog.get_logger(__name__)


async def rotate(key_rotation: KeyRotation, report: Callable[[str], None]) -> int:
    """Encrypt the values of all users with the current key; returns the number of values.

    Args:
        key_rotation: the values of all users.
        report: called with a line of progress, at most once a second.

    Raises:
        DatabaseUnavailable: the rest is left to the retry of the job.
    """
    users = await key_rotation.users_to_reencrypt(MAX_USERS)
    values, lost, reported_at = 0, 0, time.monotonic()
    for number, user_id in enumerate(users, 1):
        result = await key_rotation.reencrypt(user_id)
        values, lost = values + result.values, lost + result.lost
        if number == len(users) or time.monotonic() - reported_at > REPORT_SECONDS:
            report(f"{number} of {len(users)} users, {values} values under the new key")
            reported_at = time.monotonic()
    await key_rotation.reencrypt_hash_key()
    if lost:
        report(f"{lost} values are under a key that is not configured; they stay as they are")
    return values


def register_tasks(queue: procrastinate.App, key_rotation: KeyRotation) -> None:
    """Register the job."""

    @queue.periodic(cron=SCHEDULE)
    @queue.task(name=TASK, queueing_lock=TASK, lock=TASK, retry=RETRY)
    async def rotate_key(timestamp: int) -> None:
        key_rotation.cipher.reload_keys()
        await rotate(key_rotation, lambda line: log.info("key_rotation", progress=line))
