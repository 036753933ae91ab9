"""Waiting for something that happens in other tasks, threads or processes."""

import asyncio
import inspect
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

TIMEOUT_SECONDS = 20
PAUSE_SECONDS = 0.01


async def eventually(condition: Callable[[], object], seconds: float = TIMEOUT_SECONDS) -> None:
    """Let other tasks run until the condition holds, which may be asynchronous.

    Raises:
        AssertionError: it does not hold in time.
    """
    end = asyncio.get_running_loop().time() + seconds
    while not await _value_of(condition):
        assert asyncio.get_running_loop().time() < end, "the condition did not come to hold"
        await asyncio.sleep(PAUSE_SECONDS)


async def _value_of(condition: Callable[[], object]) -> object:
    value = condition()
    return await value if inspect.isawaitable(value) else value


def wait_until(condition: Callable[[], T], seconds: float = TIMEOUT_SECONDS, failure: str = "") -> T:
    """Block until the condition holds, and return its value.

    Raises:
        AssertionError: it does not hold in time. `failure` says what that means.
    """
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, failure or "the condition did not come to hold"
        time.sleep(PAUSE_SECONDS)
    return value
