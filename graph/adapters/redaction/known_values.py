"""Caches the values of the users whose texts this process masks, so that every spelling of them is found again.

The cache reads the vault at a user's text, and again after a second, since other processes may have issued values. It drops a
user's values ten minutes after the last text.
"""

import asyncio
import datetime as dt
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from graph.ports.redaction import PersonalValue, Vault
from graph.redaction.masking.known_values import KnownValues

FRESH_SECONDS = 1.0
"""How long the cached values are used without reading the vault."""
IDLE_SECONDS = 600.0
"""How long values are cached after their user's last text."""
MAX_USERS = 1_000
VALUES_PER_STEP = 100
"""Values that are added before the event loop gets control: about 5 ms."""


@dataclass(slots=True)
class Entry:
    """The cached values of one user."""

    values: KnownValues = field(default_factory=KnownValues)
    until: dt.datetime | None = None
    """When the newest cached value was issued."""
    read_at: float | None = None
    used_at: float = 0.0
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)


class KnownValuesCache:
    def __init__(self, vault: Vault, clock: Callable[[], float] = time.monotonic) -> None:
        self.vault = vault
        self.clock = clock
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        """By user id, the least recently used first."""

    async def values_of(self, user_id: str) -> KnownValues:
        """The user's values, including those that other processes issued until a second ago."""
        entry = self._entry(user_id)
        async with entry.reading:
            if entry.read_at is None or self.clock() - entry.read_at >= FRESH_SECONDS:
                began = self.clock()
                issued = await self.vault.values_since(user_id, entry.until)
                await self._add_all(entry, issued.secrets)
                entry.until, entry.read_at = issued.until, began
        return entry.values

    def mark_current(self, user_id: str, newest_at: dt.datetime | None) -> None:
        """Treat the cached values as current if they include the vault's newest value (None: the vault is empty).

        It saves a query.
        """
        entry = self._entry(user_id)
        if entry.until == newest_at:
            entry.read_at = self.clock()

    def add(self, user_id: str, secrets: Collection[PersonalValue]) -> None:
        """Add values that were just issued."""
        if secrets:
            entry = self._entry(user_id)
            for secret in secrets:
                entry.values.add(secret.kind, secret.text)

    async def _add_all(self, entry: Entry, secrets: Collection[PersonalValue]) -> None:
        for number, secret in enumerate(secrets, 1):
            entry.values.add(secret.kind, secret.text)
            if number % VALUES_PER_STEP == 0:
                await asyncio.sleep(0)

    def _entry(self, user_id: str) -> Entry:
        now = self.clock()
        entry = self._entries.setdefault(user_id, Entry())
        entry.used_at = now
        self._entries.move_to_end(user_id)
        oldest = next(iter(self._entries.values()))
        while len(self._entries) > MAX_USERS or now - oldest.used_at > IDLE_SECONDS:
            self._entries.popitem(last=False)
            oldest = next(iter(self._entries.values()))
        return entry
