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
        self._begun: OrderedDict[Hashable, asyncio.Future[Answer]] = OrderedDict()

    def begin(self, key: Hashable, work: Coroutine[Any, Any, Answer]) -> "asyncio.Task[Answer]":
        task = asyncio.create_task(work)
        self.expect(key, task)
        return task

    def expect(self, key: Hashable, answer: "asyncio.Future[Answer]") -> None:
        """Have an answer that is under way, or there already."""
        answer.add_done_callback(retrieve_error)
        replaced = self._begun.pop(key, None)
        self._begun[key] = answer
        if replaced:
            replaced.cancel()
        while len(self._begun) > MOST_BEGUN:
            self._begun.popitem(last=False)[1].cancel()

    def take(self, key: Hashable) -> "asyncio.Future[Answer] | None":
        """The begun answer, to be awaited; None if nobody began it."""
        return self._begun.pop(key, None)


def retrieve_error(answer: "asyncio.Future[Any]") -> None:
    """An answer that failed and was never asked for is no event."""
    if not answer.cancelled():
        answer.exception()
