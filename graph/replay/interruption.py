"""How a recorded turn was cut short."""

import asyncio
from dataclasses import dataclass

from langgraph.runtime import Runtime

from graph.context import TurnContext
from graph.errors import ChatError
from graph.state import Turn
from graph.turn.node import Node


class Interruption:
    """The user stopped the turn, or an error ended it; a port meets it where the turn was."""

    def __init__(self, error: ChatError | None) -> None:
        self.error = error
        self.reached = asyncio.Event()
        """The turn is where its user stopped it."""

    async def trigger(self) -> None:
        """Raise the error, or wait to be stopped; who asks again after that is cleaning up and may pass."""
        if self.error:
            raise self.error
        if not self.reached.is_set():
            self.reached.set()
            await asyncio.Event().wait()


@dataclass(frozen=True, slots=True)
class InterruptedNode:
    """A node in which the recorded turn ended: it is stopped or fails before its work."""

    interruption: Interruption
    node: Node

    async def __call__(self, state: Turn, runtime: Runtime[TurnContext]) -> Turn:
        await self.interruption.trigger()
        return await self.node(state, runtime)
