"""The graph of a turn: its nodes, their order, and the ports that each node uses."""

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
from graph.ports.tools import DelegationPort, ToolRuntime
from graph.state import Turn, TurnInput
from graph.turn.approval_gate import ApprovalGate
from graph.turn.delegation import Delegation, ReadOnlyPolicy
from graph.turn.flow import Flow, NodeSpec
from graph.turn.node import Node
from graph.turn.prompt import PromptTemplates
from graph.turn.tool_executor import ToolExecutor
from nodes.call_tools import CallTools
from nodes.load_memory import LoadMemory
from nodes.persist import Persist
from nodes.reason import Reason
from nodes.redact import Redact
from nodes.retrieve import Retrieve
from nodes.summarize import Summarize

TurnGraph = CompiledStateGraph[Turn, TurnContext, TurnInput, Turn]


DB_RETRY_POLICY = RetryPolicy(initial_interval=0.2, max_attempts=7, retry_on=DatabaseUnavailable)
"""Idempotent nodes retry for about 12 s while the database is down. Other nodes retry single operations (`graph/retry.py`)."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything outside the graph that its nodes use."""

    redactor: Redactor
    memory: Memory
    retriever: Retriever
    model: ChatModel
    toolbox: ToolRuntime
    approvals: Approvals
    transcript: Transcript
    summaries: Summaries
    roster: Roster
    templates: PromptTemplates
    prices: Prices
    count_tokens: CountTokens
    clock: Clock
    prompt_tokens: int
    """Maximum tokens of the whole prompt."""


NodeWrapper = Callable[[str, Node], Node]
"""Wraps the node with the given name."""


def unwrapped(name: str, node: Node) -> Node:
    return node


def build_reason(ports: Ports) -> Reason:
    return Reason(
        ports.model, ports.roster, ports.toolbox, ports.templates, ports.prices, ports.count_tokens, ports.prompt_tokens
    )


def build_call_tools(ports: Ports) -> CallTools:
    """The user's employee may change data after an approval; a colleague who is asked only reads."""

    def executor_for(delegation: DelegationPort) -> ToolExecutor:
        return ToolExecutor(ports.toolbox, ports.redactor, ports.roster, delegation)

    def read_only(delegation: DelegationPort) -> CallTools:
        return CallTools(executor_for(delegation), ReadOnlyPolicy())

    executor = executor_for(Delegation(build_reason(ports), read_only, ports.redactor))
    return CallTools(executor, ApprovalGate(ports.approvals, executor))


FLOW: Flow[Ports] = Flow(
    before_model=(
        NodeSpec("redact", lambda ports: Redact(ports.redactor), is_idempotent=True),
        NodeSpec(
            "load_memory",
            lambda ports: LoadMemory(ports.memory, ports.count_tokens, ports.clock, ports.prompt_tokens),
            is_idempotent=True,
        ),
        NodeSpec(
            "retrieve",
            lambda ports: Retrieve(ports.retriever, ports.count_tokens, ports.prompt_tokens),
            is_idempotent=True,
        ),
    ),
    model=NodeSpec("reason", build_reason),
    tools=(NodeSpec("call_tools", build_call_tools),),
    after_answer=(
        NodeSpec(
            "persist",
            lambda ports: Persist(ports.transcript, ports.model, ports.roster, ports.toolbox),
            is_idempotent=True,
        ),
        NodeSpec("summarize", lambda ports: Summarize(ports.summaries)),
    ),
)
"""The nodes in order, and what each may touch. No other code repeats the order: take-over, recordings, the replay and the fail
points read it here."""


def build_nodes(ports: Ports) -> dict[str, Node]:
    """The nodes by name, in the order of the flow."""
    return {spec.name: spec.build(ports) for spec in FLOW.specs()}


def build(ports: Ports, wrap_node: NodeWrapper = unwrapped) -> TurnGraph:
    """Build the graph from `FLOW`. As a drawing:

        redact → load_memory → retrieve → reason ⇄ call_tools → persist → summarize

    Args:
        ports: what the nodes use.
        wrap_node: wraps each node, as for metrics or fault injection.
    """
    graph = StateGraph(Turn, context_schema=TurnContext, input_schema=TurnInput)
    nodes = build_nodes(ports)
    for spec in FLOW.specs():
        node = wrap_node(spec.name, nodes[spec.name])
        graph.add_node(spec.name, node, retry_policy=DB_RETRY_POLICY if spec.is_idempotent else None)
    for start, end in FLOW.edges():
        graph.add_edge(start, end)
    graph.add_conditional_edges(FLOW.model.name, has_tool_calls, FLOW.branch())
    return graph.compile(name="chat")


def has_tool_calls(state: Turn) -> bool:
    """Whether the model's last message calls tools."""
    last = state["messages"][-1]
    return isinstance(last, AIMessage) and bool(last.tool_calls)


def with_checkpointer(graph: TurnGraph, saver: BaseCheckpointSaver[str]) -> TurnGraph:
    """A copy of the graph that stores its checkpoints through this saver."""
    copied = copy.copy(graph)
    copied.checkpointer = saver
    return copied
