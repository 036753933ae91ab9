"""A provider that speaks OpenAI's protocol in its own way: it answers each request with the same lines."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessageChunk, HumanMessage
from pydantic import SecretStr

from graph.adapters.models.langchain import LangChainModel, openai_model
from graph.ports.models import ModelSettings
from graph.tool import Tool

END = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


@dataclass
class Provider:
    """Answers each request with the same data lines, and keeps what it was sent."""

    lines: Sequence[object]
    """Bytes are sent as they are, everything else as a line of data."""
    heads: list[str] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)

    def respond(self, body: dict[str, Any]) -> bytes:
        """The response to a request."""
        sent = (line if isinstance(line, bytes) else b"data: %s\n\n" % json.dumps(line).encode() for line in self.lines)
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
        return head + b"".join(sent) + b"data: [DONE]\n\n"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
        assert length
        self.heads.append(head)
        self.bodies.append(json.loads(await reader.readexactly(int(length[1]))))
        writer.write(self.respond(self.bodies[-1]))
        writer.close()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self.answer, "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        finally:
            server.close()

    @asynccontextmanager
    async def model(self, *, typed: bool = False, **options: Any) -> AsyncIterator[LangChainModel]:
        """A model of this provider; `typed` reads its answers with the official client's own models."""
        async with self.serving() as address:
            client = openai_model(
                "gpt-4o-mini", key=SecretStr("sk-of-a-test"), base_url=address, timeout=5, raw=not typed
            )
            options = {"first_token": 5, "total": 5, "attempts": 1, **options}
            yield LangChainModel({"small": client}, {"small": "gpt-4o-mini"}, **options)
            await client.root_async_client.close()

    async def say(self, *messages: Any, tools: Sequence[Tool] = (), typed: bool = False) -> list[AIMessageChunk]:
        async with self.model(typed=typed) as model:
            settings = ModelSettings(temperature=0, max_tokens=7)
            return [chunk async for chunk in model.stream(messages or [HumanMessage("hello")], tools, settings)]


def text(content: object) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": content}}]}
