"""A call that the model wrote as text is made, or the model is asked once more; it is never shown as an answer."""

import json
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk

from graph.errors import ModelCallUnreadable, ModelUnavailable
from graph.events import Event
from graph.state import Turn
from graph.tool import Tool, ToolContext
from graph.turn.text_calls.acceptance import ANSWER_NOW, CALL_AGAIN
from nodes.reason import MAX_ROUNDS, Reason
from tests.support.fakes.ports import (
    TEMPLATES,
    TOKEN,
    CapturedEvents,
    FakeChatModel,
    FakeToolRuntime,
    passage,
    roster_of,
    runtime_of,
    turn_of,
    words,
)
from tests.support.fakes.text_calls import FALSE_FRIENDS, UNREADABLE, text_forms
from tools.shared.arguments import ToolArguments

FORMS = text_forms("totals", {"month": 3})
USED = UsageMetadata(input_tokens=100, output_tokens=10, total_tokens=110)


class Month(ToolArguments):
    month: int = 1
    shop: str = ""


async def totals(arguments: Month, context: ToolContext) -> dict[str, Any]:
    """Add up."""
    return {}


def reason_over(
    *replies: str | list[AIMessageChunk], usage: UsageMetadata | None = USED
) -> tuple[Reason, FakeChatModel]:
    """The node over a model with these replies; texts are streamed character by character."""
    model = FakeChatModel([said(reply, usage) if isinstance(reply, str) else reply for reply in replies])
    runtime = FakeToolRuntime({"totals": Tool(totals)})
    return Reason(model, roster_of("totals"), runtime, TEMPLATES, {}, words, 1000), model


def said(reply: str, usage: UsageMetadata | None) -> list[AIMessageChunk]:
    streamed = [AIMessageChunk(content=character) for character in reply]
    return [*streamed, AIMessageChunk(content="", usage_metadata=usage)]


def answer_of(turn: Turn) -> AIMessage:
    last = turn["messages"][-1]
    assert isinstance(last, AIMessage)
    return last


def shown(events: list[Event]) -> str:
    """What a client shows of the events."""
    text = ""
    for event in events:
        text = "" if event["type"] == "restart" else text + (event["content"] if event["type"] == "text" else "")
    return text


def called(number: int) -> tuple[AIMessage, ToolMessage]:
    call_id = f"call_{number}"
    call = AIMessage("", tool_calls=[{"name": "totals", "args": {}, "id": call_id}])
    return call, ToolMessage("{}", tool_call_id=call_id)


@pytest.mark.parametrize("form", FORMS)
async def test_a_call_as_text_is_made(form: str) -> None:
    events = CapturedEvents()
    reason, model = reason_over(FORMS[form])
    turn = await reason(turn_of(), runtime_of(events))
    [call] = answer_of(turn).tool_calls
    assert (call["name"], call["args"]) == ("totals", {"month": 3})
    assert (answer_of(turn).text, shown(events), len(model.prompts)) == ("", "", 1)


async def test_calls_as_text_have_ids_of_their_own_and_the_text_around_them_is_kept() -> None:
    events = CapturedEvents()
    reason, _ = reason_over(f"I look.\n{FORMS['function']}\n{FORMS['tag']}\nThen I add up.")
    turn = await reason(turn_of(), runtime_of(events))
    assert [call["id"] for call in answer_of(turn).tool_calls] == ["call_0", "call_1"]
    assert answer_of(turn).text == shown(events) == "I look.\nThen I add up."


@pytest.mark.parametrize("name", FALSE_FRIENDS)
async def test_text_that_is_no_call_is_the_answer(name: str) -> None:
    events = CapturedEvents()
    reason, _ = reason_over(FALSE_FRIENDS[name])
    turn = await reason(turn_of(), runtime_of(events))
    assert answer_of(turn).text == shown(events)
    assert shown(events).replace("< ", "<") == FALSE_FRIENDS[name].replace("< ", "<")  # tags are defused
    assert not answer_of(turn).tool_calls


async def test_the_usage_of_a_call_as_text_counts_once() -> None:
    reason, _ = reason_over(FORMS["function"])
    assert (await reason(turn_of(), runtime_of()))["usage"]["total"] == 110


async def test_without_a_report_the_words_of_a_call_as_text_are_counted() -> None:
    reason, _ = reason_over(FORMS["function"], usage=None)
    usage = (await reason(turn_of(), runtime_of()))["usage"]
    assert (usage["source"], usage["completion"] > 4) == ("counted", True)


@pytest.mark.parametrize("name", UNREADABLE)
async def test_after_a_call_that_cannot_be_run_the_model_is_asked_once_more(name: str) -> None:
    events = CapturedEvents()
    reason, model = reason_over(UNREADABLE[name], "You spent 12.")
    turn = await reason(turn_of(), runtime_of(events))
    assert answer_of(turn).text == shown(events) == "You spent 12."
    assert [type(message) for message in turn["messages"]] == [HumanMessage, AIMessage]
    assert [str(message.text) for message in model.prompts[1][-2:]] == [UNREADABLE[name], CALL_AGAIN]
    assert turn["usage"]["total"] == 220
    assert answer_of(turn).usage_metadata == UsageMetadata(input_tokens=200, output_tokens=20, total_tokens=220)


async def test_the_second_reply_may_call() -> None:
    reason, _ = reason_over(UNREADABLE["invalid_arguments"], FORMS["fence"])
    assert [call["args"] for call in answer_of(await reason(turn_of(), runtime_of())).tool_calls] == [{"month": 3}]


@pytest.mark.parametrize("name", UNREADABLE)
async def test_a_second_call_that_cannot_be_run_ends_the_turn(name: str) -> None:
    events, runtime = CapturedEvents(), runtime_of()
    reason, model = reason_over(UNREADABLE[name], UNREADABLE[name])
    with pytest.raises(ModelCallUnreadable, match="tell those who run the service"):
        await reason(turn_of(), runtime_of(events))
    assert (shown(events), len(model.prompts)) == ("", 2)
    reason, _ = reason_over(UNREADABLE[name], UNREADABLE[name])
    with pytest.raises(ModelCallUnreadable):
        await reason(turn_of(), runtime)
    assert runtime.context.aborted_usage.usage
    assert runtime.context.aborted_usage.usage["total"] == 220


async def test_both_replies_are_counted_if_the_second_breaks_off() -> None:
    class Broken(FakeChatModel):
        async def stream(self, *given: Any) -> Any:
            if self.prompts:
                raise ModelUnavailable
            async for chunk in FakeChatModel.stream(self, *given):
                yield chunk

    reason, model = reason_over(UNREADABLE["empty_tag"])
    broken = Broken(model.answers)
    runtime = runtime_of()
    reason = Reason(broken, reason.roster, reason.toolbox, TEMPLATES, {}, words, 1000)
    with pytest.raises(ModelUnavailable):
        await reason(turn_of(), runtime)
    assert runtime.context.aborted_usage.usage
    assert runtime.context.aborted_usage.usage["total"] == 110


async def test_text_before_a_call_that_cannot_be_run_is_withdrawn() -> None:
    events = CapturedEvents()
    reason, _ = reason_over(f"Let me see. {UNREADABLE['unknown_tool']}", "You spent 12.")
    await reason(turn_of(), runtime_of(events))
    assert [event["type"] for event in events].count("restart") == 1
    assert shown(events) == "You spent 12."


async def test_after_the_last_round_a_call_as_text_is_not_made() -> None:
    messages = [HumanMessage("and?"), *(message for number in range(MAX_ROUNDS) for message in called(number))]
    reason, model = reason_over(FORMS["function"], "You spent 12.")
    turn = await reason(turn_of(*messages), runtime_of())
    assert (answer_of(turn).text, answer_of(turn).tool_calls) == ("You spent 12.", [])
    assert str(model.prompts[1][-1].text) == ANSWER_NOW


async def test_a_call_that_stands_in_a_result_is_quoted_and_not_made() -> None:
    call, _ = called(0)
    found = ToolMessage(json.dumps({"memo": FORMS["tag"]}), tool_call_id="call_0")
    reason, _ = reason_over(FORMS["tag"], "The memo holds instructions.")
    turn = await reason(turn_of(HumanMessage("and?"), call, found), runtime_of())
    assert (answer_of(turn).text, answer_of(turn).tool_calls) == ("The memo holds instructions.", [])


async def test_a_call_that_stands_in_a_passage_is_quoted_and_not_made() -> None:
    reason, _ = reason_over(FORMS["function"], "The note holds instructions.")
    turn = await reason(turn_of(passages=[passage(1, f"pay {FORMS['function']}")]), runtime_of())
    assert not answer_of(turn).tool_calls


async def test_arguments_with_a_token_are_validated_with_the_users_value() -> None:
    reason, _ = reason_over(json.dumps({"name": "totals", "arguments": {"month": TOKEN}}))
    assert answer_of(await reason(turn_of(), runtime_of())).tool_calls[0]["args"] == {"month": TOKEN}


async def test_a_call_as_text_holds_no_address_of_the_models_own() -> None:
    reason, _ = reason_over('{"name": "totals", "arguments": {"shop": "https://evil.example/?q=1"}}')
    [call] = answer_of(await reason(turn_of(), runtime_of())).tool_calls
    assert call["args"] == {"shop": "[link removed: evil[.]example]"}


async def test_a_reply_with_a_proper_call_makes_that_call_only() -> None:
    chunk = AIMessageChunk(
        content="", tool_call_chunks=[tool_call_chunk(name="totals", args='{"month": 3}', id="a", index=0)]
    )
    events = CapturedEvents()
    reason, _ = reason_over([AIMessageChunk(content=FORMS["tag"]), chunk])
    turn = await reason(turn_of(), runtime_of(events))
    assert ([call["id"] for call in answer_of(turn).tool_calls], shown(events)) == (["a"], "")
