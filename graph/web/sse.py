"""A run's events as Server-Sent Events, with the owner's values put back."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from fastapi.sse import EventSourceResponse

from graph.errors import InvalidRequest
from graph.events import Event
from graph.ports.redaction import Redactor
from graph.ports.runs import LoggedEvent

HEARTBEAT_SECONDS = 15.0
HEARTBEAT = b": still here\n\n"
END = b""
MOST_WAITING = 64
"""Frames that wait for one reader."""

LINE_ENDS = str.maketrans({end: f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"})
"""What some clients (httpx among them) take for the end of a line, which in SSE it is not, as JSON's escapes."""

WRITTEN = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

EVENT_ID = re.compile(r"(?P<run>[0-9a-fA-F-]{36}):(?P<seq>\d{1,9})")


def event_stream(
    user_id: str, run_id: str, entries: AsyncIterator[LoggedEvent], redactor: Redactor
) -> EventSourceResponse:
    """The answer that streams a run to its owner."""
    frames = with_heartbeats(frames_of(user_id, run_id, entries, redactor))
    return EventSourceResponse(frames, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})


async def frames_of(
    user_id: str, run_id: str, entries: AsyncIterator[LoggedEvent], redactor: Redactor
) -> AsyncGenerator[bytes, None]:
    async for seq, event in entries:
        yield frame(run_id, seq, await redactor.reveal(user_id, event))


def frame(run_id: str, seq: int, event: Event) -> bytes:
    data = WRITTEN(event)
    if not data.isascii():
        data = data.translate(LINE_ENDS)
    return f"id: {run_id}:{seq}\ndata: {data}\n\n".encode()


async def with_heartbeats(frames: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The frames, those that wait together in one piece, and a comment whenever there was none for a while.

    Proxies close connections on which nothing moves. For a reader who is slow so many frames wait and no more; the others of
    its run stay where all its readers find them.
    """
    waiting: asyncio.Queue[bytes] = asyncio.Queue(MOST_WAITING)
    pump = asyncio.create_task(fill(waiting, frames))
    heart = beat_later(waiting)
    try:
        while piece := all_of(await waiting.get(), waiting):
            yield piece
            heart.cancel()
            heart = beat_later(waiting)
        await pump
    finally:
        heart.cancel()
        pump.cancel()
        await asyncio.gather(pump, return_exceptions=True)


async def fill(waiting: asyncio.Queue[bytes], frames: AsyncGenerator[bytes, None]) -> None:
    """Hand on all frames, then the end, whatever it is; who cancels this reads no more."""
    async with aclosing(frames):
        try:
            async for data in frames:
                await waiting.put(data)
        except Exception:
            await waiting.put(END)
            raise
    await waiting.put(END)


def all_of(first: bytes, waiting: asyncio.Queue[bytes]) -> bytes:
    """What is there by now; nothing at the end."""
    pieces = [first]
    while pieces[-1] != END and not waiting.empty():
        pieces.append(waiting.get_nowait())
    if pieces[-1] == END and first:
        waiting.put_nowait(END)
    return b"".join(pieces)


def beat_later(waiting: asyncio.Queue[bytes]) -> asyncio.TimerHandle:
    return asyncio.get_running_loop().call_later(HEARTBEAT_SECONDS, beat, waiting)


def beat(waiting: asyncio.Queue[bytes]) -> None:
    """A sign of life, if nothing else waits to be sent."""
    if waiting.empty():
        waiting.put_nowait(HEARTBEAT)


def seen_before(last_event_id: str | None, run_id: str) -> int:
    """The number of the last event that a client has seen.

    Raises:
        InvalidRequest: the header is not an event id of this run.
    """
    if not last_event_id:
        return 0
    found = EVENT_ID.fullmatch(last_event_id)
    if not found or found["run"].lower() != run_id:
        raise InvalidRequest("Last-Event-ID is not an id of an event of this run.")
    return int(found["seq"])
