"""A run's events as Server-Sent Events, with the owner's values put back."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress

from anyio import BrokenResourceError, ClosedResourceError, EndOfStream, WouldBlock, create_memory_object_stream
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from fastapi.sse import EventSourceResponse

from graph.errors import InvalidRequest
from graph.events import Event
from graph.ports import LoggedEvent, Redactor

HEARTBEAT_SECONDS = 15.0
HEARTBEAT = b": still here\n\n"
MOST_WAITING = 64
"""Frames that wait for one reader."""

LINE_ENDS = str.maketrans({end: f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"})
"""What some clients (httpx among them) take for the end of a line, which in SSE it is not, as JSON's escapes."""

EVENT_ID = re.compile(r"(?P<run>[0-9a-fA-F-]{36}):(?P<seq>\d{1,9})")


def event_stream(
    owner: str, run_id: str, entries: AsyncIterator[LoggedEvent], redactor: Redactor
) -> EventSourceResponse:
    """The answer that streams a run to its owner."""
    frames = with_heartbeats(frames_of(owner, run_id, entries, redactor))
    return EventSourceResponse(frames, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})


async def frames_of(
    owner: str, run_id: str, entries: AsyncIterator[LoggedEvent], redactor: Redactor
) -> AsyncGenerator[bytes, None]:
    async for seq, event in entries:
        yield frame(run_id, seq, await redactor.reveal(owner, event))


def frame(run_id: str, seq: int, event: Event) -> bytes:
    data = json.dumps(event, ensure_ascii=False, separators=(",", ":")).translate(LINE_ENDS)
    return f"id: {run_id}:{seq}\ndata: {data}\n\n".encode()


async def with_heartbeats(frames: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The frames, those that wait together in one piece, and a comment whenever there was none for a while.

    Proxies close connections on which nothing moves. For a reader who is slow so many frames wait and no more; the others of
    its run stay where all its readers find them.
    """
    waiting, ready = create_memory_object_stream[bytes](MOST_WAITING)
    pump = asyncio.create_task(fill(waiting, frames))
    heart = beat_later(waiting)
    try:
        async for piece in ready:
            yield piece + all_of(ready)
            heart.cancel()
            heart = beat_later(waiting)
        await pump
    finally:
        heart.cancel()
        pump.cancel()
        await asyncio.gather(pump, return_exceptions=True)
        ready.close()


async def fill(waiting: MemoryObjectSendStream[bytes], frames: AsyncGenerator[bytes, None]) -> None:
    """Hand on all frames; the other end hears of the end, whatever it is."""
    async with waiting, aclosing(frames):
        async for data in frames:
            await waiting.send(data)


def all_of(ready: MemoryObjectReceiveStream[bytes]) -> bytes:
    """What is there by now."""
    pieces: list[bytes] = []
    with suppress(WouldBlock, EndOfStream):
        while True:
            pieces.append(ready.receive_nowait())
    return b"".join(pieces)


def beat_later(waiting: MemoryObjectSendStream[bytes]) -> asyncio.TimerHandle:
    return asyncio.get_running_loop().call_later(HEARTBEAT_SECONDS, beat, waiting)


def beat(waiting: MemoryObjectSendStream[bytes]) -> None:
    """A sign of life, if nothing else waits to be sent."""
    with suppress(WouldBlock, ClosedResourceError, BrokenResourceError):
        waiting.send_nowait(HEARTBEAT)


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
