"""Trying again while the database cannot be reached: it may be restarting."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from graph.errors import DatabaseUnavailable

Result = TypeVar("Result")

SHORT = (0.1, 0.2, 0.4, 0.8, 1.6)
"""Seconds between the attempts to read something that a turn needs."""
LONG = (0.2, 0.5, 1.0, 2.0, 4.0)
"""The same for what must not be lost."""


async def patiently(attempt: Callable[[], Awaitable[Result]], pauses: Sequence[float] = LONG) -> Result:
    """The result of something that may be done twice.

    Raises:
        ChatError: of the last attempt.
    """
    for pause in pauses:
        try:
            return await attempt()
        except DatabaseUnavailable:
            await asyncio.sleep(pause)
    return await attempt()
