"""Approvals that are not stored (port `Approvals`): every proposed call gets the same status."""

from collections.abc import Mapping, Sequence
from typing import Literal

from graph.context import TurnContext
from graph.ports.approvals import Approval, ApprovalState, ProposedCall


class AutoApprovals:
    def __init__(self, status: Literal["pending", "approved"] = "pending") -> None:
        """
        Args:
            status: `pending` where the turn is resumed by hand, as in LangGraph Studio; `approved` in a replay, whose recorded
                calls were approved.
        """
        self.status = status

    async def state_of_run(self, context: TurnContext) -> ApprovalState:
        return ApprovalState({}, frozenset())

    async def request(self, context: TurnContext, proposals: Sequence[ProposedCall]) -> Mapping[int, Approval]:
        return {
            call.ordinal: Approval(str(call.ordinal), call, self.status, call.arguments, "", expires_at="")
            for call in proposals
        }
