"""An idle stream is kept alive, and its frames stay whole."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from graph.web import sse


async def frames(*pauses: float) -> AsyncGenerator[bytes, None]:
    for number, pause in enumerate(pauses):
        await asyncio.sleep(pause)
        yield b"data: %d\n\n" % number


async def test_a_heartbeat_is_sent_after_each_idle_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "HEARTBEAT_SECONDS", 0.05)
    pieces = [piece async for piece in sse.with_heartbeats(frames(0, 0.3, 0))]
    stream = b"".join(pieces)
    assert stream.replace(sse.HEARTBEAT, b"") == b"data: 0\n\ndata: 1\n\ndata: 2\n\n"
    assert 2 <= stream.count(sse.HEARTBEAT) <= 6


async def test_no_heartbeat_is_sent_while_frames_follow_one_another() -> None:
    assert b"".join([piece async for piece in sse.with_heartbeats(frames(0, 0, 0))]).count(sse.HEARTBEAT) == 0


async def test_an_error_of_the_frames_is_raised_after_the_frames_before_it() -> None:
    async def broken() -> AsyncGenerator[bytes, None]:
        yield b"data: 0\n\n"
        raise LookupError

    stream = sse.with_heartbeats(broken())
    assert await anext(stream) == b"data: 0\n\n"
    with pytest.raises(LookupError):
        await anext(stream)


async def test_closing_the_stream_closes_the_frames() -> None:
    ended = asyncio.Event()

    async def endless() -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield b"data\n\n"
                await asyncio.sleep(0.01)
        finally:
            ended.set()

    stream = sse.with_heartbeats(endless())
    await anext(stream)
    await stream.aclose()
    assert ended.is_set()
