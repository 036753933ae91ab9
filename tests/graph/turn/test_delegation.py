"""A conversation moves to a colleague, or one is asked: only those who are listed, and with their own prompt and tools."""

import asyncio
import datetime as dt
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, ToolCall, ToolMessage
from langchain_core.messages.tool import tool_call_chunk

from employees.roster import Roster
from graph.ports.models import ModelSettings
from graph.ports.tools import DelegationPort
from graph.state import Turn
from graph.testing.auto_approvals import AutoApprovals
from graph.tool import Tool, ToolContext
from graph.turn.approval_gate import ApprovalGate
from graph.turn.delegation import MAX_CONCURRENT, Delegation, ReadOnlyPolicy
from graph.turn.tool_executor import ToolExecutor
from nodes.call_tools import CallTools
from nodes.reason import Reason
from tests.support.fakes.ports import (
    NAME,
    TEMPLATES,
    TOKEN,
    CapturedEvents,
    FakeToolRuntime,
    OneNameRedactor,
    employee_of,
    runtime_of,
    turn_of,
    words,
)
from tools import delegate_to_employee, handoff_to_employee
from tools.shared.arguments import ToolArguments

BOTH = ("handoff_to_employee", "delegate_to_employee")
ROSTER = Roster(
    [
        employee_of(*BOTH, handoff_to=("ledger",)),
        employee_of(
            "look", "change", *BOTH, slug="ledger", name="Ledger", prompt="You are Ledger.", handoff_to=("crystal",)
        ),
        employee_of("look", *BOTH, slug="crystal", name="Crystal", prompt="You are Crystal.", handoff_to=("ledger",)),
    ]
)


class Nothing(ToolArguments):
    """No arguments."""


async def look(arguments: Nothing, context: ToolContext) -> dict[str, Any]:
    """Look."""
    return {"seen": "42.00", "today": context.today}


async def change(arguments: Nothing, context: ToolContext) -> dict[str, Any]:
    """Change."""
    raise AssertionError("it was changed")


TOOLS = {
    tool.name: tool
    for tool in (Tool(look), Tool(change, risk="write"), handoff_to_employee.TOOL, delegate_to_employee.TOOL)
}

Says = str | tuple[str, Mapping[str, Any]]
"""A text, or a call with its arguments."""


@dataclass
class Persons:
    """Port `ChatModel`: each employee says what is written for them, by the words of their prompt."""

    lines: Mapping[str, Sequence[Says]]
    heard: list[str] = field(default_factory=list)
    """All that was read by anybody."""
    seconds: float = 0.0

    def name(self, settings: ModelSettings) -> str:
        return "model"

    async def stream(
        self, messages: Sequence[BaseMessage], tools: Sequence[Tool], settings: ModelSettings
    ) -> AsyncIterator[AIMessageChunk]:
        await asyncio.sleep(self.seconds)
        self.heard += [str(message.content) for message in messages]
        [lines] = [lines for prompt, lines in self.lines.items() if prompt in str(messages[0].content)]
        said = sum(isinstance(message, AIMessage) for message in messages)
        match lines[min(said, len(lines) - 1)]:
            case str() as text:
                yield AIMessageChunk(content=text, chunk_position="last")
            case name, arguments:
                call = tool_call_chunk(name=name, args=json.dumps(arguments), id="c", index=0)
                yield AIMessageChunk(content="", tool_call_chunks=[call], chunk_position="last")


def act_with(model: Persons) -> CallTools:
    tools, redactor = FakeToolRuntime(TOOLS), OneNameRedactor()

    def calls_with(delegation: DelegationPort) -> ToolExecutor:
        return ToolExecutor(tools, redactor, ROSTER, delegation)

    def reading(delegation: DelegationPort) -> CallTools:
        return CallTools(calls_with(delegation), ReadOnlyPolicy())

    reason = Reason(model, ROSTER, tools, TEMPLATES, {}, words, 6000)
    calls = calls_with(Delegation(reason, reading, redactor))
    return CallTools(calls, ApprovalGate(AutoApprovals(), calls))


async def call(
    name: str, model: Persons | None = None, heard: CapturedEvents | None = None, by: str = "tester", **arguments: Any
) -> Turn:
    asked = AIMessage("", tool_calls=[{"name": name, "args": arguments, "id": "call_0", "type": "tool_call"}])
    return await act_with(model or Persons({}))(turn_of(HumanMessage("?"), asked), runtime_of(heard, employee=by))


def result(turn: Turn) -> Any:
    last = turn["messages"][-1]
    assert isinstance(last, ToolMessage)
    return json.loads(str(last.content))


MOVE: dict[str, Any] = {"employee": "ledger", "reason": "It is about taxes.", "summary": f"{NAME} asks about 2025."}


def ask(*questions: tuple[str, str]) -> dict[str, Any]:
    return {"questions": [{"employee": slug, "question": question} for slug, question in questions]}


# Hand-off


async def test_after_a_handoff_the_colleague_speaks_and_the_client_is_told() -> None:
    heard = CapturedEvents()
    turn = await call("handoff_to_employee", heard=heard, **MOVE)
    assert turn["speaker"] == "ledger"
    assert heard.of("handoff") == [
        {"type": "handoff", "from": "tester", "to": "ledger", "reason": "It is about taxes."}
    ]


async def test_the_colleague_reads_the_summary_masked() -> None:
    turn = await call("handoff_to_employee", **MOVE)
    assert result(turn)["handoff"]["summary"] == f"{TOKEN} asks about 2025."


@pytest.mark.parametrize("name", ["crystal", "nobody", "tester", "everybody"])
async def test_nobody_is_handed_to_whom_the_file_does_not_list(name: str) -> None:
    turn = await call("handoff_to_employee", **{**MOVE, "employee": name})
    assert turn["speaker"] == ""
    assert result(turn) == {"error": "there is no such colleague to turn to; there are: ledger"}


async def test_the_one_who_was_handed_to_answers_with_own_prompt_and_tools() -> None:
    model = Persons({"You are Ledger.": ["Here is Ledger."]})
    reason = Reason(model, ROSTER, FakeToolRuntime(TOOLS), TEMPLATES, {}, words, 6000)
    turn = await reason(turn_of(HumanMessage("?"), speaker="ledger"), runtime_of(employee="tester"))
    assert turn["messages"][-1].text == "Here is Ledger."


async def test_whoever_can_turn_to_colleagues_is_told_who_they_are() -> None:
    model = Persons({"You test.": ["hello"]})
    reason = Reason(model, ROSTER, FakeToolRuntime(TOOLS), TEMPLATES, {}, words, 6000)
    await reason(turn_of(HumanMessage("?")), runtime_of(employee="tester"))
    assert "COLLEAGUES\n- ledger: Ledger, Tester" in model.heard[0]


# Delegation


async def test_a_colleague_answers_with_own_prompt_and_tools() -> None:
    heard = CapturedEvents()
    model = Persons({"You are Ledger.": [("look", {}), "It is 42.00."]})
    turn = await call("delegate_to_employee", model, heard, **ask(("ledger", "How much?")))
    [answer] = result(turn)["answers"]
    assert (answer["status"], answer["answer"], answer["tools"]) == ("ok", "It is 42.00.", ["look"])
    [told] = heard.of("delegate")
    assert (told["from"], told["to"], told["answer"]) == ("tester", "ledger", "It is 42.00.")


async def test_what_a_colleague_took_counts_for_the_turn() -> None:
    model = Persons({"You are Ledger.": ["one two three"]})
    turn = await call("delegate_to_employee", model, **ask(("ledger", "How much?")))
    assert turn["usage"]["completion"] > 0
    assert turn["usage"]["total"] == result(turn)["answers"][0]["usage"]["total"]


async def test_a_colleague_reads_a_masked_question_and_nothing_of_the_conversation() -> None:
    model = Persons({"You are Ledger.": ["no"]})
    await call("delegate_to_employee", model, **ask(("ledger", f"What of {NAME}?")))
    assert f"What of {TOKEN}?" in model.heard
    assert NAME not in "".join(model.heard)


async def test_a_colleague_changes_nothing() -> None:
    model = Persons({"You are Ledger.": [("change", {}), "I would change it."]})
    turn = await call("delegate_to_employee", model, **ask(("ledger", "Change it.")))
    assert result(turn)["answers"][0]["answer"] == "I would change it."
    assert any("change changes something" in text for text in model.heard)


async def test_three_colleagues_are_asked_at_once_and_four_are_too_many() -> None:
    model = Persons({"You are Ledger.": ["yes"]}, seconds=0.1)
    began = asyncio.get_running_loop().time()
    turn = await call("delegate_to_employee", model, **ask(*[("ledger", f"{number}?") for number in range(3)]))
    assert len(result(turn)["answers"]) == 3
    assert asyncio.get_running_loop().time() - began < 0.28
    assert "error" in result(await call("delegate_to_employee", model, **ask(*[("ledger", "?")] * 4)))


@dataclass
class AtWork(Persons):
    """Persons who answer when as many of them are at work as may be at the same time."""

    now: set[int] = field(default_factory=set)
    most: int = 0
    meet: asyncio.Barrier = field(default_factory=lambda: asyncio.Barrier(MAX_CONCURRENT))

    async def stream(
        self, messages: Sequence[BaseMessage], tools: Sequence[Tool], settings: ModelSettings
    ) -> AsyncIterator[AIMessageChunk]:
        self.now.add(id(messages))
        self.most = max(self.most, len(self.now))
        await self.meet.wait()
        self.now.discard(id(messages))
        async for chunk in super().stream(messages, tools, settings):
            yield chunk


async def test_three_colleagues_work_for_a_turn_at_the_same_time_whatever_the_calls_of_its_round() -> None:
    model = AtWork({"You are Ledger.": ["yes"]})
    questions = ask(*[("ledger", f"{number}?") for number in range(3)])
    calls = [ToolCall(name="delegate_to_employee", args=questions, id=f"call_{number}") for number in range(4)]
    turn = await act_with(model)(turn_of(HumanMessage("?"), AIMessage("", tool_calls=calls)), runtime_of())
    answers = [answer for message in turn["messages"][-4:] for answer in json.loads(str(message.content))["answers"]]
    assert [answer["status"] for answer in answers] == ["ok"] * 12
    assert model.most == MAX_CONCURRENT


async def test_turns_do_not_wait_for_the_colleagues_of_another_turn() -> None:
    model = AtWork({"You are Ledger.": ["yes"]}, meet=asyncio.Barrier(2 * MAX_CONCURRENT))
    asked = AIMessage(
        "", tool_calls=[ToolCall(name="delegate_to_employee", args=ask(*[("ledger", "?")] * 3), id="call_0")]
    )
    act = act_with(model)
    turns = [act(turn_of(HumanMessage("?"), asked), runtime_of(run_id=run_id)) for run_id in ("one", "other")]
    answers = [answer for turn in await asyncio.gather(*turns) for answer in result(turn)["answers"]]
    assert [answer["status"] for answer in answers] == ["ok"] * 6


async def test_colleagues_who_all_ask_more_come_to_answers() -> None:
    deeper = ask(*[("crystal", "And you?")] * 3)
    model = Persons({"You are Ledger.": [("delegate_to_employee", deeper), "done"], "You are Crystal.": ["no"]})
    turn = await call("delegate_to_employee", model, **ask(*[("ledger", "?")] * 3))
    assert [answer["answer"] for answer in result(turn)["answers"]] == ["done"] * 3


async def test_a_colleague_may_ask_one_more_and_that_one_nobody() -> None:
    deeper, deepest = ask(("crystal", "And you?")), ask(("ledger", "And you again?"))
    model = Persons(
        {
            "You are Ledger.": [("delegate_to_employee", deeper), "Crystal says no."],
            "You are Crystal.": [("delegate_to_employee", deepest), "no"],
        }
    )
    turn = await call("delegate_to_employee", model, **ask(("ledger", "How much?")))
    assert result(turn)["answers"][0]["answer"] == "Crystal says no."
    assert any("you were asked by a colleague yourself" in text for text in model.heard)


async def test_a_colleague_who_takes_too_long_is_left_at_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graph.turn.delegation.TIMEOUT_SECONDS", 0.05)
    model = Persons({"You are Ledger.": ["late"]}, seconds=1)
    turn = await call("delegate_to_employee", model, **ask(("ledger", "How much?")))
    assert result(turn)["answers"][0]["status"] == "timeout"
    assert turn["usage"]["prompt"] == result(turn)["answers"][0]["usage"]["prompt"] > 0, "what was asked is paid"


async def test_a_colleague_who_calls_without_end_is_left_at_that() -> None:
    model = Persons({"You are Ledger.": [("look", {})]})
    turn = await call("delegate_to_employee", model, **ask(("ledger", "How much?")))
    assert result(turn)["answers"][0]["status"] == "unfinished"


async def test_the_day_is_that_of_the_turn() -> None:
    model = Persons({"You are Ledger.": [("look", {}), "done"]})
    await call("delegate_to_employee", model, **ask(("ledger", "When?")))
    assert any(str(dt.date(2026, 11, 23)) in text for text in model.heard)
