"""What is stored of conversations: history, facts, summaries, passages."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from langchain_core.messages import AnyMessage

from graph.state import Passage, SummaryBacklog, Usage

Clock = Callable[[], dt.datetime]
"""The current instant, with its time zone."""


@dataclass(frozen=True, slots=True)
class MemorySnapshot:
    """What is stored of a user and a session, masked; nothing is cut yet."""

    time_zone: str = "UTC"
    facts: Sequence[str] = ()
    summary: str = ""
    history: Sequence[AnyMessage] = ()
    """Oldest first."""
    summarized_to: int = 0
    """Position of the last message that the summary covers."""
    searchable: bool = True
    """Whether the user has any text that a query of today's embedder could meet."""
    newest_value_at: dt.datetime | None = None
    """When the newest value of the user's vault was issued; None if it holds none."""


class Memory(Protocol):
    async def load(self, user_id: str, session_id: str, employee: str) -> MemorySnapshot:
        """Read pinned facts (global and the employee's), the summary, and the newest messages after it."""
        ...


class Retriever(Protocol):
    async def search(self, user_id: str, query: str) -> list[Passage]:
        """The owner's stored texts that resemble the masked query, best first; empty if nothing is similar enough."""
        ...


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """A turn as it is stored: masked messages, what they took, how it ended."""

    user_id: str
    session_id: str
    run_id: str
    epoch: int
    """Of the run, as its worker knows it; 0 for a turn without a run (LangGraph Studio)."""
    employee: str
    """Who was asked; a hand-off among the messages says who went on."""
    model: str
    messages: Sequence[AnyMessage]
    """The question, then the model's messages and the tools' results in order."""
    usage: Usage
    untrusted_sources: Sequence[str] = ()
    """What has brought text into it that its user did not write (`graph.turn.taint`)."""
    status: Literal["complete", "stopped", "failed"] = "complete"
    error: str | None = None
    """Code of the error that ended it."""


@dataclass(frozen=True, slots=True)
class StoredTurn:
    """A turn that is in the history."""

    message_id: str
    """Of its answer."""
    messages: Sequence[AnyMessage]
    usage: Usage
    status: Literal["complete", "stopped", "failed"]
    error: str | None


class Transcript(Protocol):
    async def record(self, turn: TurnRecord) -> str:
        """Store a turn in one transaction and return the id of its answer; a run is stored once, however often it is
        asked for.

        Raises:
            LeaseLost: another process works on the run.
        """
        ...

    async def find(self, user_id: str, run_id: str) -> StoredTurn | None:
        """The turn of a run, if it was stored."""
        ...


class Summaries(Protocol):
    async def state(self, user_id: str, session_id: str) -> SummaryBacklog: ...

    async def request(self, user_id: str, session_id: str) -> None:
        """Hand the session to a durable job; asking twice makes one job."""
        ...
