"""Runs the tools that the model called, a round at once; whatever goes wrong becomes a result that the model reads."""

import asyncio
import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import reduce
from typing import Protocol

from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.messages import ToolCall as Call
from langgraph.runtime import Runtime

from graph.context import TurnContext
from graph.events import Event, ToolCall, ToolResult
from graph.state import Turn, add_usage, parse_tool_result
from graph.tool import ToolError, ToolOutput
from graph.turn.approval_gate import CallRound
from graph.turn.handoff import employee_after, events_of_result, usage_of
from graph.turn.tool_executor import PreparedCall, ToolExecutor, truncated

MAX_CALLS = 8
"""Calls of one round that are made; the model is told about the others."""


class ApprovalPolicy(Protocol):
    """Says which calls of a round are made, and with what arguments."""

    async def resolve(self, ready: CallRound, state: Turn, runtime: Runtime[TurnContext]) -> CallRound: ...


@dataclass(frozen=True, slots=True)
class CallTools:
    calls: ToolExecutor
    consent: ApprovalPolicy

    async def __call__(self, state: Turn, runtime: Runtime[TurnContext]) -> Turn:
        request = state["messages"][-1]
        assert isinstance(request, AIMessage)
        for call in request.tool_calls:
            runtime.stream_writer(
                ToolCall(type="tool_call", tool={"id": call["id"] or "", "name": call["name"], "args": call["args"]})
            )
        first, caller = made_before(state), self._speaking(state, runtime.context)
        ready = await asyncio.gather(
            *(self._prepared(first, number, call, caller) for number, call in enumerate(request.tool_calls))
        )
        resolve = await self.consent.resolve(ready, state, runtime)
        tell = runtime.stream_writer
        answers = await asyncio.gather(
            *(
                self._answer(call, each, state, caller, tell)
                for call, each in zip(request.tool_calls, resolve, strict=True)
            )
        )
        spent = [usage for each in answers for usage in usage_of(each.name or "", parse_tool_result(each))]
        return Turn(
            messages=[*state["messages"], *answers],
            speaker=employee_after(answers, state.get("speaker", "")),
            usage=reduce(add_usage, spent, state["usage"]),
        )

    def _speaking(self, state: Turn, caller: TurnContext) -> TurnContext:
        return replace(caller, employee=state.get("speaker") or caller.employee)

    async def _prepared(self, first: int, number: int, call: Call, caller: TurnContext) -> PreparedCall | ToolError:
        if number >= MAX_CALLS:
            return ToolError(f"only {MAX_CALLS} calls are made in one round; call this one again in the next")
        try:
            return await self.calls.prepare(first + number, call, caller.employee, caller.user_id)
        except ToolError as fault:
            return fault

    async def _answer(
        self,
        call: Call,
        each: PreparedCall | ToolError,
        state: Turn,
        caller: TurnContext,
        tell: Callable[[Event], None],
    ) -> ToolMessage:
        failed = False
        try:
            if isinstance(each, ToolError):
                raise each
            output = await self.calls.make(each, dt.date.fromisoformat(state["today"]), caller)
        except ToolError as fault:
            failed, output = True, ToolOutput(truncated({"error": str(fault)}))
        event = ToolResult(type="tool_result", tool_call_id=call["id"] or "", result=output.result)
        if output.display:
            event["display"] = output.display
        tell(event)
        for more in events_of_result(call["name"], {} if failed else output.result):
            tell(more)
        return ToolMessage(
            json.dumps(output.result, ensure_ascii=False),
            tool_call_id=call["id"] or "",
            name=call["name"],
            status="error" if failed else "success",
        )


def made_before(state: Turn) -> int:
    """The calls of earlier rounds of this turn."""
    return sum(len(message.tool_calls) for message in state["messages"][:-1] if isinstance(message, AIMessage))
