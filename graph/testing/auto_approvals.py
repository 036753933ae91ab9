"""Approvals that nobody stores (port `Approvals`): in LangGraph Studio whoever steps through a turn decides, and a replay
knows what was decided.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from graph.context import TurnContext
from graph.ports.approvals import Approval, ApprovalState, ProposedCall


class UnstoredApprovals:
    def __init__(self, status: Literal["pending", "approved"] = "pending") -> None:
        """
        Args:
            status: of whatever is asked for.
        """
        self.status = status

    async def state_of_run(self, caller: TurnContext) -> ApprovalState:
        return ApprovalState({}, frozenset())

    async def request(self, caller: TurnContext, proposals: Sequence[ProposedCall]) -> Mapping[int, Approval]:
        return {
            each.ordinal: Approval(str(each.ordinal), each, self.status, each.arguments, "", expires_at="")
            for each in proposals
        }
