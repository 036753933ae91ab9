"""Answers that are begun before they are asked for.

A turn's steps wait for one another, but some of their work depends on nothing before them: finding personal data, embedding
the text, reading what is remembered. It begins when the run does and is there when its step comes. What nobody asks for is
dropped; it never leaves this process's memory.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Coroutine, Hashable
from typing import Any, Generic, TypeVar

Answer = TypeVar("Answer")

MOST_BEGUN = 1024
"""More than a process has turns at once; what is older was not asked for."""


class Anticipated(Generic[Answer]):
    """Begun answers by what they answer; each is taken once."""

    def __init__(self) -> None:
        self._begun: OrderedDict[Hashable, asyncio.Task[Answer]] = OrderedDict()

    def begin(self, key: Hashable, work: Coroutine[Any, Any, Answer]) -> "asyncio.Task[Answer]":
        task = asyncio.create_task(work)
        task.add_done_callback(retrieve_error)
        replaced = self._begun.pop(key, None)
        self._begun[key] = task
        if replaced:
            replaced.cancel()
        while len(self._begun) > MOST_BEGUN:
            self._begun.popitem(last=False)[1].cancel()
        return task

    def take(self, key: Hashable) -> "asyncio.Task[Answer] | None":
        """The begun answer, to be awaited; None if nobody began it."""
        return self._begun.pop(key, None)


def retrieve_error(task: "asyncio.Task[Any]") -> None:
    """An answer that failed and was never asked for is no event."""
    if not task.cancelled():
        task.exception()
