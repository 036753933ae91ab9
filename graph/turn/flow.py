"""The order of the nodes of a turn, and what follows from it for a run that is resumed or recorded."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Generic, TypeVar

from langchain_core.messages import AIMessage
from langgraph.graph import END, START

from graph.state import Turn
from graph.turn.node import Node

PortsT = TypeVar("PortsT")


@dataclass(frozen=True, slots=True)
class NodeSpec(Generic[PortsT]):
    """A node in the flow."""

    name: str
    build: Callable[[PortsT], Node]
    """Builds the node over its ports."""
    is_idempotent: bool = False
    """Whether the node may run twice on the same state. Such a node is retried while the database is down."""


@dataclass(frozen=True, slots=True)
class Flow(Generic[PortsT]):
    """All nodes of a turn in order."""

    before_model: tuple[NodeSpec[PortsT], ...]
    model: NodeSpec[PortsT]
    tools: tuple[NodeSpec[PortsT], ...]
    """The nodes after a message of the model that calls tools; the model follows them again."""
    after_answer: tuple[NodeSpec[PortsT], ...]
    """The nodes after a message of the model without tool calls."""

    def specs(self) -> Iterator[NodeSpec[PortsT]]:
        """All nodes in order."""
        yield from chain(self.before_model, (self.model,), self.tools, self.after_answer)

    def edges(self) -> Iterator[tuple[str, str]]:
        """The unconditional edges, from START to END."""
        yield from pairwise([START, *names_of(self.before_model), self.model.name])
        yield from pairwise([*names_of(self.tools), self.model.name])
        yield from pairwise([*names_of(self.after_answer), END])

    def branch(self) -> dict[Hashable, str]:
        """The conditional edge: the node after the model, by whether its message calls tools."""
        return {True: [*names_of(self.tools), self.model.name][0], False: [*names_of(self.after_answer), END][0]}

    def next_node(self, name: str, *, has_tool_calls: bool) -> str:
        """The node after this one.

        Args:
            name: of the node, or START.
            has_tool_calls: whether the model's last message calls tools.

        Returns:
            The name, or END after the last node.
        """
        return self.branch()[has_tool_calls] if name == self.model.name else dict(self.edges())[name]

    def path_to(self, upcoming: Sequence[str], turn: Turn) -> list[str]:
        """The nodes that have run when a turn is in this state.

        Args:
            upcoming: the nodes that run next, as LangGraph's snapshot names them; empty at the end.
            turn: the state.
        """
        opening = [START, *names_of(self.before_model)]
        if places := [opening.index(name) for name in upcoming if name in opening]:
            return opening[1 : places[0]]  # before the first node the messages are those of the session's last turn
        path = [*opening[1:], *self._rounds(upcoming, turn)]
        if turn.get("message_id") or set(upcoming) & set(names_of(self.after_answer)):
            path += names_of(self.after_answer)
        places = [place for place, name in enumerate(path) if name in upcoming and name != self.model.name]
        return path[: places[-1]] if places else path

    def _rounds(self, upcoming: Sequence[str], turn: Turn) -> Iterator[str]:
        """The model for each of its messages, and the tools after each message that calls them.

        The nodes of the last round may still be upcoming.
        """
        for message, result in pairwise([*turn.get("messages", ()), None]):
            if isinstance(message, AIMessage):
                yield self.model.name
                if message.tool_calls and (result or upcoming):
                    yield from names_of(self.tools)


def names_of(specs: Iterable[NodeSpec[PortsT]]) -> list[str]:
    return [spec.name for spec in specs]
