"""A model on loopback that costs almost nothing: OpenAI's streaming protocol in raw asyncio, the same 64 words for everybody.

Their order differs from answer to answer, so that what is stored compresses about as text does. Connections are kept, and each
token is a write of its own, as a provider sends them. Whoever asks for a running summary gets one.
`python -m tests.bench.mock_model --gap-ms 20` waits so long before each token.
"""

import argparse
import asyncio
import json
import random
import re
from collections.abc import Sequence
from functools import partial
from typing import Any

from tests.bench.listening import announce, listen
from tests.support.fakes.scripted_model import GIVEN_SUMMARY, SUMMARY

SAID = """
    last month you spent 582.63 dollars on groceries which is 41 fewer than planned although most of your money went
    into rent travel and three subscriptions that nobody uses so cancel them first then move what remains to savings
    before each weekend begins or ends because small steps taken early help far more over one long year when prices
    rise again without further warning
"""
WORDS = SAID.split()
TOKENS = len(WORDS)

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
TAIL = b"0\r\n\r\n"
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


def framed(event: str) -> bytes:
    """A Server-Sent Event as a chunk of an HTTP body."""
    data = f"data: {event}\n\n".encode()
    return b"%x\r\n%b\r\n" % (len(data), data)


def part(choices: Sequence[dict[str, Any]], **more: Any) -> bytes:
    whole = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 0, "model": "mock", "choices": choices}
    return framed(json.dumps({**whole, **more}))


def delta(finish: str | None = None, **said: str) -> bytes:
    return part([{"index": 0, "delta": said, "finish_reason": finish}])


USAGE = part([], usage={"prompt_tokens": 10, "completion_tokens": TOKENS, "total_tokens": 10 + TOKENS})
OPENING = delta(role="assistant", content="")
CLOSING = delta("stop")
PIECES = [delta(content=f"{word} ") for word in WORDS]
SUMMED_UP = [delta(content=GIVEN_SUMMARY)]


async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gap: float) -> None:
    """Answer the requests of one connection."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = LENGTH.search(head)
            body = await reader.readexactly(int(length[1])) if length else b""
            await answer(writer, body, gap)
    except (asyncio.IncompleteReadError, ConnectionError):
        return
    finally:
        writer.close()


async def answer(writer: asyncio.StreamWriter, body: bytes, gap: float) -> None:
    writer.write(HEAD)
    said = SUMMED_UP if SUMMARY.encode() in body else random.sample(PIECES, TOKENS)
    for piece in (OPENING, *said, CLOSING):
        if gap:
            await asyncio.sleep(gap)
        writer.write(piece)
    if b"include_usage" in body:
        writer.write(USAGE)
    writer.write(framed("[DONE]") + TAIL)
    await writer.drain()


async def serve(gap: float) -> None:
    with listen() as listener:
        server = await asyncio.start_server(partial(converse, gap=gap), sock=listener)
        announce(listener)
        await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gap-ms", type=float, default=0.0)
    asyncio.run(serve(parser.parse_args().gap_ms / 1000))
