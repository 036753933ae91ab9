"""An OpenAI-style model on loopback that does what the user's last message tells it to.

A message says so in double brackets: `[[call NAME {json}]]` (several make parallel calls), `[[rounds 2 NAME {json}]]` (so many
rounds of that call, as long as tools are offered), `[[status 500]]`, `[[hang]]`, `[[cut]]` (the stream ends too early),
`[[break]]` (its connection breaks), `[[slow 0.05]]` (seconds between words), `[[silent]]` (an empty answer), `[[say TEXT]]`,
`[[raw TEXT]]` (the same, with the escapes of JSON). `[[then ORDER]]` is an order for the request after a tool's result.
Without any it repeats the message, or the tool's result. Asked for a summary it gives one, `[[summary {json}]]` if the
conversation says so, none if it says `[[no summary]]`.
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

SUMMARY = "running summary"
"""How the prompt of the summary job is known."""
GIVEN_SUMMARY = json.dumps({"summary": "They spoke of a heliotrope plan.", "key_facts": ["The plan is heliotrope."]})

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

    def asked(self, words: str) -> list[dict[str, Any]]:
        """The turns' requests whose last message of the user holds these words, in order."""
        return [body for body in self.requests if words in question(body) and not wants_summary(body)]


def question(body: dict[str, Any]) -> str:
    """The last message of the user."""
    return next((said["content"] for said in reversed(body["messages"]) if said["role"] == "user"), "")


def wants_summary(body: dict[str, Any]) -> bool:
    return SUMMARY in body["messages"][0]["content"]


def told_summary(text: str) -> str:
    return next((argument for order, argument in ORDER.findall(text) if order == "summary"), GIVEN_SUMMARY)


async def respond(body: dict[str, Any]) -> Response:
    last = body["messages"][-1]
    text = last["content"] or ""
    if wants_summary(body):
        orders = [("say", "no" if "[[no summary]]" in text else told_summary(text))]
    elif last["role"] == "user":
        orders = ORDER.findall(text)
    else:
        orders = [tuple(order.partition(" ")[::2]) for name, order in ORDER.findall(question(body)) if name == "then"]
    orders += more_rounds(body)
    settings = dict(orders)
    if "status" in settings:
        return JSONResponse({"error": {"message": "scripted"}}, status_code=int(settings["status"]))
    if "hang" in settings:
        await asyncio.sleep(60)
    calls = [argument.partition(" ")[::2] for order, argument in orders if order == "call"]
    return StreamingResponse(stream(text, settings, calls), media_type="text/event-stream")


def more_rounds(body: dict[str, Any]) -> list[tuple[str, str]]:
    """The call to make now, if the user's message asks for more rounds than there were."""
    wanted = next((argument for order, argument in ORDER.findall(question(body)) if order == "rounds"), "0 ")
    rounds, _, call = wanted.partition(" ")
    messages = body["messages"]
    start = max(index for index, said in enumerate(messages) if said["role"] == "user")
    made = sum(1 for said in messages[start:] if said.get("tool_calls"))
    return [("call", call)] if made < int(rounds) and body.get("tools") else []


async def stream(text: str, settings: dict[str, str], calls: list[tuple[str, str]]) -> AsyncIterator[bytes]:
    yield chunk({"role": "assistant", "content": ""})
    if calls:
        for index, (name, arguments) in enumerate(calls):
            function = {"name": name, "arguments": arguments or "{}"}
            yield chunk(
                {"tool_calls": [{"index": index, "id": f"call_{index}", "type": "function", "function": function}]}
            )
    elif "silent" not in settings:
        said = json.loads(f'"{settings["raw"]}"') if "raw" in settings else settings.get("say", text)
        for word in re.findall(r"\S+\s*", said):
            await asyncio.sleep(float(settings.get("slow", 0)))
            yield chunk({"content": word})
    if "break" in settings:
        raise ConnectionAbortedError
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
