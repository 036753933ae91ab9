"""The type of a node of the turn's graph."""

from typing import Protocol

from langgraph.runtime import Runtime

from graph.context import TurnContext
from graph.state import Turn


class Node(Protocol):
    """Takes the state of the turn and returns the fields that change."""

    async def __call__(self, state: Turn, runtime: Runtime[TurnContext]) -> Turn: ...
