"""News of runs between processes through Redis Streams (port `Notifier`): one stream, which all processes write and read.

Nothing depends on it but speed: while Redis is away, who waits looks into the database.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import cast, get_args

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from graph.errors import ConfigurationError, safe_summary
from graph.ports.notifications import RunNotification

log = structlog.get_logger(__name__)

STREAM = "chat:runs"
KEPT = 10_000
"""Entries that the stream keeps, about: some seconds of news of a busy service. They are read at once or never."""
SEND_SECONDS = 0.25
"""How long a run may be held up by news of it."""
PAUSE_SECONDS = 1.0
"""After a failure, until something is sent or heard again."""
BLOCK_SECONDS = 2.0
"""How long a read waits for news."""
SILENCE_SECONDS = 5.0
"""Without an answer after which a connection counts as broken."""
CONNECTIONS = 4
KINDS = get_args(get_args(RunNotification)[0])
"""What news can be of; others may write to the stream, too."""

BROKEN = (RedisError, OSError)

Entries = list[tuple[str, dict[str, str]]]
"""Entries of a stream: their ids and their fields."""
Read = list[tuple[str, Entries]]
"""What a read brings of each stream."""


class RedisNotifier:
    """Sends and hears news over Redis 5 or later, or what speaks its protocol."""

    def __init__(self, address: str) -> None:
        """
        Args:
            address: `redis://`, `rediss://` or `unix://`, as redis-py reads it. The server need not be there yet.

        Raises:
            ConfigurationError: it is no such address.
        """
        self.connected = False
        self._client = client_of(address)
        self._silent_until = 0.0
        """When something is sent again, in the loop's time."""
        self._failing: set[str] = set()
        """What has failed and was logged: `sent`, `heard`."""

    async def send(self, notification: RunNotification) -> None:
        """Tell all processes. Who cannot be told finds it out later: nothing is raised."""
        now = asyncio.get_running_loop().time()
        if now < self._silent_until:
            return
        kind, run_id = notification
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._client.xadd(STREAM, {"kind": kind, "run": run_id}, maxlen=KEPT, approximate=True)
        except BROKEN as error:
            self._silent_until = now + PAUSE_SECONDS
            self._failed("sent", error)
        else:
            self._failing.discard("sent")

    async def subscribe(self) -> AsyncIterator[RunNotification]:
        """The news of all processes. When the listening ends, so does the sending: the connections are closed."""
        try:
            while True:
                try:
                    async with aclosing(self._heard()) as notifications:
                        async for notification in notifications:
                            yield notification
                except BROKEN as error:
                    self._failed("heard", error)
                finally:
                    self.connected = False
                await asyncio.sleep(PAUSE_SECONDS)
        finally:
            await self._client.aclose()

    async def _heard(self) -> AsyncGenerator[RunNotification, None]:
        """What comes from now on. `$` would mean another moment at each read, and lose what comes between two."""
        position = await self._newest()
        self.connected = True
        self._failing.discard("heard")
        while True:
            for entry, fields in await self._read(position):
                position = entry
                if fields.get("kind") in KINDS and "run" in fields:
                    yield cast(RunNotification, (fields["kind"], fields["run"]))

    async def _newest(self) -> str:
        """The id of the last entry that there is."""
        async with asyncio.timeout(SILENCE_SECONDS):
            last = cast(Entries, await self._client.xrevrange(STREAM, count=1))
        return last[0][0] if last else "0"

    async def _read(self, position: str) -> Entries:
        """What comes after an entry within a while."""
        async with asyncio.timeout(SILENCE_SECONDS):
            read = cast(Read, await self._client.xread({STREAM: position}, block=int(BLOCK_SECONDS * 1000)))
        return [entry for _, entries in read for entry in entries]

    def _failed(self, what: str, error: BaseException) -> None:
        """Log the first of the failures in a row."""
        if what not in self._failing:
            self._failing.add(what)
            log.warning(f"news_not_{what}", reason=safe_summary(error))


def client_of(address: str) -> Redis:
    """A client that neither tries again nor gives up of its own accord: whoever uses it knows better when.

    With time-outs of its own it would, on Python 3.11, now and then not notice that its task is cancelled: it sends within
    `asyncio.wait_for`.
    """
    try:
        pool = BlockingConnectionPool.from_url(
            address,
            max_connections=CONNECTIONS,
            socket_timeout=None,
            socket_connect_timeout=None,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            decode_responses=True,
            encoding_errors="replace",
        )
        # This connects to nothing yet, and refuses options that there are not.
        pool.connection_class(**pool.connection_kwargs)
    except (ValueError, TypeError):
        raise ConfigurationError(
            "REDIS_URL is no address of a Redis: redis://[user:password@]host[:port][/number]."
        ) from None
    return Redis.from_pool(pool)
