"""Spares a provider that is down further calls, and its users the wait for what will fail."""

import time
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)

FAILURES = 5
"""Failed calls in a row after which no more are made."""
PAUSE_SECONDS = 15.0
"""How long none is made then, counted from the last failure."""


class Breaker:
    """Closed, it admits every call. After so many failures in a row it is open and admits none, until a pause is over; then
    it admits one on trial, and none beside it for another pause. A success closes it, a failure opens it anew.

    A call whose outcome nobody tells (its user left) counts as neither; on trial it only costs the pause.
    """

    def __init__(
        self, failures: int = FAILURES, pause: float = PAUSE_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """
        Args:
            failures: calls that must fail in a row to open it.
            pause: seconds that it stays open.
            clock: seconds that only grow.
        """
        self._limit = failures
        self._pause = pause
        self._clock = clock
        self._failures = 0
        self._open_until = 0.0

    def admit(self) -> float:
        """Ask for a call: 0 admits it, else it may be asked for again in so many seconds."""
        if self._failures < self._limit:
            return 0.0
        now = self._clock()
        if now < self._open_until:
            return self._open_until - now
        self._open_until = now + self._pause
        return 0.0

    def succeeded(self) -> None:
        if self._failures >= self._limit:
            log.info("breaker_closed")
        self._failures = 0

    def failed(self) -> None:
        self._failures += 1
        self._open_until = self._clock() + self._pause
        if self._failures == self._limit:
            log.warning("breaker_opened", failures=self._failures, seconds=self._pause)
