"""Run notifications between processes through Redis Streams (port `Notifier`): all processes write and read one stream.

They only save time: while Redis is unreachable, waiters poll the database.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Literal, cast, get_args

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from graph.errors import ConfigurationError, safe_summary
from graph.ports.notifications import RunNotification

log = structlog.get_logger(__name__)

STREAM = "chat:runs"
MAX_STREAM_ENTRIES = 10_000
"""Approximate length of the stream: some seconds of a busy service. Entries are read at once or never."""
SEND_SECONDS = 0.25
"""How long sending a notification may delay a run."""
RETRY_PAUSE_SECONDS = 1.0
"""Pause after a failure, before the next attempt to send or read."""
BLOCK_SECONDS = 2.0
"""How long a read waits for an entry."""
RESPONSE_TIMEOUT_SECONDS = 5.0
"""A connection without a response for so long counts as broken."""
MAX_CONNECTIONS = 4
KINDS = get_args(get_args(RunNotification)[0])
"""Kinds of notifications; entries of other kinds are ignored."""

CONNECTION_ERRORS = (RedisError, OSError)

Entries = list[tuple[str, dict[str, str]]]
"""Ids and fields of a stream's entries."""
StreamBatches = list[tuple[str, Entries]]
"""The new entries of each stream."""


class RedisNotifier:
    """Works with Redis 5 or later and with servers that speak its protocol."""

    def __init__(self, address: str) -> None:
        """
        Args:
            address: `redis://`, `rediss://` or `unix://`, as redis-py reads it. The server may start later.

        Raises:
            ConfigurationError: the address is malformed.
        """
        self.connected = False
        self._client = build_client(address)
        self._paused_until = 0.0
        """Nothing is sent before this instant of the loop's clock."""
        self._logged_failures: set[str] = set()
        """Log events of failures that are not over: each is logged once."""

    async def send(self, notification: RunNotification) -> None:
        """Notify all processes. Never raises: a process that misses a notification polls."""
        now = asyncio.get_running_loop().time()
        if now < self._paused_until:
            return
        kind, run_id = notification
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._client.xadd(
                    STREAM, {"kind": kind, "run": run_id}, maxlen=MAX_STREAM_ENTRIES, approximate=True
                )
        except CONNECTION_ERRORS as error:
            self._paused_until = now + RETRY_PAUSE_SECONDS
            self._log_failure("notifications_not_sent", error)
        else:
            self._logged_failures.discard("notifications_not_sent")

    async def subscribe(self) -> AsyncIterator[RunNotification]:
        """Yield the notifications of all processes. Its end closes the connections, also those for sending."""
        try:
            while True:
                try:
                    async with aclosing(self._read_stream()) as notifications:
                        async for notification in notifications:
                            yield notification
                except CONNECTION_ERRORS as error:
                    self._log_failure("notifications_not_received", error)
                finally:
                    self.connected = False
                await asyncio.sleep(RETRY_PAUSE_SECONDS)
        finally:
            await self._client.aclose()

    async def _read_stream(self) -> AsyncGenerator[RunNotification, None]:
        """Yield entries from now on. The id `$` would mean a later moment at each read, and lose entries between two."""
        position = await self._last_entry_id()
        self.connected = True
        self._logged_failures.discard("notifications_not_received")
        while True:
            for entry, fields in await self._read(position):
                position = entry
                if fields.get("kind") in KINDS and "run" in fields:
                    yield cast(RunNotification, (fields["kind"], fields["run"]))

    async def _last_entry_id(self) -> str:
        """The id of the newest entry; `0` in an empty stream."""
        async with asyncio.timeout(RESPONSE_TIMEOUT_SECONDS):
            last = cast(Entries, await self._client.xrevrange(STREAM, count=1))
        return last[0][0] if last else "0"

    async def _read(self, position: str) -> Entries:
        """The entries after `position`, waiting at most `BLOCK_SECONDS` for one."""
        async with asyncio.timeout(RESPONSE_TIMEOUT_SECONDS):
            read = cast(StreamBatches, await self._client.xread({STREAM: position}, block=int(BLOCK_SECONDS * 1000)))
        return [entry for _, entries in read for entry in entries]

    def _log_failure(
        self, event: Literal["notifications_not_sent", "notifications_not_received"], error: BaseException
    ) -> None:
        """Log the first of consecutive failures."""
        if event not in self._logged_failures:
            self._logged_failures.add(event)
            log.warning(event, reason=safe_summary(error))


def build_client(address: str) -> Redis:
    """A client without retries and timeouts of its own; the callers have theirs.

    With its own timeouts it uses `asyncio.wait_for`, which on Python 3.11 sometimes swallows a cancellation.
    """
    try:
        pool = BlockingConnectionPool.from_url(
            address,
            max_connections=MAX_CONNECTIONS,
            socket_timeout=None,
            socket_connect_timeout=None,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            decode_responses=True,
            encoding_errors="replace",
        )
        # This does not connect yet; it rejects unknown options.
        pool.connection_class(**pool.connection_kwargs)
    except (ValueError, TypeError):
        raise ConfigurationError(
            "REDIS_URL is not a valid Redis URL: redis://[user:password@]host[:port][/number]."
        ) from None
    return Redis.from_pool(pool)
