"""A user's profile, facts and files in memory: twins of the Postgres adapters, for tests of the routes."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import uuid4

from graph.errors import NotFound
from graph.ports.redaction import Vault
from graph.ports.storage import Place, ProfileChanges, Row, StoredFile, with_placeholder
from graph.testing.in_memory_vault import InMemoryVault
from graph.values.profile import EMPTY_PROFILE, Profile

MAX_AGE = timedelta(days=30)
"""How long a file is kept."""


class Clock:
    """The current instant; later than every instant that was read before, as rows are sorted by it."""

    def __init__(self) -> None:
        self._last = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        self._last = max(datetime.now(UTC), self._last + timedelta(microseconds=1))
        return self._last


class InMemoryProfiles:
    """Profiles of all users (port `Profiles`)."""

    def __init__(self, vault: Vault | None = None) -> None:
        self.vault = vault or InMemoryVault()
        self._profiles: dict[str, Profile] = {}

    async def read(self, user_id: str) -> Profile:
        return self._profiles.get(user_id, EMPTY_PROFILE)

    async def update(self, user_id: str, changes: ProfileChanges) -> Profile:
        stored = await with_placeholder(changes, user_id, self.vault)
        self._profiles[user_id] = replace(await self.read(user_id), **cast(dict[str, Any], stored))
        return self._profiles[user_id]


class InMemoryFacts:
    """Facts of all users (port `Facts`)."""

    def __init__(self) -> None:
        self._facts: dict[tuple[str, str, str], Row] = {}
        """By user, scope and text."""
        self._clock = Clock()

    async def all(self, user_id: str) -> list[Row]:
        facts = [row for (user, _, _), row in self._facts.items() if user == user_id]
        newest_first = sorted(facts, key=lambda row: row["created_at"], reverse=True)
        return sorted(newest_first, key=lambda row: not row["is_pinned"])

    async def add(self, user_id: str, fact: str, scope: str, is_pinned: bool) -> Row:
        now = self._clock.now()
        new: Row = {
            "id": str(uuid4()),
            "scope": scope,
            "fact": fact,
            "confidence": 80,
            "source": "user",
            "is_pinned": is_pinned,
            "created_at": now,
            "updated_at": now,
        }
        row = self._facts.setdefault((user_id, scope, fact), new)
        row.update(is_pinned=is_pinned, updated_at=now)
        return dict(row)

    async def delete(self, user_id: str, fact_id: str) -> None:
        keys = [key for key, row in self._facts.items() if key[0] == user_id and str(row["id"]) == fact_id]
        if not keys:
            raise NotFound
        del self._facts[keys[0]]


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file of one user, and when it was stored."""

    user_id: str
    file_id: str
    created_at: datetime
    file: StoredFile

    @property
    def place(self) -> tuple[datetime, str]:
        return self.created_at, self.file_id

    @property
    def row(self) -> Row:
        return {
            "id": self.file_id,
            "name": self.file.name,
            "media_type": self.file.media_type,
            "size": len(self.file.content),
            "created_at": self.created_at,
            "expires_at": self.created_at + MAX_AGE,
        }


class InMemoryFiles:
    """Files of all users (port `StoredFiles`)."""

    def __init__(self) -> None:
        self._entries: dict[str, FileEntry] = {}
        self._clock = Clock()

    async def store(self, user_id: str, name: str, media_type: str, content: bytes) -> str:
        """Store a file and return its id."""
        entry = FileEntry(user_id, str(uuid4()), self._clock.now(), StoredFile(name, media_type, content))
        self._entries[entry.file_id] = entry
        return entry.file_id

    async def page(self, user_id: str, limit: int, before: Place | None) -> list[Row]:
        entries = [entry for entry in self._entries.values() if entry.user_id == user_id]
        if before:
            last = (datetime.fromisoformat(before[0]), before[1])
            entries = [entry for entry in entries if entry.place < last]
        return [entry.row for entry in sorted(entries, key=lambda entry: entry.place, reverse=True)[:limit]]

    async def read(self, user_id: str, file_id: str) -> StoredFile:
        entry = self._entries.get(file_id)
        if entry is None or entry.user_id != user_id:
            raise NotFound
        return entry.file
