"""Accepted runs, their event logs and their checkpoints."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Literal, NotRequired, Protocol

from langchain_core.messages.ai import UsageMetadata
from langgraph.checkpoint.base import BaseCheckpointSaver
from typing_extensions import TypedDict

from graph.events import Event
from graph.ports.memory import Remembered
from graph.state import Turn, Usage


class Checkpoints(Protocol):
    """LangGraph's checkpoints, for one owner at a time."""

    def turn(self, run: "Run") -> AbstractAsyncContextManager[BaseCheckpointSaver[str]]:
        """A checkpointer for one turn; what it is given is stored at the end at the latest, and old turns are forgotten.

        A run of its first epoch starts anew, so nothing of an earlier turn is read for it.
        """
        ...


OnConflict = Literal["reject", "enqueue", "interrupt"]
"""To a busy session: refuse the message, answer it after those that wait, or stop the active run and answer it next."""


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What a user asks for, checked and cleaned."""

    user_id: str
    text: str = field(repr=False)
    employee: str | None = None
    """Slug of the employee asked for; None means the session's, or the default in a new session."""
    session_id: str | None = None
    client_key: str | None = None
    """Idempotency key: the same key and request is the same run."""
    on_conflict: OnConflict = "reject"
    """What is to happen if the session is busy."""
    edited_message_id: str | None = None
    """A message of the user in this session: the text comes in its place, and leaves behind what followed it."""
    regenerated_run_id: str | None = None
    """A run of this session whose question the text is: it is answered anew, and what followed it is left behind."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a user said in a session."""

    run_id: str
    """The run that asked it."""
    text: str = field(repr=False)
    """As it was typed while its run lasts, masked after that."""


RunStatus = Literal["queued", "running", "waiting", "complete", "stopped", "failed"]


@dataclass(frozen=True, slots=True)
class Run:
    """One accepted turn."""

    id: str
    user_id: str
    session_id: str
    employee: str
    status: RunStatus = "running"
    epoch: int = 1
    """How often a process has begun to work on it; 0 while it is queued for the first."""
    created: bool = True
    """False if an earlier request with the same idempotency key started it."""
    log_expired: bool = False
    """Whether its events are deleted, being older than they are kept."""
    remembered: Remembered | None = field(default=None, repr=False, compare=False)
    """What it begins with, if that was read when it was accepted."""

    @property
    def is_over(self) -> bool:
        return self.status in ("complete", "stopped", "failed", "waiting")


@dataclass(frozen=True, slots=True)
class ClaimedRun:
    """A run that this process is to work on from now on."""

    run: Run
    text: str | None = field(repr=False)
    """What the user typed; None if its seal cannot be opened."""
    logged: "Sequence[LoggedEvent]" = ()
    """What it has streamed before."""
    stop_requested: bool = False


class Step(TypedDict):
    """One node of a turn's path, and how long it took in milliseconds."""

    node: str
    ms: int
    first_ms: int | None
    """Until the step streamed its first event: for `reason` until the first words."""


class Trace(TypedDict):
    """What a turn was given, and the way that it took: all that a recording needs and that is stored nowhere else. Masked."""

    version: str
    """The employee's."""
    model: str
    path: list[Step]
    usage: list[UsageMetadata | None]
    """What the provider reported for each answer of the model; None where it did not."""
    broken_off: NotRequired[Usage]
    """What the answers took that broke off."""
    turn: Turn
    """The fields of the state that no other table holds."""


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How a run ended."""

    status: Literal["complete", "stopped", "failed", "waiting"] = "complete"
    message_id: str | None = None
    error_code: str | None = None
    trace: Trace | None = None


LoggedEvent = tuple[int, Event]
"""An event and its number within the run. The numbers of an epoch follow one another; each epoch begins at
`first_seq(epoch)`, so that an event which a dead process has shown but not logged is never taken for another."""


SEQ_PER_EPOCH = 1_000_000
"""Numbers that an epoch has."""


def first_seq(epoch: int) -> int:
    return (epoch - 1) * SEQ_PER_EPOCH + 1


class RunIntake(Protocol):
    """Accepts runs and lets their users read, follow and stop them. Another user's run does not exist."""

    async def accept(self, request: RunRequest) -> Run:
        """Store the run in one transaction; the first message of a conversation opens its session.

        A busy session gets the run as `queued`, if the request allows it. What the run supersedes is superseded when the run
        begins: now, or when it is claimed.

        Raises:
            NotFound: no such session, or it has no such message of the user in its current branch.
            RunActive: the session has a run already, or too many that wait.
            LimitExceeded: the user's turns or tokens are used up.
            IdempotencyMismatch: the key belongs to another request.
        """
        ...

    async def read(self, user_id: str, run_id: str) -> Run:
        """Raises: NotFound."""
        ...

    async def last_question(self, user_id: str, session_id: str, on_conflict: OnConflict) -> Question:
        """The question that precedes a run which is requested now.

        In a busy session it is the question of the run after which the new one begins; otherwise the last question of the
        current branch.

        Raises:
            NotFound: no such session, or the user asked nothing in it.
            RunAbandoned: that run's text cannot be decrypted.
        """
        ...

    async def active(self, user_id: str, session_id: str) -> list[Run]:
        """The session's running or waiting run, then its queued runs in the order in which they begin.

        Raises:
            NotFound: no such session.
        """
        ...

    async def events(self, user_id: str, run_id: str, after: int) -> list[LoggedEvent]:
        """The logged events whose number is `after` or higher, in order."""
        ...

    async def request_stop(self, user_id: str, run_id: str) -> None:
        """Ask the process that works on the run to stop it. A queued run ends as `stopped` at once."""
        ...


class RunQueue(Protocol):
    """Hands runs to processes, one process a run, and takes the writes of the process that has the run."""

    async def list_claimable(self) -> list[tuple[str, str]]:
        """Runs of all users that wait for a process, as (run, user): abandoned ones and the first of each free session."""
        ...

    async def claim(self, user_id: str, run_id: str) -> ClaimedRun | None:
        """Begin the run's next epoch in this process; None if the run is not claimable, or another process was faster."""
        ...

    async def append(self, run: Run, events: Sequence[LoggedEvent]) -> None:
        """Add events to the log; those that are in it already stay as they are.

        Raises:
            LeaseLost: another process works on the run, or has ended it.
        """
        ...

    async def renew(self, run: Run) -> bool:
        """Renew the lease; true if the run's user requested a stop.

        Raises:
            LeaseLost: another process works on the run, or has ended it.
        """
        ...

    async def release(self, run: Run) -> None:
        """End the lease: another process may claim the run at once."""
        ...

    async def finish(self, run: Run, events: Sequence[LoggedEvent], outcome: RunOutcome) -> bool:
        """Write the last events and free the session, in one transaction; true if other runs wait for the session.

        Raises:
            LeaseLost: another process works on the run, or has ended it.
        """
        ...
