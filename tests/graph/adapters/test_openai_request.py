"""What a provider that speaks OpenAI's protocol is sent, and how what it says is read."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage, ToolMessage
from pydantic import SecretStr

from graph.adapters.chat_models import LangChainModel, openai_model
from graph.errors import ModelError
from graph.ports import ModelSettings
from graph.tool import Tool
from tools.catalog import CATALOG

pytestmark = pytest.mark.anyio

END = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
QUERY = next(tool for tool in CATALOG if tool.name == "transactions_query")


@dataclass
class Provider:
    """Answers each request with the same data lines, and keeps what it was sent."""

    lines: Sequence[object]
    heads: list[str] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
        assert length
        self.heads.append(head)
        self.bodies.append(json.loads(await reader.readexactly(int(length[1]))))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        writer.write(b"".join(b"data: %s\n\n" % json.dumps(line).encode() for line in self.lines) + b"data: [DONE]\n\n")
        writer.close()

    @asynccontextmanager
    async def model(self) -> AsyncIterator[LangChainModel]:
        server = await asyncio.start_server(self.answer, "127.0.0.1", 0)
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        client = openai_model("gpt-4o-mini", key=SecretStr("sk-of-a-test"), base_url=address, timeout=5)
        try:
            yield LangChainModel({"small": client}, {"small": "gpt-4o-mini"}, first_token=5, total=5, attempts=1)
        finally:
            await client.root_async_client.close()
            server.close()

    async def say(self, *messages: Any, tools: Sequence[Tool] = ()) -> list[AIMessageChunk]:
        async with self.model() as model:
            settings = ModelSettings(temperature=0, max_tokens=7)
            return [chunk async for chunk in model.stream(messages or [HumanMessage("hello")], tools, settings)]


def text(content: str) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": content}}]}


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
