"""A user's stored profile, conversations, facts and files, as the routes read and change them.

Every method acts for one user. What belongs to another user does not exist: it is in no list, and `NotFound` by its id.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from graph.ports.redaction import PersonalValue, Vault
from graph.values.profile import Profile

Row = dict[str, Any]
"""One item of a list, as the API returns it; its texts are masked."""

ProfileField = Literal["name", "locale", "time_zone", "currency"]
ProfileChanges = Mapping[ProfileField, str | None]
"""Validated values by field; None forgets the field's value."""

Place = tuple[str, str]
"""The sort key of a list's item, most recent first: the instant in ISO 8601, and the id."""


class Sessions(Protocol):
    """A user's sessions, their messages, the feedback on them, and what they cost."""

    async def page(self, user_id: str, limit: int, before: Place | None) -> list[Row]:
        """At most `limit` sessions, the most recently used first, that come after the place `before`."""
        ...

    async def read(self, user_id: str, session_id: str) -> Row:
        """Raises: NotFound."""
        ...

    async def rename(self, user_id: str, session_id: str, title: str) -> None:
        """Set the title, which is masked.

        Raises:
            NotFound: no such session.
        """
        ...

    async def delete(self, user_id: str, session_id: str) -> None:
        """Delete a session with its messages, runs and checkpoints.

        Raises:
            NotFound: no such session.
            RunActive: a run of the session has not ended.
        """
        ...

    async def messages(
        self, user_id: str, session_id: str, limit: int, before: int | None, *, all_branches: bool = False
    ) -> list[Row]:
        """The last `limit` messages with a position below `before`, oldest first; of the current branch, or of all.

        Raises:
            NotFound: no such session.
        """
        ...

    async def give_feedback(self, user_id: str, session_id: str, message_id: str, feedback: Row) -> None:
        """Store the feedback on an answer in place of an earlier one.

        Raises:
            NotFound: no such answer.
        """
        ...

    async def usage(self, user_id: str, days: int) -> Sequence[Row]:
        """Turns, tokens, cost and failures of the last `days` days, a row for each day (UTC), employee and model."""
        ...


async def with_placeholder(changes: ProfileChanges, user_id: str, vault: Vault) -> ProfileChanges:
    """The changes with the placeholder of the name, which is in the vault from now on."""
    if not (name := changes.get("name")):
        return changes
    value = PersonalValue.from_text("PERSON", name)
    return {**changes, "name": (await vault.tokenize(user_id, {value}))[value]}


class Profiles(Protocol):
    """What users have said about themselves."""

    async def read(self, user_id: str) -> Profile:
        """The profile; empty for a user who has said nothing."""
        ...

    async def update(self, user_id: str, changes: ProfileChanges) -> Profile:
        """Set the fields that `changes` names, and return the profile.

        The name is given as it is read aloud; the vault keeps it, and the profile has its placeholder.
        """
        ...


class Facts(Protocol):
    """What employees remember about a user."""

    async def all(self, user_id: str) -> list[Row]:
        """The facts, pinned ones first, then the newest."""
        ...

    async def add(self, user_id: str, fact: str, scope: str, is_pinned: bool) -> Row:
        """Store a masked fact for all employees (`global`) or one (a slug). A fact that exists is updated."""
        ...

    async def delete(self, user_id: str, fact_id: str) -> None:
        """Raises: NotFound."""
        ...


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that a tool made for a user."""

    name: str
    media_type: str
    content: bytes = field(repr=False)


class StoredFiles(Protocol):
    """The files that tools made for a user. A file that has expired does not exist."""

    async def page(self, user_id: str, limit: int, before: Place | None) -> list[Row]:
        """At most `limit` files without their contents, the newest first, that come after the place `before`."""
        ...

    async def read(self, user_id: str, file_id: str) -> StoredFile:
        """Raises: NotFound."""
        ...
