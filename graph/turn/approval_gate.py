"""Asks the user before a tool changes anything."""

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from langchain_core.messages import ToolCall
from langgraph.runtime import Runtime
from langgraph.types import interrupt

from graph.context import TurnContext, with_profile
from graph.events import ApprovalRequired
from graph.ports.approvals import Approval, Approvals, ApprovalState, ProposedCall
from graph.retry import READ_DELAYS, retry_on_database_down
from graph.state import Turn
from graph.tool import ToolError
from graph.turn.taint import taint_sources
from graph.turn.tool_executor import PreparedCall, ToolExecutor

APPROVE = "approve"
"""The value that approves the calls when a turn is resumed in LangGraph Studio; any other value rejects them."""

UNTRUSTED_TEXT_REASON = (
    "This conversation contains text that you did not write ({sources}); changes need your approval."
)

NOT_PROPOSED = "this call could not be made when the other calls of its round were put to the user; call it again"

CallRound = Sequence[PreparedCall | ToolError]
"""The calls of one message of the model, in order: each prepared, or with its error."""


@dataclass(frozen=True, slots=True)
class ApprovalGate:
    """Interrupts the turn for the calls that need an approval, and applies the user's decisions to them."""

    approvals: Approvals
    executor: ToolExecutor
    interrupt: Callable[[Any], Any] = field(default=interrupt)
    """Ends the node: the run waits for its user."""

    async def resolve(self, calls: CallRound, state: Turn, runtime: Runtime[TurnContext]) -> CallRound:
        """The calls with the user's decisions applied. No call is made before all of the round are decided.

        Raises:
            GraphInterrupt: the user has not decided on all calls yet.
        """
        changing = [call for call in calls if isinstance(call, PreparedCall) and call.tool.risk != "read"]
        if not changing:
            return calls
        context, today = with_profile(runtime.context, state), dt.date.fromisoformat(state["today"])
        known = await retry_on_database_down(lambda: self.approvals.state_of_run(context), READ_DELAYS)
        sources = sorted({*taint_sources(state, self.executor.toolbox), *known.untrusted_sources})
        asking = [call for call in changing if needs_approval(call, known, sources)]
        proposals = await self._proposals(asking, known, sources, today, context)
        approvals = await self._request(list(proposals.values()), context)
        for call in asking:
            if call.ordinal in approvals:
                runtime.stream_writer(approval_event(approvals[call.ordinal], call.requested))
        if any(approval.status == "pending" for approval in approvals.values()):
            answer = self.interrupt([approval.proposal.tool for approval in approvals.values()])
            approvals = {ordinal: apply_answer(approval, answer) for ordinal, approval in approvals.items()}
        errors = {ordinal: error for ordinal, error in proposals.items() if isinstance(error, ToolError)}
        return [await self._apply_decision(call, errors, approvals, context) for call in calls]

    async def _proposals(
        self,
        calls: Sequence[PreparedCall],
        known: ApprovalState,
        sources: Sequence[str],
        today: dt.date,
        context: TurnContext,
    ) -> Mapping[int, ProposedCall | ToolError]:
        """What is put to the user, by ordinal."""
        earlier = {call.ordinal: put for call in calls if (put := known.calls.get(call.ordinal)) and matches(put, call)}
        proposals = await asyncio.gather(
            *(self._proposal(call, earlier, approval_reason(call, known, sources), today, context) for call in calls)
        )
        return {call.ordinal: proposal for call, proposal in zip(calls, proposals, strict=True)}

    async def _proposal(
        self,
        call: PreparedCall,
        earlier: Mapping[int, Approval],
        reason: str,
        today: dt.date,
        context: TurnContext,
    ) -> ProposedCall | ToolError:
        """What is put to the user, or the error if the tool's preview or its rate limit refuses the call.

        The node runs again after the user decided; `earlier` then holds the calls that were put to the user. All calls of a
        round are put together, so a call that is missing there was refused, and is not put on its own.
        """
        if call.ordinal in earlier:
            return earlier[call.ordinal].proposal
        try:
            preview = await self.executor.preview(call, today, context)
            if earlier:
                raise ToolError(NOT_PROPOSED)
            self.executor.count_against_limit(call, context.user_id)
        except ToolError as error:
            return error
        return ProposedCall(call.ordinal, call.tool.name, call.requested["args"], preview, reason)

    async def _request(
        self, proposals: Sequence[ProposedCall | ToolError], context: TurnContext
    ) -> Mapping[int, Approval]:
        proposed = [proposal for proposal in proposals if isinstance(proposal, ProposedCall)]
        if not proposed:
            return {}
        known = await retry_on_database_down(lambda: self.approvals.request(context, proposed), READ_DELAYS)
        return {proposal.ordinal: known[proposal.ordinal] for proposal in proposed}

    async def _apply_decision(
        self,
        call: PreparedCall | ToolError,
        errors: Mapping[int, ToolError],
        approvals: Mapping[int, Approval],
        context: TurnContext,
    ) -> PreparedCall | ToolError:
        if isinstance(call, ToolError) or call.ordinal in errors:
            return call if isinstance(call, ToolError) else errors[call.ordinal]
        approval = approvals.get(call.ordinal)
        if approval is None:
            return call
        if approval.status == "approved":
            try:
                approved = await self.executor.with_arguments(call, approval.arguments, context.user_id)
            except ToolError as error:
                return error
            return replace(approved, is_counted=True)
        if approval.status == "rejected":
            comment = f" and said: {approval.comment}" if approval.comment else ""
            return ToolError(f"the user rejected this call{comment}; nothing was changed")
        return ToolError("the user did not decide on this call in time; nothing was changed")


def apply_answer(approval: Approval, answer: Any) -> Approval:
    """Applies Studio's resume value to a pending approval. In the service every approval is decided by then."""
    if approval.status != "pending":
        return approval
    return replace(approval, status="approved" if answer == APPROVE else "rejected")


def needs_approval(call: PreparedCall, known: ApprovalState, sources: Sequence[str]) -> bool:
    """Whether the user must decide on a call.

    Trust in a tool does not count while the conversation holds untrusted text, which may carry instructions to the model. A
    call that was put to the user once stays the user's to decide.
    """
    earlier = known.calls.get(call.ordinal)
    is_trusted = call.tool.risk == "write" and call.tool.name in known.trusted and not sources
    return not is_trusted or (earlier is not None and matches(earlier, call))


def approval_reason(call: PreparedCall, known: ApprovalState, sources: Sequence[str]) -> str:
    """Why a trusted tool needs an approval; empty for other tools."""
    is_suspended = call.tool.name in known.trusted and sources
    return UNTRUSTED_TEXT_REASON.format(sources=", ".join(sources)) if is_suspended else ""


def matches(approval: Approval, call: PreparedCall) -> bool:
    """Whether the approval is for this tool with these arguments."""
    proposal = approval.proposal
    return proposal.tool == call.tool.name and proposal.arguments == call.requested["args"]


def approval_event(approval: Approval, call: ToolCall) -> ApprovalRequired:
    return ApprovalRequired(
        type="approval_required",
        approval_id=approval.id,
        tool_call_id=call["id"] or "",
        tool=approval.proposal.tool,
        args=approval.proposal.arguments,
        preview=approval.proposal.preview,
        reason=approval.proposal.reason,
        expires_at=approval.expires_at,
    )
