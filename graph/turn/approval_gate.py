"""What a user has to say before a call is made that changes something."""

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from langchain_core.messages import ToolCall as Call
from langgraph.runtime import Runtime
from langgraph.types import interrupt

from graph.context import TurnContext
from graph.events import ApprovalRequired
from graph.ports.approvals import Approval, Approvals, ApprovalState, ProposedCall
from graph.retry import READ_DELAYS, retry_on_database_down
from graph.state import Turn
from graph.tool import ToolError
from graph.turn.taint import taint_sources
from graph.turn.tool_executor import PreparedCall, ToolExecutor

APPROVE = "approve"
"""What to resume with in LangGraph Studio to have the calls made; anything else rejects them."""

UNTRUSTED_TEXT_REASON = (
    "Text that you did not write has come into this conversation ({sources}), so every change is asked for."
)

NOT_PROPOSED = "this call could not be made when the other calls of its round were put to the user; call it again"

CallRound = Sequence[PreparedCall | ToolError]
"""The calls of a round in order: those that can be made, and what is wrong with the others."""


@dataclass(frozen=True, slots=True)
class ApprovalGate:
    """Asks for what is not allowed yet, and turns calls into what their user decided."""

    approvals: Approvals
    calls: ToolExecutor
    interrupt: Callable[[Any], Any] = field(default=interrupt)
    """Ends the step: the run waits for its user."""

    async def resolve(self, ready: CallRound, state: Turn, runtime: Runtime[TurnContext]) -> CallRound:
        """The calls of a round as their user wants them made. None is made before all are decided.

        Raises:
            GraphInterrupt: they are not.
        """
        changing = [each for each in ready if isinstance(each, PreparedCall) and each.tool.risk != "read"]
        if not changing:
            return ready
        caller, today = runtime.context, dt.date.fromisoformat(state["today"])
        given = await retry_on_database_down(lambda: self.approvals.state_of_run(caller), READ_DELAYS)
        sources = sorted({*taint_sources(state, self.calls.toolbox), *given.untrusted_sources})
        asking = [each for each in changing if needs_approval(each, given, sources)]
        before = {
            each.ordinal: put for each in asking if (put := given.calls.get(each.ordinal)) and matches_call(put, each)
        }
        reasons = [approval_reason(each, given, sources) for each in asking]
        proposed = await asyncio.gather(
            *(self._proposal(each, before, reason, today, caller) for each, reason in zip(asking, reasons, strict=True))
        )
        faults = {
            each.ordinal: fault for each, fault in zip(asking, proposed, strict=True) if isinstance(fault, ToolError)
        }
        approvals = await self._asked([each for each in proposed if isinstance(each, ProposedCall)], caller)
        for each in asking:
            if each.ordinal in approvals:
                runtime.stream_writer(approval_event(approvals[each.ordinal], each.call))
        if any(approval.status == "pending" for approval in approvals.values()):
            word = self.interrupt([approval.proposal.tool for approval in approvals.values()])
            approvals = {ordinal: apply_answer(approval, word) for ordinal, approval in approvals.items()}
        return [await self._as_decided(each, faults, approvals, caller) for each in ready]

    async def _proposal(
        self, each: PreparedCall, before: Mapping[int, Approval], reason: str, today: dt.date, caller: TurnContext
    ) -> ProposedCall | ToolError:
        """What is put to the user; a call that its preview or its limit refuses is not.

        A step that goes on after its user decided runs anew: `before` holds the calls that were put then. The calls of a
        round are put together, so one that is missing there was refused, and is not put on its own.
        """
        if each.ordinal in before:
            return before[each.ordinal].proposal
        try:
            preview = await self.calls.preview(each, today, caller)
            if before:
                raise ToolError(NOT_PROPOSED)
            self.calls.admit(each, caller.user_id)
        except ToolError as fault:
            return fault
        return ProposedCall(each.ordinal, each.tool.name, each.call["args"], preview, reason)

    async def _asked(self, proposals: Sequence[ProposedCall], caller: TurnContext) -> Mapping[int, Approval]:
        if not proposals:
            return {}
        known = await retry_on_database_down(lambda: self.approvals.request(caller, proposals), READ_DELAYS)
        return {proposal.ordinal: known[proposal.ordinal] for proposal in proposals}

    async def _as_decided(
        self,
        each: PreparedCall | ToolError,
        faults: Mapping[int, ToolError],
        approvals: Mapping[int, Approval],
        caller: TurnContext,
    ) -> PreparedCall | ToolError:
        if isinstance(each, ToolError) or each.ordinal in faults:
            return each if isinstance(each, ToolError) else faults[each.ordinal]
        approval = approvals.get(each.ordinal)
        if approval is None:
            return each
        if approval.status == "approved":
            try:
                changed = await self.calls.with_arguments(each, approval.arguments, caller.user_id)
            except ToolError as fault:
                return fault
            return replace(changed, counted=True)
        if approval.status == "rejected":
            said = f" and said: {approval.comment}" if approval.comment else ""
            return ToolError(f"the user rejected this call{said}; nothing was changed")
        return ToolError("the user did not decide on this call in time; nothing was changed")


def apply_answer(approval: Approval, word: Any) -> Approval:
    """An approval after the word with which somebody resumes the turn in LangGraph Studio; nobody else comes here."""
    if approval.status != "pending":
        return approval
    return replace(approval, status="approved" if word == APPROVE else "rejected")


def needs_approval(each: PreparedCall, given: ApprovalState, sources: Sequence[str]) -> bool:
    """Whether a call needs its user's word. What others wrote may have talked the model into it: then trust does not count.
    What was put to the user once is the user's to decide.
    """
    before = given.calls.get(each.ordinal)
    trusted = each.tool.risk == "write" and each.tool.name in given.trusted and not sources
    return not trusted or (before is not None and matches_call(before, each))


def approval_reason(each: PreparedCall, given: ApprovalState, sources: Sequence[str]) -> str:
    """Why a tool asks that its user trusts."""
    return (
        UNTRUSTED_TEXT_REASON.format(sources=", ".join(sources)) if each.tool.name in given.trusted and sources else ""
    )


def matches_call(approval: Approval, each: PreparedCall) -> bool:
    """Whether a decision was made on this very call."""
    proposal = approval.proposal
    return proposal.tool == each.tool.name and proposal.arguments == each.call["args"]


def approval_event(approval: Approval, call: Call) -> ApprovalRequired:
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
