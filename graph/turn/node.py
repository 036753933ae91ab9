"""What a step of the turn is."""

from typing import Protocol

from langgraph.runtime import Runtime

from graph.context import TurnContext
from graph.state import Turn


class Node(Protocol):
    """A step: from the turn so far, and what the run knows, to what changes in the turn."""

    async def __call__(self, state: Turn, runtime: Runtime[TurnContext]) -> Turn: ...
