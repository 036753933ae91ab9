"""The graph of a turn: which steps there are, in what order, and what each may touch."""

import copy
from collections.abc import Callable
from dataclasses import dataclass

from langchain_core.messages import AIMessage
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import RetryPolicy

from employees.roster import Roster
from graph.context import TurnContext
from graph.errors import DatabaseUnavailable
from graph.ports.approvals import Approvals
from graph.ports.memory import Clock, Memory, Retriever, Summaries, Transcript
from graph.ports.models import ChatModel, CountTokens, Prices
from graph.ports.redaction import Redactor
from graph.ports.tools import Delegates, Toolbox
from graph.state import Turn, TurnInput
from graph.turn.approval_gate import Consent
from graph.turn.delegation import Delegation
from graph.turn.node import Node
from graph.turn.prompt import Wording
from graph.turn.tool_executor import Calls
from nodes.call_tools import CallTools
from nodes.load_memory import LoadMemory
from nodes.persist import Persist
from nodes.reason import Reason
from nodes.redact import Redact
from nodes.retrieve import Retrieve
from nodes.summarize import Summarize

TurnGraph = CompiledStateGraph[Turn, TurnContext, TurnInput, Turn]


PATIENT = RetryPolicy(initial_interval=0.2, max_attempts=7, retry_on=DatabaseUnavailable)
"""A turn survives a restart of the database: what may be done twice is tried for about twelve seconds."""
REPEATABLE = ("redact", "load_memory", "retrieve", "persist")


@dataclass(frozen=True, slots=True)
class Ports:
    """All that the steps need of the world."""

    redactor: Redactor
    memory: Memory
    retriever: Retriever
    model: ChatModel
    toolbox: Toolbox
    approvals: Approvals
    transcript: Transcript
    summaries: Summaries
    roster: Roster
    wording: Wording
    prices: Prices
    count: CountTokens
    clock: Clock
    budget: int


Around = Callable[[str, Node], Node]
"""Puts something around a step, given its name."""


def as_it_is(name: str, node: Node) -> Node:
    return node


def steps(p: Ports) -> dict[str, Node]:
    """The steps of a turn by their names, and what each may touch."""
    reason = Reason(p.model, p.roster, p.toolbox, p.wording, p.prices, p.count, p.budget)

    def calls_with(delegates: Delegates) -> Calls:
        return Calls(p.toolbox, p.redactor, p.roster, delegates)

    calls = calls_with(Delegation(reason, calls_with, p.redactor))
    return {
        "redact": Redact(p.redactor),
        "load_memory": LoadMemory(p.memory, p.count, p.clock, p.budget),
        "retrieve": Retrieve(p.retriever, p.count, p.budget),
        "reason": reason,
        "call_tools": CallTools(calls, Consent(p.approvals, calls)),
        "persist": Persist(p.transcript, p.model, p.roster, p.toolbox),
        "summarize": Summarize(p.summaries),
    }


def build(p: Ports, around: Around = as_it_is) -> TurnGraph:
    """redact → load_memory → retrieve → reason ⇄ call_tools → persist → summarize

    Args:
        p: what the steps need of the world.
        around: what is put around each step; nothing in the service.
    """
    graph = StateGraph(Turn, context_schema=TurnContext, input_schema=TurnInput)
    for name, node in steps(p).items():
        graph.add_node(name, around(name, node), retry_policy=PATIENT if name in REPEATABLE else None)

    graph.add_edge(START, "redact")
    graph.add_edge("redact", "load_memory")
    graph.add_edge("load_memory", "retrieve")
    graph.add_edge("retrieve", "reason")
    graph.add_conditional_edges("reason", called_tools, {True: "call_tools", False: "persist"})
    graph.add_edge("call_tools", "reason")
    graph.add_edge("persist", "summarize")
    graph.add_edge("summarize", END)
    return graph.compile(name="chat")


def called_tools(state: Turn) -> bool:
    """Whether the model wants results before it answers."""
    last = state["messages"][-1]
    return isinstance(last, AIMessage) and bool(last.tool_calls)


def keeping(graph: TurnGraph, saver: BaseCheckpointSaver[str]) -> TurnGraph:
    """The same graph, with its checkpoints in this saver."""
    kept = copy.copy(graph)
    kept.checkpointer = saver
    return kept
