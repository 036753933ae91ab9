"""An OpenAI-style model on loopback that does what the user's last message tells it to.

A message says so in double brackets: `[[call NAME {json}]]` (several make parallel calls), `[[status 500]]`, `[[hang]]`,
`[[cut]]` (the stream breaks off), `[[slow 0.05]]` (seconds between words), `[[silent]]` (an empty answer), `[[say TEXT]]`.
Without any it repeats the message. After a tool's result it repeats that result.
"""

import asyncio
import json
import re
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

ORDER = re.compile(r"\[\[(\w+) ?(.*?)\]\]", re.DOTALL)


class ScriptedModel:
    """The endpoint, and what reached it."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.address = ""

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/v1/chat/completions")
        async def complete(request: Request) -> Response:
            body = await request.json()
            self.requests.append(body)
            return await respond(body)

        return app

    @contextmanager
    def serving(self) -> Iterator["ScriptedModel"]:
        server = uvicorn.Server(uvicorn.Config(self.app(), port=0, log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            threading.Event().wait(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        self.address = f"http://127.0.0.1:{port}/v1"
        try:
            yield self
        finally:
            server.should_exit = server.force_exit = True
            thread.join(5)


async def respond(body: dict[str, Any]) -> Response:
    last = body["messages"][-1]
    text = last["content"] or ""
    orders = ORDER.findall(text) if last["role"] == "user" else []
    settings = dict(orders)
    if "status" in settings:
        return JSONResponse({"error": {"message": "scripted"}}, status_code=int(settings["status"]))
    if "hang" in settings:
        await asyncio.sleep(60)
    calls = [argument.partition(" ")[::2] for order, argument in orders if order == "call"]
    return StreamingResponse(stream(text, settings, calls), media_type="text/event-stream")


async def stream(text: str, settings: dict[str, str], calls: list[tuple[str, str]]) -> AsyncIterator[bytes]:
    yield chunk({"role": "assistant", "content": ""})
    if calls:
        for index, (name, arguments) in enumerate(calls):
            function = {"name": name, "arguments": arguments or "{}"}
            yield chunk(
                {"tool_calls": [{"index": index, "id": f"call_{index}", "type": "function", "function": function}]}
            )
    elif "silent" not in settings:
        for word in re.findall(r"\S+\s*", settings.get("say", text)):
            await asyncio.sleep(float(settings.get("slow", 0)))
            yield chunk({"content": word})
    if "cut" in settings:
        return
    yield chunk({}, "tool_calls" if calls else "stop")
    yield line({"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}})
    yield b"data: [DONE]\n\n"


def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    return line({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def line(part: dict[str, Any]) -> bytes:
    whole = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 0, "model": "scripted", **part}
    return b"data: " + json.dumps(whole).encode() + b"\n\n"
