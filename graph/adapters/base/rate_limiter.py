"""How often a user's turns may call a tool: the generic cell rate algorithm, in this process.

What a user may cost altogether is limited in the database, by turns and by tokens; this only keeps turns that have run wild
from asking for the same thing again and again.
"""

import time
from collections.abc import Callable

MOST_KEPT = 10_000
"""Pairs of user and tool that are remembered; past that those are forgotten whose minute is over."""


class CallRates:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[tuple[str, str], float] = {}
        """When the calls that were made will be paid off."""

    def take(self, user_id: str, tool: str, per_minute: int) -> bool:
        """Count a call; false if there were too many in the last minute."""
        now, key = self._clock(), (user_id, tool)
        if len(self._until) > MOST_KEPT:
            self._until = {each: until for each, until in self._until.items() if until > now}
        until = max(self._until.get(key, now), now) + 60 / per_minute
        if until > now + 60 + 1e-6:
            return False
        self._until[key] = until
        return True
