"""Lets a colleague answer a question, with the colleague's own prompt and tools, in a few rounds.

The colleague reads the question and nothing else of the conversation, and only reads data: changes are left to the employee
who speaks with the user.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from weakref import WeakValueDictionary

import structlog
from langchain_core.messages import AIMessage
from langgraph.runtime import Runtime

from graph.context import AbortedUsage, TurnContext
from graph.errors import ChatError
from graph.ports.redaction import Redactor
from graph.ports.tools import DelegationPort
from graph.state import Turn, Usage, add_usage, no_memory, no_usage
from graph.tool import ToolError
from graph.turn.approval_gate import CallRound
from graph.turn.links import DelegatedQuestion
from graph.turn.node import Node
from graph.turn.tool_executor import PreparedCall

log = structlog.get_logger(__name__)

MAX_DEPTH = 2
"""Colleagues in a chain, each asked by the one before."""
MAX_CONCURRENT = 3
"""Colleagues who work for one turn at the same time."""
TIMEOUT_SECONDS = 15.0
"""For one answer, including the wait for a free place."""
MAX_TOKENS = 12_000
"""For one answer; checked after each round."""
MAX_ROUNDS = 4
"""Messages of the colleague's model for one answer."""


class ReadOnlyPolicy:
    """Refuses every call that changes something; takes the place of `ApprovalGate` for a colleague."""

    async def resolve(self, calls: CallRound, state: Turn, runtime: Runtime[TurnContext]) -> CallRound:
        return [
            ToolError(f"{call.tool.name} changes something; say what you would change, and leave it to who asked you")
            if isinstance(call, PreparedCall) and call.tool.risk != "read"
            else call
            for call in calls
        ]


class DelegationDisabled:
    """Port `DelegationPort` for the last colleague in a chain."""

    async def delegate(self, context: TurnContext, colleague: str, question: str, today: str) -> Mapping[str, Any]:
        raise ToolError("you were asked by a colleague yourself; answer with your own tools")


class ConcurrencyLimits:
    """A semaphore for each run whose colleagues are at work."""

    def __init__(self, limit: int) -> None:
        """
        Args:
            limit: colleagues of one run who may work at the same time.
        """
        self.limit = limit
        self._semaphores: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    def of(self, run_id: str) -> asyncio.Semaphore:
        return self._semaphores.setdefault(run_id, asyncio.Semaphore(self.limit))


@dataclass(frozen=True, slots=True)
class Delegation:
    """Port `DelegationPort`: runs the nodes of the model and of its tools for the colleague."""

    reason: Node
    """Asks the colleague's model."""
    build_call_tools: Callable[[DelegationPort], Node]
    """Builds the node that runs the colleague's tools, which may delegate through this port."""
    redactor: Redactor
    depth: int = 1
    limits: ConcurrencyLimits = field(default_factory=lambda: ConcurrencyLimits(MAX_CONCURRENT))

    async def delegate(self, context: TurnContext, colleague: str, question: str, today: str) -> Mapping[str, Any]:
        masked = await self.redactor.mask(context.user_id, [question])
        request = {"from": context.employee, "to": colleague, "question": masked.texts[0]}
        turn = Turn(
            today=today,
            question=masked.texts[0],
            recollection=no_memory(),
            passages=[],
            messages=[DelegatedQuestion(content=masked.texts[0])],
            usage=no_usage("provider"),
        )
        aborted = AbortedUsage()
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS), self.limits.of(context.run_id):
                await self._answer(turn, replace(context, employee=colleague, text="", aborted_usage=aborted))
        except TimeoutError:
            return {**request, **failure("timeout", f"no answer within {TIMEOUT_SECONDS:g} seconds", turn, aborted)}
        except ChatError as error:
            log.warning("delegation_failed", reason=error.code)
            return {**request, **failure("failed", error.message, turn, aborted)}
        except asyncio.CancelledError:
            context.aborted_usage.add(total_usage(turn, aborted))
            raise
        return {**request, **answer_of(turn)}

    async def _answer(self, turn: Turn, context: TurnContext) -> None:
        """Run the nodes until the colleague answers or a limit is reached. The turn is updated after each node."""
        call_tools = self.build_call_tools(self._deeper())
        runtime = Runtime(context=context, stream_writer=lambda event: None)
        for _ in range(MAX_ROUNDS):
            turn.update(await self.reason(turn, runtime))
            last = turn["messages"][-1]
            if not (isinstance(last, AIMessage) and last.tool_calls) or turn["usage"]["total"] > MAX_TOKENS:
                break
            turn.update(await call_tools(turn, runtime))

    def _deeper(self) -> DelegationPort:
        """The port for the colleague, who holds a place of the run's limit and therefore delegates one by one."""
        if self.depth >= MAX_DEPTH:
            return DelegationDisabled()
        return replace(self, depth=self.depth + 1, limits=ConcurrencyLimits(1))


def total_usage(turn: Turn, aborted: AbortedUsage) -> Usage:
    """The usage of the colleague's answers, with that of the answers that broke off."""
    return add_usage(turn["usage"], aborted.usage) if aborted.usage else turn["usage"]


def failure(status: str, reason: str, turn: Turn, aborted: AbortedUsage) -> dict[str, Any]:
    """The part of the result that says why there is no answer."""
    return {"status": status, "answer": reason, "tools": [], "usage": total_usage(turn, aborted)}


def answer_of(turn: Turn) -> dict[str, Any]:
    """The part of the result that holds the answer."""
    answers = [message for message in turn["messages"] if isinstance(message, AIMessage)]
    text = "" if answers[-1].tool_calls else str(answers[-1].text)
    return {
        "status": "ok" if text else "unfinished",
        "answer": text or "no answer within the rounds and tokens that there are for one",
        "tools": [call["name"] for answer in answers for call in answer.tool_calls],
        "usage": turn["usage"],
    }
