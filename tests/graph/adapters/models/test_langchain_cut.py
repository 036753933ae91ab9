"""A stream that is cut after any byte: a whole answer, or an error; never half an answer that passes for a whole one."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from langchain_core.messages import AIMessageChunk, HumanMessage

from graph.adapters.base.circuit_breaker import CircuitBreaker
from graph.adapters.models.langchain import LangChainModel, openai_model
from graph.errors import ModelUnavailable
from graph.ports.models import ModelSettings
from graph.turn.model_reply import merge_chunks
from tests.support.fakes.scripted_model import ScriptedModel

TEXT = "Grüße: 5 € für 🐖"
ARGUMENTS = {"merchant": "Café 🐖", "limit": 5}
ANSWERS = {
    "text": f"[[utf8]] [[say {TEXT}]]",
    "call": f"[[utf8]] [[halves]] [[call transactions_query {json.dumps(ARGUMENTS, ensure_ascii=False)}]]",
}

Ending = Callable[[bytes, int], bytes]


def closed(body: bytes, length: int) -> bytes:
    """The connection ends as if all had been said."""
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n" + body[:length]


def broken(body: bytes, length: int) -> bytes:
    """The connection ends before all that was announced has come."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"%x\r\n" % len(body) + body[:length]


def recorded(answer: str) -> bytes:
    """The bytes of an answer of the scripted model."""
    with ScriptedModel().serving() as model:
        asked = {"model": "m", "messages": [{"role": "user", "content": ANSWERS[answer]}]}
        return httpx.post(f"{model.address}/chat/completions", json=asked).content


class CuttingModel:
    """Serves a body as it is told to by a list of lengths, one a request: so many of its bytes."""

    def __init__(self, body: bytes, ending: Ending) -> None:
        self.body = body
        self.ending = ending
        self.lengths: list[int] = []

    async def __aenter__(self) -> str:
        self.server = await asyncio.start_server(self.answer, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}/v1"

    async def __aexit__(self, *_: object) -> None:
        self.server.close()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if length := re.search(rb"content-length: (\d+)", head, re.IGNORECASE):
            await reader.readexactly(int(length[1]))
        writer.write(self.ending(self.body, self.lengths.pop(0)))
        writer.close()


async def model_at(address: str, attempts: int) -> AsyncIterator[LangChainModel]:
    client = openai_model("m", key=None, base_url=address, timeout=5)
    patient = CircuitBreaker(failures=10_000)
    yield LangChainModel({"small": client}, {"small": "m"}, first_token=5, total=5, attempts=attempts, breaker=patient)
    await client.root_async_client.close()


async def listen(model: LangChainModel, heard: list[AIMessageChunk]) -> None:
    async for chunk in model.stream([HumanMessage("go on")], (), ModelSettings()):
        heard.append(chunk)


def said(heard: list[AIMessageChunk]) -> str:
    return "".join(str(chunk.text) for chunk in heard)


def end_of_answer(body: bytes) -> int:
    """How many bytes it takes to know why the answer ended, and so that it did."""
    return body.index(b"\n\n", re.search(rb'"finish_reason": "\w+"', body).start()) + 2  # type: ignore[union-attr]


@pytest.mark.parametrize("ending", [closed, broken])
@pytest.mark.parametrize("answer", ANSWERS)
async def test_cut_after_any_byte_an_answer_is_whole_or_an_error(answer: str, ending: Ending) -> None:
    body = await asyncio.to_thread(recorded, answer)
    server = CuttingModel(body, ending)
    whole_ones = []
    async with server as address:
        async for model in model_at(address, attempts=1):
            for length in range(len(body) + 1):
                server.lengths = [length]
                heard: list[AIMessageChunk] = []
                try:
                    await listen(model, heard)
                except ModelUnavailable:
                    assert TEXT.startswith(said(heard))
                else:
                    whole_ones.append(length)
                    check(answer, heard)
    assert whole_ones == list(range(end_of_answer(body), len(body) + 1))


def check(answer: str, heard: list[AIMessageChunk]) -> None:
    message = merge_chunks(heard, "".join(str(chunk.text) for chunk in heard))
    if answer == "text":
        assert (message.text, message.tool_calls) == (TEXT, [])
    else:
        [call] = message.tool_calls
        assert (message.text, call["name"], call["args"]) == ("", "transactions_query", ARGUMENTS)


def after(mark: bytes) -> Callable[[bytes], int]:
    return lambda body: body.index(mark) + len(mark)


BEFORE_THE_FIRST_WORD: dict[str, Callable[[bytes], int]] = {
    "at once": lambda body: 0,
    "in the first chunk": after(b'"role"'),
    "after the first chunk": after(b"\n\n"),
    "in a code point of the first word": after(b"Gr\xc3"),
}
AFTER_IT: dict[str, Callable[[bytes], int]] = {
    "after the first word": lambda body: body.index(b"\n\n", after("Grüße: ".encode())(body)) + 2,
    "in a code point of a later word": after(b"\xf0\x9f"),
    "before the end": lambda body: end_of_answer(body) - 1,
}


@pytest.fixture(scope="module")
def body() -> bytes:
    return recorded("text")


async def heard_of(lengths: list[int], body: bytes, ending: Ending) -> tuple[str, type[Exception] | None, int]:
    """What is heard of answers of these lengths, how it ends, and how many requests are left."""
    server = CuttingModel(body, ending)
    server.lengths = lengths
    heard: list[AIMessageChunk] = []
    async with server as address:
        async for model in model_at(address, attempts=2):
            try:
                await listen(model, heard)
            except ModelUnavailable as error:
                return said(heard), type(error), len(lengths)
    return said(heard), None, len(lengths)


@pytest.mark.parametrize("ending", [closed, broken])
@pytest.mark.parametrize("cut", BEFORE_THE_FIRST_WORD.values(), ids=BEFORE_THE_FIRST_WORD)
async def test_an_answer_that_is_cut_before_its_first_word_is_retried(cut: Any, ending: Ending, body: bytes) -> None:
    assert await heard_of([cut(body), len(body)], body, ending) == (TEXT, None, 0)


@pytest.mark.parametrize("ending", [closed, broken])
@pytest.mark.parametrize("cut", AFTER_IT.values(), ids=AFTER_IT)
async def test_an_answer_that_is_cut_after_its_first_word_is_not(cut: Any, ending: Ending, body: bytes) -> None:
    text, error, left = await heard_of([cut(body), len(body)], body, ending)
    assert (error, left) == (ModelUnavailable, 1)
    assert text
    assert TEXT.startswith(text)
