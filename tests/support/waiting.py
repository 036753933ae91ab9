"""Waiting for something that happens in other tasks."""

import asyncio
from collections.abc import Callable


async def eventually(condition: Callable[[], object], seconds: float = 10) -> None:
    """Let other tasks run until the condition holds.

    Raises:
        AssertionError: it does not hold in time.
    """
    end = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < end, "the condition did not come to hold"
        await asyncio.sleep(0.01)
