"""Runs the tools that the model called."""

import asyncio
import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import reduce
from typing import Protocol

from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.messages import ToolCall as RequestedCall
from langgraph.runtime import Runtime

from graph.context import TurnContext, with_profile
from graph.events import Event, ToolCall, ToolCallView, ToolResult
from graph.state import Turn, add_usage, parse_tool_result
from graph.tool import ToolError, ToolOutput
from graph.turn.approval_gate import CallRound
from graph.turn.handoff import delegated_usage, employee_after, events_of_result
from graph.turn.tool_executor import PreparedCall, ToolExecutor, truncated

MAX_CALLS = 8
"""Calls that are made in one round; for each further call the model reads an error."""


class ApprovalPolicy(Protocol):
    """Decides which calls of a round are made, and with what arguments."""

    async def resolve(self, calls: CallRound, state: Turn, runtime: Runtime[TurnContext]) -> CallRound:
        """The calls in their order; a call that must not be made is replaced by its error."""
        ...


@dataclass(frozen=True, slots=True)
class CallTools:
    """Runs the calls of the model's last message at once and adds a result for each. Every failure becomes a result."""

    executor: ToolExecutor
    policy: ApprovalPolicy

    async def __call__(self, state: Turn, runtime: Runtime[TurnContext]) -> Turn:
        message = state["messages"][-1]
        assert isinstance(message, AIMessage)
        for requested in message.tool_calls:
            view = ToolCallView(id=requested["id"] or "", name=requested["name"], args=requested["args"])
            runtime.stream_writer(ToolCall(type="tool_call", tool=view))
        employee = state.get("speaker") or runtime.context.employee
        context = with_profile(replace(runtime.context, employee=employee), state)
        first = count_earlier_calls(state)
        prepared = await asyncio.gather(
            *(self._prepare(first, place, requested, context) for place, requested in enumerate(message.tool_calls))
        )
        resolved = await self.policy.resolve(prepared, state, runtime)
        today = dt.date.fromisoformat(state["today"])
        results = await asyncio.gather(
            *(
                self._result(requested, call, today, context, runtime.stream_writer)
                for requested, call in zip(message.tool_calls, resolved, strict=True)
            )
        )
        usages = [
            usage for result in results for usage in delegated_usage(result.name or "", parse_tool_result(result))
        ]
        return Turn(
            messages=[*state["messages"], *results],
            speaker=employee_after(results, state.get("speaker", "")),
            usage=reduce(add_usage, usages, state["usage"]),
        )

    async def _prepare(
        self, first: int, place: int, requested: RequestedCall, context: TurnContext
    ) -> PreparedCall | ToolError:
        if place >= MAX_CALLS:
            return ToolError(f"only {MAX_CALLS} calls are made in one round; call this one again in the next")
        try:
            return await self.executor.prepare(first + place, requested, context.employee, context.user_id)
        except ToolError as error:
            return error

    async def _result(
        self,
        requested: RequestedCall,
        call: PreparedCall | ToolError,
        today: dt.date,
        context: TurnContext,
        stream: Callable[[Event], None],
    ) -> ToolMessage:
        """Execute a call, stream its result, and return the message that the model reads."""
        has_failed = False
        try:
            if isinstance(call, ToolError):
                raise call
            output = await self.executor.execute(call, today, context)
        except ToolError as error:
            has_failed, output = True, ToolOutput(truncated({"error": str(error)}))
        event = ToolResult(type="tool_result", tool_call_id=requested["id"] or "", result=output.result)
        if output.display:
            event["display"] = output.display
        stream(event)
        for derived in events_of_result(requested["name"], {} if has_failed else output.result):
            stream(derived)
        return ToolMessage(
            json.dumps(output.result, ensure_ascii=False),
            tool_call_id=requested["id"] or "",
            name=requested["name"],
            status="error" if has_failed else "success",
        )


def count_earlier_calls(state: Turn) -> int:
    """The calls of earlier rounds of this turn."""
    return sum(len(message.tool_calls) for message in state["messages"][:-1] if isinstance(message, AIMessage))
