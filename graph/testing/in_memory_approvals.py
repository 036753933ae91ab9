"""Approvals in memory (port `Approvals`), for the runs of an in-memory store."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from graph.context import TurnContext
from graph.ports.approvals import Approval, ApprovalState, ProposedCall
from graph.testing.in_memory_runs import InMemoryRunStore


class InMemoryApprovals:
    """Stores the proposed calls of each run, and has the run wait until they are decided."""

    def __init__(self, runs: InMemoryRunStore) -> None:
        self.runs = runs
        self.calls: defaultdict[str, dict[int, Approval]] = defaultdict(dict)
        """By run and ordinal."""

    async def state_of_run(self, context: TurnContext) -> ApprovalState:
        return ApprovalState(dict(self.calls[context.run_id]), trusted=frozenset())

    async def request(self, context: TurnContext, proposals: Sequence[ProposedCall]) -> Mapping[int, Approval]:
        calls = self.calls[context.run_id]
        for proposal in proposals:
            if proposal.ordinal not in calls:
                approval_id = f"{context.run_id}/{proposal.ordinal}"
                calls[proposal.ordinal] = Approval(
                    approval_id, proposal, "pending", proposal.arguments, "", expires_at=""
                )
                self.runs.request_approval(context.run_id)
        return dict(calls)

    def decide(self, run_id: str, status: Literal["approved", "rejected"]) -> None:
        """Decide all calls of the run, which can then continue."""
        calls = self.calls[run_id]
        calls.update({ordinal: replace(approval, status=status) for ordinal, approval in calls.items()})
        self.runs.decide_all(run_id)
