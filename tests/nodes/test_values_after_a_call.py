"""A value that a tool was given does not come back in clear: in no result, error or preview, nor in what a client shows."""

import json
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from graph.adapters.redaction.workers import InlineRedactor
from graph.testing.auto_approvals import AutoApprovals
from graph.testing.in_memory_vault import InMemoryVault
from graph.tool import DISPLAY, Tool, ToolContext, ToolError
from graph.turn.approval_gate import ApprovalGate
from graph.turn.delegation import DelegationDisabled
from graph.turn.tool_executor import ToolExecutor
from nodes.call_tools import CallTools
from tests.support.fakes.ports import OWNER, CapturedEvents, FakeToolRuntime, roster_of, runtime_of, turn_of
from tools.shared.arguments import ToolArguments

SAID = {
    "account": ("my account number is 4929123456", "4929123456"),
    "birth date": ("I was born on 12 March 1984", "12 March 1984"),
    "passport": ("my passport is C01X00T47", "C01X00T47"),
    "pin": ("my PIN is 4821", "4821"),
    "ssn without dashes": ("my ssn is 536904399", "536904399"),
    "security code": ("the cvv is 731", "731"),
    "name": ("I am Ximena Quiroga", "Ximena Quiroga"),
    "e-mail": ("mail x.quiroga@example.org", "x.quiroga@example.org"),
    "phone": ("call +49 30 1234567", "+49 30 1234567"),
    "password": ("my password is hunter2!", "hunter2!"),
    "address": ("I live at 12 Elm Street, Springfield", "12 Elm Street, Springfield"),
    "licence": ("my driving licence is D1234562", "D1234562"),
}
"""What a user says, and the value in it, which no rule knows without the words around."""


class Words(ToolArguments):
    words: str
    number: int = 0


async def repeat(arguments: Words, context: ToolContext) -> dict[str, Any]:
    """Repeat the words, in capitals and with other blanks, too."""
    spaced = " ".join(arguments.words.upper().split())
    number = int(arguments.words) if arguments.words.isdecimal() else 0
    table = {"type": "table", "title": arguments.words, "columns": ["shop"], "rows": [{"shop": arguments.words}]}
    return {"filters": {"merchant": arguments.words}, "spaced": f"<{spaced}>", "count": number, DISPLAY: table}


async def refuse(arguments: Words, context: ToolContext) -> dict[str, Any]:
    """Refuse, and say what was asked for."""
    raise ToolError(f"there is no shop called {arguments.words}")


async def change(arguments: Words, context: ToolContext) -> dict[str, Any]:
    """Change something, and repeat the words."""
    return await repeat(arguments, context)


async def preview(arguments: Words, context: ToolContext) -> dict[str, Any]:
    """What would change."""
    return {"changes": [{"before": None, "after": {"name": arguments.words}}]}


TOOLS = {
    "repeat": Tool(repeat),
    "refuse": Tool(refuse),
    "change": Tool(change, risk="write", preview=preview),
}


async def played(said: str, tool: str) -> tuple[str, str, str]:
    """The masked question, and all that a call of this tool with the first token of it left: messages and events."""
    redactor = InlineRedactor(InMemoryVault())
    [masked] = (await redactor.mask(OWNER, [said])).texts
    token = masked[masked.index("[") : masked.index("]") + 1]
    toolbox = FakeToolRuntime({tool: TOOLS[tool]})
    calls = ToolExecutor(toolbox, redactor, roster_of(tool), DelegationDisabled())
    node = CallTools(calls, ApprovalGate(AutoApprovals("approved"), calls))
    call = {"name": tool, "args": {"words": token}, "id": "call_0", "type": "tool_call"}
    heard = CapturedEvents()
    turn = await node(turn_of(HumanMessage(masked), AIMessage("", tool_calls=[call])), runtime_of(heard))
    messages = [str(message.content) for message in turn["messages"] if isinstance(message, ToolMessage)]
    return (
        token,
        json.dumps(messages, ensure_ascii=False),
        json.dumps([*heard, *(output.to_json() for output in toolbox.effects.values())], ensure_ascii=False),
    )


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("kind", SAID)
async def test_a_value_does_not_come_back(kind: str, tool: str) -> None:
    said, value = SAID[kind]
    token, messages, events = await played(said, tool)
    for left in (messages, events):
        assert token in left
        assert value.casefold() not in left.casefold()


@pytest.mark.parametrize("kind", SAID)
async def test_a_value_is_masked_in_a_later_message_without_the_words_around_it(kind: str) -> None:
    said, value = SAID[kind]
    redactor = InlineRedactor(InMemoryVault())
    [first] = (await redactor.mask(OWNER, [said])).texts
    token = first[first.index("[") : first.index("]") + 1]
    texts = [value, f"is {value} right?", f"<b>{value}</b>", f"({value.upper()})" if kind != "password" else ""]
    for later in (await redactor.mask(OWNER, texts)).texts:
        assert value.casefold() not in later.casefold()
        assert token in later or not later


async def test_a_value_is_not_known_to_another_user() -> None:
    redactor = InlineRedactor(InMemoryVault())
    await redactor.mask(OWNER, ["my account number is 4929123456"])
    assert (await redactor.mask("another", ["is 4929123456 right?"])).texts == ("is 4929123456 right?",)
