"""The order of the nodes of a turn, and what follows from it for a run that is resumed or recorded."""

from collections.abc import Callable, Hashable, Iterator, Sequence
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
    """One node, as the flow lists it."""

    name: str
    build: Callable[[PortsT], Node]
    is_idempotent: bool = False
    """Whether the node may run twice on one state. Such a node is retried while the database is down."""


@dataclass(frozen=True, slots=True)
class Flow(Generic[PortsT]):
    """All nodes in order. `model` and `tools` take turns as long as the model calls tools."""

    before_model: tuple[NodeSpec[PortsT], ...]
    model: NodeSpec[PortsT]
    tools: tuple[NodeSpec[PortsT], ...]
    after_answer: tuple[NodeSpec[PortsT], ...]

    def specs(self) -> Iterator[NodeSpec[PortsT]]:
        yield from chain(self.before_model, (self.model,), self.tools, self.after_answer)

    def edges(self) -> Iterator[tuple[str, str]]:
        """The edges that every turn takes, from START to END; `branch` has the two others."""
        yield from pairwise([START, *names_of(self.before_model), self.model.name])
        yield from pairwise([*names_of(self.tools), self.model.name])
        yield from pairwise([*names_of(self.after_answer), END])

    def branch(self) -> dict[Hashable, str]:
        """The node after the model, by whether the model called tools."""
        called, answered = [*names_of(self.tools), self.model.name], [*names_of(self.after_answer), END]
        return {True: called[0], False: answered[0]}

    def next_node(self, name: str, *, has_tool_calls: bool) -> str:
        """The node after this one; START is before the first, END is after the last.

        Args:
            name: of the node.
            has_tool_calls: whether the model's last message calls tools.
        """
        return self.branch()[has_tool_calls] if name == self.model.name else dict(self.edges())[name]

    def path_to(self, upcoming: Sequence[str], turn: Turn) -> list[str]:
        """The nodes that have led to this state of a turn.

        Args:
            upcoming: the nodes that run next, as LangGraph's snapshot names them; empty at the end.
            turn: the state.
        """
        opening = [START, *names_of(self.before_model)]
        if places := [opening.index(name) for name in upcoming if name in opening]:
            return opening[1 : places[0]]  # the messages are still those of the session's last turn
        path = [*opening[1:], *self._rounds(upcoming, turn)]
        if turn.get("message_id") or set(upcoming) & set(names_of(self.after_answer)):
            path += names_of(self.after_answer)
        places = [place for place, name in enumerate(path) if name in upcoming and name != self.model.name]
        return path[: places[-1]] if places else path

    def _rounds(self, upcoming: Sequence[str], turn: Turn) -> Iterator[str]:
        """The model once for each of its messages, and the tools behind each that calls them; the last round may be open."""
        for message, result in pairwise([*turn.get("messages", ()), None]):
            if isinstance(message, AIMessage):
                yield self.model.name
                if message.tool_calls and (result or upcoming):
                    yield from names_of(self.tools)


def names_of(specs: Sequence[NodeSpec[PortsT]]) -> list[str]:
    return [spec.name for spec in specs]
