"""Runs, their event logs and their checkpoints."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Literal, NotRequired, Protocol

from langchain_core.messages.ai import UsageMetadata
from langgraph.checkpoint.base import BaseCheckpointSaver
from typing_extensions import TypedDict

from graph.events import Done, Event
from graph.ports.memory import MemorySnapshot
from graph.state import NO_USAGE, Turn, Usage


class Checkpoints(Protocol):
    """LangGraph's checkpoints, for one user's turn at a time."""

    def turn(self, run: "Run") -> AbstractAsyncContextManager[BaseCheckpointSaver[str]]:
        """A checkpointer for one turn. By the end of the context everything is stored, and old turns are deleted.

        A run in its first epoch reads nothing of earlier turns.
        """
        ...


OnConflict = Literal["reject", "enqueue", "interrupt"]
"""What happens to a message in a busy session: it is refused, queued, or answered next after the active run is stopped."""


@dataclass(frozen=True, slots=True)
class RunRequest:
    """A validated request for a turn."""

    user_id: str
    text: str = field(repr=False)
    employee: str | None = None
    """Slug of the requested employee; None means the session's employee, or the default one in a new session."""
    session_id: str | None = None
    """The session; None opens a new one."""
    client_key: str | None = None
    """Idempotency key: the same key with the same request returns the same run."""
    on_conflict: OnConflict = "reject"
    edited_message_id: str | None = None
    """A message of the user in this session. The text replaces it, and supersedes everything after it."""
    regenerated_run_id: str | None = None
    """A run of this session whose question the text repeats. A new answer supersedes everything after that question."""
    time_zone: str | None = None
    """The IANA name of the client's time zone. It becomes the profile's, unless the profile has one."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question of a user in a session."""

    run_id: str
    """The run that answers it."""
    text: str = field(repr=False)
    """As typed while its run is active, masked after that."""


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
    """How many times a process has claimed the run; 0 while it is queued for the first time."""
    created: bool = True
    """Whether this request created the run; False if an earlier one with the same idempotency key did, or if it was read."""
    log_expired: bool = False
    """Whether the events were deleted because their retention time has passed."""
    memory: MemorySnapshot | None = field(default=None, repr=False, compare=False)
    """The memory that the turn starts from, if it was read when the run was accepted."""

    @property
    def is_over(self) -> bool:
        """Whether no process works on the run and none is to: it has ended, or waits for its user."""
        return self.status in ("complete", "stopped", "failed", "waiting")


@dataclass(frozen=True, slots=True)
class ClaimedRun:
    """A run that this process works on from now on."""

    run: Run
    text: str | None = field(repr=False)
    """The user's message as typed; None if it cannot be decrypted."""
    logged: "Sequence[LoggedEvent]" = ()
    """The entries that earlier epochs logged."""
    stop_requested: bool = False


class Step(TypedDict):
    """One node of a turn's path, with its time in milliseconds."""

    node: str
    ms: int
    first_ms: int | None
    """Until the step streamed its first event, which is the first text for `reason`; None if it streamed none."""


class Trace(TypedDict):
    """The inputs and the path of a turn: what a recording needs and what is stored nowhere else. Masked."""

    version: str
    """The employee's version."""
    model: str
    path: list[Step]
    usage: list[UsageMetadata | None]
    """What the provider reported for each answer of the model; None where it reported nothing."""
    broken_off: NotRequired[Usage]
    """The usage of answers that broke off."""
    turn: Turn
    """The fields of the state that no other table stores."""


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How a run ended, or that it waits for its user."""

    status: Literal["complete", "stopped", "failed", "waiting"] = "complete"
    message_id: str | None = None
    error_code: str | None = None
    trace: Trace | None = None


LoggedEvent = tuple[int, Event]
"""A sequence number within the run, and the event. An epoch numbers its events from `first_seq(epoch)`, so an event that a
process streamed and did not log before it died never has the number of another event."""


SEQ_PER_EPOCH = 1_000_000
"""How many sequence numbers an epoch has."""


def first_seq(epoch: int) -> int:
    return (epoch - 1) * SEQ_PER_EPOCH + 1


WITHDRAWN = Done(type="done", message_id="", total_tokens=0, usage=NO_USAGE, status="stopped")
"""The only event of a queued run that is stopped before it begins. Its sequence number is 1."""


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
