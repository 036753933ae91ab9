"""The turn is handed over whole, and the answer's id comes back."""

from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from pydantic import BaseModel

from graph.ports.memory import TurnRecord
from graph.state import Usage
from graph.tool import Tool, ToolContext
from nodes.persist import Persist
from tests.support.fakes.ports import (
    OWNER,
    RUN,
    SESSION,
    FakeChatModel,
    FakeToolRuntime,
    FakeTranscript,
    passage,
    roster_of,
    runtime_of,
    turn_of,
)


async def test_the_turn_is_recorded_with_its_owner_run_and_usage() -> None:
    messages: list[AnyMessage] = [HumanMessage("hi"), AIMessage("hello")]
    usage = Usage(prompt=7, completion=2, total=9, cost="0.001", source="provider")
    transcript = FakeTranscript()
    node = Persist(transcript, FakeChatModel([]), roster_of(model="large"), FakeToolRuntime({}))
    turn = await node(turn_of(*messages, usage=usage), runtime_of())
    assert turn == {"message_id": "message-1"}
    assert transcript.turns == [TurnRecord(OWNER, SESSION, RUN, 0, "tester", "model-large", messages, usage, [])]


async def look(arguments: BaseModel, context: ToolContext) -> dict[str, Any]:
    return {}


async def add(arguments: BaseModel, context: ToolContext) -> dict[str, Any]:
    return {}


async def test_what_brought_in_text_that_the_user_did_not_write_is_recorded() -> None:
    transcript = FakeTranscript()
    tools = FakeToolRuntime({"look": Tool(look, returns_untrusted_text=True), "add": Tool(add)})
    node = Persist(transcript, FakeChatModel([]), roster_of(), tools)
    read = [ToolMessage("{}", tool_call_id=name, name=name) for name in ("look", "add")]
    usage = Usage(prompt=0, completion=0, total=0, cost="0", source="provider")
    await node(turn_of(HumanMessage("hi"), *read, usage=usage, passages=[passage(1)]), runtime_of())
    assert [turn.untrusted_sources for turn in transcript.turns] == [["look", "stored texts"]]
