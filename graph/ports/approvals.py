"""Calls that wait for their user's approval."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from graph.context import TurnContext


@dataclass(frozen=True, slots=True)
class ProposedCall:
    """A call that is not made without its user's word. All text in it is masked."""

    ordinal: int
    """Which call of the run it is."""
    tool: str
    arguments: Mapping[str, Any]
    preview: Mapping[str, Any]
    """What it would change."""
    reason: str = ""
    """Why a trusted tool asks."""


@dataclass(frozen=True, slots=True)
class Approval:
    """What a user was asked, and said."""

    id: str
    proposal: ProposedCall
    status: Literal["pending", "approved", "rejected", "expired"]
    arguments: Mapping[str, Any]
    """The proposed ones, or what the user made of them."""
    comment: str
    """The user's word to the employee; masked."""
    expires_at: str


@dataclass(frozen=True, slots=True)
class ApprovalState:
    """What a user has said to the calls of a run, and which tools are trusted in its conversation."""

    calls: Mapping[int, Approval]
    """By ordinal."""
    trusted: Set[str]
    untrusted_sources: Sequence[str] = ()
    """What has brought text into earlier turns of the conversation that its user did not write."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a user says to a call."""

    approve: bool
    arguments: Mapping[str, Any] | None = None
    """In place of the proposed ones; masked."""
    comment: str = ""
    trust: bool = False
    """Whether this tool need not ask again in this conversation."""


class Approvals(Protocol):
    """What users decide on calls that change something."""

    async def state_of_run(self, caller: TurnContext) -> ApprovalState:
        """What is known of this run."""
        ...

    async def request(self, caller: TurnContext, proposals: Sequence[ProposedCall]) -> Mapping[int, Approval]:
        """Put calls to the user; one that was put before with the same arguments stays as it is. All calls of the run.

        Raises:
            LeaseLost: another process works on the run.
        """
        ...


class ApprovalDecisions(Protocol):
    """The calls of runs that wait for their user, and the user's decisions on them."""

    async def list_for_run(self, user_id: str, run_id: str) -> list[Approval]:
        """The run's calls that were put to the user, in order; none for a run of another user."""
        ...

    async def tool_name(self, user_id: str, run_id: str, approval_id: str) -> str:
        """The name of the tool that the call is for.

        Raises:
            NotFound: no such approval.
        """
        ...

    async def decide(self, user_id: str, run_id: str, approval_id: str, decision: Decision) -> int:
        """Store a decision and return how many calls of the run are still undecided.

        Raises:
            NotFound: no such approval.
            ApprovalDecided: the call was decided before.
            ApprovalExpired: the decision comes too late, or the run has ended.
        """
        ...
