"""A circuit breaker: it rejects calls of a provider that is down, so that users do not wait for what will fail.

Own code: pybreaker 1.4 admits every caller at once on trial and takes 2.9 µs a call instead of 0.1 (measured 2026-11-29);
aiobreaker 1.2 wraps a single call, not a stream.
"""

import time
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)

FAILURE_THRESHOLD = 5
"""Consecutive failures that open the breaker."""
OPEN_SECONDS = 15.0
"""How long an open breaker rejects calls, counted from the last failure."""


class CircuitBreaker:
    """A closed breaker admits every call. After `failures` consecutive failures it opens and rejects calls for `pause` seconds.

    Then it admits one trial call in each pause. A success closes it; a failure opens it again. A call without a recorded
    outcome (its user left) counts as neither.
    """

    def __init__(
        self,
        failures: int = FAILURE_THRESHOLD,
        pause: float = OPEN_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            failures: consecutive failures that open it.
            pause: seconds for which it stays open.
            clock: a monotonic clock in seconds.
        """
        self._limit = failures
        self._pause = pause
        self._clock = clock
        self._failures = 0
        self._open_until = 0.0

    def wait_seconds(self) -> float:
        """0 if a call is admitted now, which also claims the trial of an open breaker; else the seconds until the next try."""
        if self._failures < self._limit:
            return 0.0
        now = self._clock()
        if now < self._open_until:
            return self._open_until - now
        self._open_until = now + self._pause
        return 0.0

    @property
    def is_open(self) -> bool:
        return self._failures >= self._limit

    def record_success(self) -> None:
        if self._failures >= self._limit:
            log.info("breaker_closed")
        self._failures = 0

    def record_failure(self) -> None:
        self._failures += 1
        self._open_until = self._clock() + self._pause
        if self._failures == self._limit:
            log.warning("breaker_opened", failures=self._failures, seconds=self._pause)
