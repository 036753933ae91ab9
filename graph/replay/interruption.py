"""Stops or fails a replayed turn where the recorded turn was stopped or failed."""

import asyncio
from dataclasses import dataclass

from langgraph.runtime import Runtime

from graph.context import TurnContext
from graph.errors import ChatError
from graph.state import Turn
from graph.turn.node import Node


class Interruption:
    """A stop by the user, or an error, that a port or node triggers at the recorded place."""

    def __init__(self, error: ChatError | None) -> None:
        self.error = error
        self.reached = asyncio.Event()
        """Set when the turn has reached the place where its user stopped it."""

    async def trigger(self) -> None:
        """Raise the error, or wait to be cancelled. Later calls return at once, since the turn is then cleaning up."""
        if self.error:
            raise self.error
        if not self.reached.is_set():
            self.reached.set()
            await asyncio.Event().wait()


@dataclass(frozen=True, slots=True)
class InterruptedNode:
    """The node in which the recorded turn ended; it is interrupted before its work."""

    interruption: Interruption
    node: Node

    async def __call__(self, state: Turn, runtime: Runtime[TurnContext]) -> Turn:
        await self.interruption.trigger()
        return await self.node(state, runtime)
