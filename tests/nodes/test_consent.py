"""What is asked of the user before a call that changes something."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph.errors import GraphInterrupt

from graph.adapters.unstored_approvals import UnstoredApprovals
from graph.calls import Calls
from graph.consent import Consent
from graph.context import TurnContext
from graph.delegation import NoDelegates
from graph.ports import Approval, Approved, Proposal
from graph.state import Turn
from graph.tool import Tool, ToolContext
from nodes.call_tools import CallTools
from tests.fakes.ports import GivenTools, Heard, OneNameRedactor, passage, roster_of, runtime_of, turn_of
from tools.arguments import ToolArguments

pytestmark = pytest.mark.anyio


class Nothing(ToolArguments):
    """No arguments."""


async def look(arguments: Nothing, context: ToolContext) -> dict[str, Any]:
    """Look at what others wrote."""
    return {}


async def count(arguments: Nothing, context: ToolContext) -> dict[str, Any]:
    """Count."""
    return {}


async def change(arguments: Nothing, context: ToolContext) -> dict[str, Any]:
    """Change something."""
    return {"changed": True}


async def send(arguments: Nothing, context: ToolContext) -> dict[str, Any]:
    """Send something."""
    return {"sent": True}


TOOLS = {
    "look": Tool(look, quotes=True),
    "count": Tool(count),
    "change": Tool(change, risk="write"),
    "send": Tool(send, risk="outbound"),
}


class Trusting(UnstoredApprovals):
    """Everything is trusted in a conversation that has read so much before."""

    def __init__(self, *quoted: str) -> None:
        super().__init__()
        self.quoted = quoted
        self.asked: list[Proposal] = []

    async def given(self, caller: TurnContext) -> Approved:
        return Approved({}, frozenset(TOOLS), self.quoted)

    async def ask(self, caller: TurnContext, proposals: Sequence[Proposal]) -> Mapping[int, Approval]:
        self.asked += proposals
        return await super().ask(caller, proposals)


def stop(_: Any) -> Any:
    raise GraphInterrupt


async def reasons(tool: str, *before: str, approvals: Trusting, **changes: Any) -> list[str]:
    """Why a call of the tool is asked for, after results of others; nothing if it is not asked for."""
    calls = Calls(GivenTools(TOOLS), OneNameRedactor(), roster_of(*TOOLS), NoDelegates())
    node = CallTools(calls, Consent(approvals, calls, pause=stop))
    results = [ToolMessage("{}", tool_call_id=name, name=name) for name in before]
    call = {"name": tool, "args": {}, "id": "call_0", "type": "tool_call"}
    state: Turn = turn_of(HumanMessage("do it"), *results, AIMessage("", tool_calls=[call]), **changes)
    try:
        await node(state, runtime_of(Heard()))
    except GraphInterrupt:
        assert approvals.asked
    return [proposal.reason for proposal in approvals.asked]


async def test_a_trusted_tool_is_not_asked_for_where_only_its_user_has_spoken() -> None:
    assert await reasons("change", "count", approvals=Trusting()) == []


async def test_after_a_result_that_quotes_others_it_is_and_the_reason_names_the_tool() -> None:
    told = await reasons("change", "look", approvals=Trusting())
    assert "(look)" in "".join(told)


async def test_after_stored_texts_it_is() -> None:
    told = await reasons("change", approvals=Trusting(), passages=[passage(1)])
    assert "(stored texts)" in "".join(told)


async def test_what_an_earlier_turn_read_counts_as_well() -> None:
    told = await reasons("change", "count", approvals=Trusting("anomalies"))
    assert "(anomalies)" in "".join(told)


async def test_what_leaves_the_house_is_always_asked_for() -> None:
    assert await reasons("send", approvals=Trusting()) == [""]
