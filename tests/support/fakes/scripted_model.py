"""An OpenAI-style model on loopback that does what the user's last message tells it to.

A message says so in double brackets: `[[call NAME {json}]]` (several make parallel calls), `[[rounds 2 NAME {json}]]` (so many
rounds of that call, as long as tools are offered), `[[status 500]]` (`[[retry_after 1]]` adds that header), `[[hang]]`,
`[[cut]]` (the stream ends too early), `[[break]]` (its connection breaks), `[[garbage]]` (its JSON breaks), `[[stall]]` (it
falls silent), `[[slow 0.05]]` (seconds between words), `[[silent]]` (no words), `[[say TEXT]]`, `[[raw TEXT]]` (the same, with
the escapes of JSON), `[[utf8]]` (sent without escapes), `[[halves]]` (the arguments of a call come in two parts),
`[[end length]]` (why it ends), `[[odd NAME]]` (one of `odd_streams`), `[[body {json}]]` (of a status). `[[then ORDER]]` is an
order for the request after a tool's result, `[[still ORDER]]` one for the request after a rejected call, `[[once ORDER]]` one
for the first of equal requests, `[[only MODEL ORDER]]` one for a model of this name. Without any it repeats the message, or
the tool's result. Asked for a summary it gives one, `[[summary {json}]]` if the conversation says so, none if it says
`[[no summary]]`.
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

from graph.turn.text_calls.acceptance import CALL_AGAIN
from tests.support.fakes.odd_streams import written

SUMMARY = "running summary"
"""How the prompt of the summary job is known."""
GIVEN_SUMMARY = json.dumps({"summary": "They spoke of a heliotrope plan.", "key_facts": ["The plan is heliotrope."]})

DONE = b"data: [DONE]\n\n"

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
            again = body in self.requests
            self.requests.append(body)
            return await respond(body, again)

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


async def respond(body: dict[str, Any], again: bool = False) -> Response:
    last = body["messages"][-1]
    text = last["content"] or ""
    if wants_summary(body):
        orders = [("say", "no" if "[[no summary]]" in text else told_summary(text))]
    elif text == CALL_AGAIN:
        earlier = question({"messages": body["messages"][:-1]})
        orders = [order.partition(" ")[::2] for name, order in ORDER.findall(earlier) if name == "still"]
    elif last["role"] == "user":
        orders = ORDER.findall(text)
    else:
        orders = [tuple(order.partition(" ")[::2]) for name, order in ORDER.findall(question(body)) if name == "then"]
    orders += more_rounds(body)
    orders += in_force(orders, body["model"], again)
    settings = dict(orders)
    if "status" in settings:
        headers = {"Retry-After": settings["retry_after"]} if "retry_after" in settings else {}
        content = json.loads(settings.get("body", '{"error": {"message": "scripted"}}'))
        return JSONResponse(content, int(settings["status"]), headers)
    if "hang" in settings:
        await asyncio.sleep(60)
    if "odd" in settings:
        return Response(b"".join(written(settings["odd"])), media_type="text/event-stream")
    calls = [argument.partition(" ")[::2] for order, argument in orders if order == "call"]
    parts = stream(text, settings, calls)
    if "utf8" in settings:
        parts = (unescaped(part) async for part in parts)
    return StreamingResponse(parts, media_type="text/event-stream")


def in_force(orders: list[tuple[str, str]], model: str, again: bool) -> Iterator[tuple[str, str]]:
    """The orders that are only for the first of equal requests, or for one model, as far as they are for this request."""
    for name, order in list(orders):
        if name == "once" and not again:
            yield order.partition(" ")[::2]
        elif name == "only" and order.startswith(f"{model} "):
            yield order.removeprefix(f"{model} ").partition(" ")[::2]


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
            written = arguments or "{}"
            half = len(written) // 2 if "halves" in settings else len(written)
            function = {"name": name, "arguments": written[:half]}
            yield chunk(
                {"tool_calls": [{"index": index, "id": f"call_{index}", "type": "function", "function": function}]}
            )
            if rest := written[half:]:
                yield chunk({"tool_calls": [{"index": index, "function": {"arguments": rest}}]})
    elif "silent" not in settings:
        said = json.loads(f'"{settings["raw"]}"') if "raw" in settings else settings.get("say", text)
        for word in re.findall(r"\S+\s*", said):
            await asyncio.sleep(float(settings.get("slow", 0)))
            yield chunk({"content": word})
    if "stall" in settings:
        await asyncio.sleep(60)
    if "break" in settings:
        raise ConnectionAbortedError
    if "garbage" in settings:
        yield b'data: {"choices": [\n\n'
    if "cut" in settings:
        return
    yield chunk({}, settings.get("end", "tool_calls" if calls else "stop"))
    yield line({"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}})
    yield DONE


def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    return line({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def unescaped(part: bytes) -> bytes:
    """The same part, with its characters in UTF-8 instead of JSON's escapes."""
    if part == DONE:
        return part
    return b"data: " + json.dumps(json.loads(part.removeprefix(b"data: ")), ensure_ascii=False).encode() + b"\n\n"


def line(part: dict[str, Any]) -> bytes:
    whole = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 0, "model": "scripted", **part}
    return b"data: " + json.dumps(whole).encode() + b"\n\n"
