"""The values of the users whose texts this process masks, so that they are found again in any spelling.

They are read from the vault when a user's text comes, and again after a second, since another process may have issued some.
They leave the memory ten minutes after their user's last text.
"""

import asyncio
import datetime as dt
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from graph.ports.redaction import PersonalValue, Vault
from graph.redaction.known_values import KnownValues

FRESH_SECONDS = 1.0
"""How long what was read counts as the newest."""
IDLE_SECONDS = 600.0
"""After so long without a text of their user values are forgotten."""
MAX_USERS = 1_000
ADDED_TOGETHER = 100
"""Values that are taken up before others get their turn on the event loop: about 5 ms."""


@dataclass(slots=True)
class Entry:
    """What is known of one user."""

    values: KnownValues = field(default_factory=KnownValues)
    until: dt.datetime | None = None
    """When the newest value that was read was issued."""
    read_at: float | None = None
    used_at: float = 0.0
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)


class KnownValuesCache:
    def __init__(self, vault: Vault, clock: Callable[[], float] = time.monotonic) -> None:
        self.vault = vault
        self.clock = clock
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        """By user, the one whose text was masked last at the end."""

    async def of(self, user_id: str) -> KnownValues:
        """The values of a user, those included that any process had issued a second ago."""
        entry = self._entry(user_id)
        async with entry.reading:
            if entry.read_at is None or self.clock() - entry.read_at >= FRESH_SECONDS:
                began = self.clock()
                issued = await self.vault.values_since(user_id, entry.until)
                await self._take_up(entry, issued.secrets)
                entry.until, entry.read_at = issued.until, began
        return entry.values

    def confirm(self, user_id: str, newest_at: dt.datetime | None) -> None:
        """Take what was read of a user for all there is, if it goes as far as the newest value of the vault (None: there is
        none). It saves the turn a query.
        """
        entry = self._entry(user_id)
        if entry.until == newest_at:
            entry.read_at = self.clock()

    def add(self, user_id: str, secrets: Collection[PersonalValue]) -> None:
        """Have values of a user found that were issued just now."""
        if secrets:
            entry = self._entry(user_id)
            for secret in secrets:
                entry.values.add(secret.kind, secret.text)

    async def _take_up(self, entry: Entry, secrets: Collection[PersonalValue]) -> None:
        for number, secret in enumerate(secrets, 1):
            entry.values.add(secret.kind, secret.text)
            if number % ADDED_TOGETHER == 0:
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
