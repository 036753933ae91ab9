"""What is asked of the user before a call that changes something."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph.errors import GraphInterrupt

from graph.context import TurnContext
from graph.ports.approvals import Approval, ApprovalState, ProposedCall
from graph.state import Turn
from graph.testing.auto_approvals import AutoApprovals
from graph.tool import Tool, ToolContext, ToolError
from graph.turn.approval_gate import ApprovalGate
from graph.turn.delegation import DelegationDisabled
from graph.turn.tool_executor import ToolExecutor
from nodes.call_tools import CallTools
from tests.support.fakes.ports import (
    CapturedEvents,
    FakeToolRuntime,
    OneNameRedactor,
    passage,
    roster_of,
    runtime_of,
    turn_of,
)
from tools.shared.arguments import ToolArguments


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
    "look": Tool(look, returns_untrusted_text=True),
    "count": Tool(count),
    "change": Tool(change, risk="write"),
    "send": Tool(send, risk="outbound"),
}


class Trusting(AutoApprovals):
    """Everything is trusted in a conversation that has read so much before."""

    def __init__(self, *quoted: str) -> None:
        super().__init__()
        self.untrusted_sources = quoted
        self.asked: list[ProposedCall] = []

    async def state_of_run(self, caller: TurnContext) -> ApprovalState:
        return ApprovalState({}, frozenset(TOOLS), self.untrusted_sources)

    async def request(self, caller: TurnContext, proposals: Sequence[ProposedCall]) -> Mapping[int, Approval]:
        self.asked += proposals
        return await super().request(caller, proposals)


def stop(_: Any) -> Any:
    raise GraphInterrupt


async def reasons(tool: str, *before: str, approvals: Trusting, **changes: Any) -> list[str]:
    """Why a call of the tool is asked for, after results of others; nothing if it is not asked for."""
    calls = ToolExecutor(FakeToolRuntime(TOOLS), OneNameRedactor(), roster_of(*TOOLS), DelegationDisabled())
    node = CallTools(calls, ApprovalGate(approvals, calls, interrupt=stop))
    results = [ToolMessage("{}", tool_call_id=name, name=name) for name in before]
    call = {"name": tool, "args": {}, "id": "call_0", "type": "tool_call"}
    state: Turn = turn_of(HumanMessage("do it"), *results, AIMessage("", tool_calls=[call]), **changes)
    try:
        await node(state, runtime_of(CapturedEvents()))
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


# A step that goes on ---------------------------------------------------------------------------------------------------


class Stored(AutoApprovals):
    """Remembers what was asked, and what its user said to all of it."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: dict[int, Approval] = {}

    async def state_of_run(self, caller: TurnContext) -> ApprovalState:
        return ApprovalState(dict(self.calls), frozenset())

    async def request(self, caller: TurnContext, proposals: Sequence[ProposedCall]) -> Mapping[int, Approval]:
        asked = await super().request(caller, [each for each in proposals if each.ordinal not in self.calls])
        self.calls |= asked
        return self.calls

    def approve(self) -> None:
        self.calls = {ordinal: replace(each, status="approved") for ordinal, each in self.calls.items()}


@dataclass
class CallRound:
    """A round of calls that may be played several times, as a run that waits for its user plays it."""

    tools: Mapping[str, Tool]
    names: Sequence[str]
    approvals: Stored = field(default_factory=Stored)
    counted: list[str] = field(default_factory=list)
    limits: dict[str, int] = field(default_factory=dict)

    async def play(self) -> list[Any]:
        """The results of the calls; nothing if they wait."""
        toolbox = Counting(self.tools, counted=self.counted, limits=self.limits)
        calls = ToolExecutor(toolbox, OneNameRedactor(), roster_of(*self.tools), DelegationDisabled())
        node = CallTools(calls, ApprovalGate(self.approvals, calls, interrupt=stop))
        made = [
            {"name": name, "args": {}, "id": f"call_{place}", "type": "tool_call"}
            for place, name in enumerate(self.names)
        ]
        try:
            turn = await node(
                turn_of(HumanMessage("do it"), AIMessage("", tool_calls=made)), runtime_of(CapturedEvents())
            )
        except GraphInterrupt:
            return []
        return [json.loads(str(each.content)) for each in turn["messages"] if isinstance(each, ToolMessage)]


@dataclass
class Counting(FakeToolRuntime):
    """Counts calls against limits that no time pays off."""

    counted: list[str] = field(default_factory=list)
    limits: dict[str, int] = field(default_factory=dict)

    def try_acquire(self, user_id: str, tool: Tool) -> bool:
        if self.counted.count(tool.name) >= self.limits.get(tool.name, 100):
            return False
        self.counted.append(tool.name)
        return True


async def test_each_call_of_a_round_that_waited_counts_once() -> None:
    waiting = CallRound(TOOLS, ["count", "send", "change"])
    assert await waiting.play() == []
    waiting.approvals.approve()
    assert await waiting.play() == [{}, {"sent": True}, {"changed": True}]
    assert sorted(waiting.counted) == ["change", "count", "send"]


async def test_an_approved_call_is_made_though_its_limit_is_reached_since() -> None:
    waiting = CallRound(TOOLS, ["send"], limits={"send": 1})
    await waiting.play()
    waiting.approvals.approve()
    assert await waiting.play() == [{"sent": True}]


async def test_a_call_beyond_its_limit_is_not_put_to_the_user_then_or_later() -> None:
    waiting = CallRound(TOOLS, ["send", "send"], limits={"send": 1})
    await waiting.play()
    assert list(waiting.approvals.calls) == [0]
    waiting.limits.clear()
    waiting.approvals.approve()
    sent, refused = await waiting.play()
    assert sent == {"sent": True}
    assert "call it again" in refused["error"]


async def test_a_call_that_its_preview_refused_is_not_put_to_the_user_when_the_others_were_decided() -> None:
    seen: list[bool] = []

    async def look_first(arguments: Nothing, context: ToolContext) -> dict[str, Any]:
        """Refuse the first time."""
        seen.append(True)
        if len(seen) == 1:
            raise ToolError("there is no such goal")
        return {}

    tools = {**TOOLS, "change": Tool(change, risk="write", preview=look_first)}
    waiting = CallRound(tools, ["change", "send"])
    await waiting.play()
    waiting.approvals.approve()
    refused, sent = await waiting.play()
    assert "call it again" in refused["error"]
    assert sent == {"sent": True}


async def test_a_preview_that_the_user_has_seen_is_not_made_again() -> None:
    made: list[bool] = []

    async def preview(arguments: Nothing, context: ToolContext) -> dict[str, Any]:
        """Count how often it is made."""
        made.append(True)
        return {}

    waiting = CallRound({"change": Tool(change, risk="write", preview=preview)}, ["change"])
    await waiting.play()
    waiting.approvals.approve()
    assert await waiting.play() == [{"changed": True}]
    assert len(made) == 1
