"""Tool calls that wait for the user's approval."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from graph.context import TurnContext


@dataclass(frozen=True, slots=True)
class ProposedCall:
    """A call that needs the user's approval. All text in it is masked."""

    ordinal: int
    """Position among all calls of the run, from 0."""
    tool: str
    arguments: Mapping[str, Any]
    preview: Mapping[str, Any]
    """What the call would change."""
    reason: str = ""
    """Why a trusted tool needs an approval; empty for other tools."""


@dataclass(frozen=True, slots=True)
class Approval:
    """A proposed call and the user's decision."""

    id: str
    proposal: ProposedCall
    status: Literal["pending", "approved", "rejected", "expired"]
    arguments: Mapping[str, Any]
    """The proposed arguments, or those that the user changed them to; masked."""
    comment: str
    """The user's comment for the employee; masked."""
    expires_at: str
    """ISO 8601."""


@dataclass(frozen=True, slots=True)
class ApprovalState:
    """The approvals of a run, and what its session says about trust."""

    calls: Mapping[int, Approval]
    """By ordinal."""
    trusted: Set[str]
    """Names of the tools that need no approval in this session."""
    untrusted_sources: Sequence[str] = ()
    """The sources of text in earlier turns of the session that the user did not write."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The user's decision on a call."""

    approve: bool
    arguments: Mapping[str, Any] | None = None
    """Arguments that replace the proposed ones; masked."""
    comment: str = ""
    trust: bool = False
    """Whether this tool needs no further approval in this session."""


class Approvals(Protocol):
    """Stores proposed calls and the users' decisions on them."""

    async def state_of_run(self, context: TurnContext) -> ApprovalState:
        """The approvals of the run of this context.

        Raises:
            DatabaseUnavailable: no connection could be had in time.
        """
        ...

    async def request(self, context: TurnContext, proposals: Sequence[ProposedCall]) -> Mapping[int, Approval]:
        """Put calls to the user. A call that was put before with the same arguments keeps its approval.

        Returns:
            All approvals of the run by ordinal.

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
