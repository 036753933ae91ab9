"""What a provider that speaks OpenAI's protocol is sent, and how what it says is read."""

import json
import re

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

from graph.errors import ModelError
from tests.support.fakes.provider import END, Provider, text
from tools.catalog import CATALOG

QUERY = next(tool for tool in CATALOG if tool.name == "transactions_query")


async def test_a_request_carries_the_key_the_conversation_the_tools_and_the_settings() -> None:
    provider = Provider([text("hi"), END])
    call = {"name": "transactions_query", "args": {"merchant": "Cafe"}, "id": "call_1", "type": "tool_call"}
    await provider.say(
        SystemMessage("be brief"),
        HumanMessage("how much?"),
        AIMessage("", tool_calls=[call]),
        ToolMessage("5.00 USD", tool_call_id="call_1"),
        tools=[QUERY],
    )
    [head], [body] = provider.heads, provider.bodies
    assert head.startswith("POST /v1/chat/completions ")
    assert re.search("^authorization: bearer sk-of-a-test\r$", head, re.IGNORECASE | re.MULTILINE)
    assert [message["role"] for message in body["messages"]] == ["system", "user", "assistant", "tool"]
    assert json.loads(body["messages"][2]["tool_calls"][0]["function"]["arguments"]) == {"merchant": "Cafe"}
    assert body["tools"] == [QUERY.schema()]
    assert (body["model"], body["temperature"], body["max_completion_tokens"]) == ("gpt-4o-mini", 0, 7)
    assert (body["stream"], body["stream_options"]) == (True, {"include_usage": True})


async def test_what_a_chunk_need_not_say_may_be_missing() -> None:
    usage = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}}
    nulls = {
        "id": None,
        "model": None,
        "usage": None,
        "choices": [{"index": 0, "delta": {"content": "!"}, "logprobs": None}],
    }
    heard = await Provider([text("hi"), nulls, END, usage]).say()
    assert "".join(str(chunk.text) for chunk in heard) == "hi!"
    used = [chunk.usage_metadata for chunk in heard if chunk.usage_metadata]
    assert [(each["input_tokens"], each["output_tokens"]) for each in used] == [(3, 2)]


@pytest.mark.parametrize(
    "line",
    [["a", "list"], "a text", 7, {"choices": "none"}, {"choices": [None]}, {"error": {"message": "no"}}],
    ids=str,
)
async def test_what_is_no_chunk_ends_the_answer_with_an_error(line: object) -> None:
    with pytest.raises(ModelError):
        await Provider([text("hi"), line, END]).say()
