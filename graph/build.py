"""The graph of a turn: which steps there are, in what order, and what each may touch."""

import copy
from collections.abc import Callable
from dataclasses import dataclass

from langchain_core.messages import AIMessage
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import StateGraph
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
from graph.turn.delegation import Delegation, ReadsOnly
from graph.turn.flow import Flow, NodeSpec
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


DB_RETRY_POLICY = RetryPolicy(initial_interval=0.2, max_attempts=7, retry_on=DatabaseUnavailable)
"""Idempotent nodes retry for about 12 s while the database is down."""


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


def reason_of(p: Ports) -> Reason:
    return Reason(p.model, p.roster, p.toolbox, p.wording, p.prices, p.count, p.budget)


def call_tools_of(p: Ports) -> CallTools:
    """The node with the calls of the user's employee. A colleague's calls only read."""

    def calls_with(delegates: Delegates) -> Calls:
        return Calls(p.toolbox, p.redactor, p.roster, delegates)

    def reading(delegates: Delegates) -> CallTools:
        return CallTools(calls_with(delegates), ReadsOnly())

    calls = calls_with(Delegation(reason_of(p), reading, p.redactor))
    return CallTools(calls, Consent(p.approvals, calls))


FLOW: Flow[Ports] = Flow(
    before_model=(
        NodeSpec("redact", lambda p: Redact(p.redactor), is_idempotent=True),
        NodeSpec("load_memory", lambda p: LoadMemory(p.memory, p.count, p.clock, p.budget), is_idempotent=True),
        NodeSpec("retrieve", lambda p: Retrieve(p.retriever, p.count, p.budget), is_idempotent=True),
    ),
    model=NodeSpec("reason", reason_of),
    tools=(NodeSpec("call_tools", call_tools_of),),
    after_answer=(
        NodeSpec("persist", lambda p: Persist(p.transcript, p.model, p.roster, p.toolbox), is_idempotent=True),
        NodeSpec("summarize", lambda p: Summarize(p.summaries)),
    ),
)
"""The nodes in order, and what each may touch. Nothing else says the order: take-over, recordings, the replay and the fail
points read it here."""


def build_nodes(p: Ports) -> dict[str, Node]:
    """The nodes by their names."""
    return {spec.name: spec.build(p) for spec in FLOW.specs()}


def build(p: Ports, around: Around = as_it_is) -> TurnGraph:
    """redact → load_memory → retrieve → reason ⇄ call_tools → persist → summarize

    Args:
        p: what the steps need of the world.
        around: what is put around each step; nothing in the service.
    """
    graph = StateGraph(Turn, context_schema=TurnContext, input_schema=TurnInput)
    nodes = build_nodes(p)
    for spec in FLOW.specs():
        node = around(spec.name, nodes[spec.name])
        graph.add_node(spec.name, node, retry_policy=DB_RETRY_POLICY if spec.is_idempotent else None)
    for start, end in FLOW.edges():
        graph.add_edge(start, end)
    graph.add_conditional_edges(FLOW.model.name, called_tools, FLOW.branch())
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
