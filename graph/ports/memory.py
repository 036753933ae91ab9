"""Stored conversations: history, facts, summaries, passages."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from langchain_core.messages import AnyMessage

from graph.state import Passage, SummaryBacklog, Usage
from graph.values.profile import EMPTY_PROFILE, Profile

Clock = Callable[[], dt.datetime]
"""The current instant, with its time zone."""


@dataclass(frozen=True, slots=True)
class MemorySnapshot:
    """The stored memory of a user and a session, masked, not yet cut to a token budget."""

    profile: Profile = EMPTY_PROFILE
    """What the user has said; its time zone may be one that this machine does not know."""
    facts: Sequence[str] = ()
    """Pinned facts, newest first."""
    summary: str = ""
    history: Sequence[AnyMessage] = ()
    """The newest messages after the summary, oldest first."""
    summary_until: int = 0
    """Position of the last message that the summary covers; 0 without a summary."""
    has_embeddings: bool = True
    """Whether the user has any text with an embedding of the current model."""
    newest_value_at: dt.datetime | None = None
    """When the newest value of the user's vault was stored; None if the vault is empty."""


class Memory(Protocol):
    """Reads what is remembered of a user and a session."""

    async def load(self, user_id: str, session_id: str, employee: str) -> MemorySnapshot:
        """Read the pinned facts (the global ones and the employee's), the summary, and the newest messages after it.

        Raises:
            DatabaseUnavailable: no connection could be had in time.
        """
        ...


class Retriever(Protocol):
    """Searches the stored texts of a user."""

    async def search(self, user_id: str, query: str) -> list[Passage]:
        """The user's stored texts that resemble the masked query, best first; empty if nothing is similar enough.

        Raises:
            ModelError: the embedder did not answer.
            DatabaseUnavailable: no connection could be had in time.
        """
        ...


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """A turn to store: masked messages, usage, and how it ended."""

    user_id: str
    session_id: str
    run_id: str
    epoch: int
    """The attempt at the run; 0 for a turn without a run (LangGraph Studio)."""
    employee: str
    """The employee to whom the user wrote. A hand-off among the messages names the one who continued."""
    model: str
    messages: Sequence[AnyMessage]
    """The question, then the model's messages and the tools' results, in order."""
    usage: Usage
    untrusted_sources: Sequence[str] = ()
    """The sources of text that the user did not write (`graph.turn.taint`)."""
    status: Literal["complete", "stopped", "failed"] = "complete"
    error: str | None = None
    """Code of the error that ended the turn."""


@dataclass(frozen=True, slots=True)
class StoredTurn:
    """A turn of the history."""

    message_id: str
    """Id of the answer."""
    messages: Sequence[AnyMessage]
    """In order, the question first."""
    usage: Usage
    status: Literal["complete", "stopped", "failed"]
    error: str | None
    """Code of the error that ended the turn."""


class Transcript(Protocol):
    """Stores turns in the history."""

    async def record(self, turn: TurnRecord) -> str:
        """Store a turn in one transaction and return the id of its answer. A run is stored once, however often this is called.

        Raises:
            LeaseLost: another process works on the run.
        """
        ...

    async def find(self, user_id: str, run_id: str) -> StoredTurn | None:
        """The stored turn of a run; None if it was not stored."""
        ...


class Summaries(Protocol):
    """Requests summaries of conversations."""

    async def backlog(self, user_id: str, session_id: str) -> SummaryBacklog:
        """What the session has accumulated since its last summary."""
        ...

    async def request(self, user_id: str, session_id: str) -> None:
        """Queue a durable job that summarises the session. A second request before the job runs adds no second job."""
        ...
