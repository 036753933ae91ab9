"""A question to a colleague: the colleague's own prompt and tools, a few rounds, and an answer that comes back as a result.

The colleague reads the question and nothing else of the conversation, and changes nothing: what needs the user's word is for
whoever speaks with the user.
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
from graph.state import LoadedMemory, Turn, Usage, add_usage, no_usage
from graph.tool import ToolError
from graph.turn.approval_gate import CallRound
from graph.turn.links import DelegatedQuestion
from graph.turn.node import Node
from graph.turn.tool_executor import PreparedCall

log = structlog.get_logger(__name__)

MAX_DEPTH = 2
"""How many colleagues may ask one another in a row."""
MAX_CONCURRENT = 3
"""Colleagues who work for one turn at the same time."""
TIMEOUT_SECONDS = 15.0
"""In which a colleague answers, the wait for others to finish included."""
MAX_TOKENS = 12_000
"""That a colleague may spend on an answer; what is spent is looked at after each round."""
MAX_ROUNDS = 4


class ReadOnlyPolicy:
    """What a colleague may do unasked (in the place of `ApprovalGate`): look."""

    async def resolve(self, ready: CallRound, state: Turn, runtime: Runtime[TurnContext]) -> CallRound:
        return [
            ToolError(f"{each.tool.name} changes something; say what you would change, and leave it to who asked you")
            if isinstance(each, PreparedCall) and each.tool.risk != "read"
            else each
            for each in ready
        ]


class DelegationDisabled:
    """Nobody may be asked from here (port `DelegationPort`)."""

    async def delegate(self, caller: TurnContext, colleague: str, question: str, today: str) -> Mapping[str, Any]:
        raise ToolError("you were asked by a colleague yourself; answer with your own tools")


class ConcurrencyLimits:
    """How many colleagues may work at the same time, for each run that has any at work."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._of_runs: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    def of(self, run_id: str) -> asyncio.Semaphore:
        return self._of_runs.setdefault(run_id, asyncio.Semaphore(self.most))


@dataclass(frozen=True, slots=True)
class Delegation:
    """Asks colleagues (port `DelegationPort`)."""

    reason: Node
    """Lets the colleague's model speak."""
    call_tools_with: Callable[[DelegationPort], Node]
    """Makes the node that calls the colleague's tools; they may ask through these delegates."""
    redactor: Redactor
    depth: int = 1
    places: ConcurrencyLimits = field(default_factory=lambda: ConcurrencyLimits(MAX_CONCURRENT))

    async def delegate(self, caller: TurnContext, colleague: str, question: str, today: str) -> Mapping[str, Any]:
        masked = await self.redactor.mask(caller.user_id, [question])
        told = {"from": caller.employee, "to": colleague, "question": masked.texts[0]}
        turn = Turn(
            today=today,
            question=masked.texts[0],
            recollection=LoadedMemory(facts=[], summary="", history=[], summarized_to=0, searchable=False),
            passages=[],
            messages=[DelegatedQuestion(content=masked.texts[0])],
            usage=no_usage("provider"),
        )
        aborted_usage = AbortedUsage()
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS), self.places.of(caller.run_id):
                await self._answer(turn, replace(caller, employee=colleague, text="", aborted_usage=aborted_usage))
        except TimeoutError:
            answer, taken = f"no answer within {TIMEOUT_SECONDS:g} seconds", taken_by(turn, aborted_usage)
            return {**told, "status": "timeout", "answer": answer, "tools": [], "usage": taken}
        except ChatError as error:
            log.warning("delegation_failed", reason=error.code)
            taken = taken_by(turn, aborted_usage)
            return {**told, "status": "failed", "answer": error.message, "tools": [], "usage": taken}
        except asyncio.CancelledError:
            caller.aborted_usage.add(taken_by(turn, aborted_usage))
            raise
        return {**told, **summary_of(turn)}

    async def _answer(self, turn: Turn, caller: TurnContext) -> None:
        """Let the colleague work until there is an answer, or no more may be spent on one; the turn is brought up to date
        after each step.
        """
        call_tools = self.call_tools_with(self._deeper())
        runtime = Runtime(context=caller, stream_writer=lambda event: None)
        for _ in range(MAX_ROUNDS):
            turn.update(await self.reason(turn, runtime))
            last = turn["messages"][-1]
            if not (isinstance(last, AIMessage) and last.tool_calls) or turn["usage"]["total"] > MAX_TOKENS:
                break
            turn.update(await call_tools(turn, runtime))

    def _deeper(self) -> DelegationPort:
        """Whom a colleague asks: one after the other, in the place of the colleague, who waits for the answers."""
        return (
            replace(self, depth=self.depth + 1, places=ConcurrencyLimits(1))
            if self.depth < MAX_DEPTH
            else DelegationDisabled()
        )


def taken_by(turn: Turn, aborted_usage: AbortedUsage) -> Usage:
    """What a colleague's work took that came to no answer."""
    return add_usage(turn["usage"], aborted_usage.usage) if aborted_usage.usage else turn["usage"]


def summary_of(turn: Turn) -> dict[str, Any]:
    """What comes back of a colleague's work."""
    answers = [message for message in turn["messages"] if isinstance(message, AIMessage)]
    text = "" if answers[-1].tool_calls else str(answers[-1].text)
    return {
        "status": "ok" if text else "unfinished",
        "answer": text or "no answer within the rounds and tokens that there are for one",
        "tools": [call["name"] for answer in answers for call in answer.tool_calls],
        "usage": turn["usage"],
    }
