"""Runs the tools that the model called, a round at once; whatever goes wrong becomes a result that the model reads."""

import asyncio
import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.messages import ToolCall as Call
from langgraph.runtime import Runtime
from pydantic import BaseModel, ValidationError

from employees.roster import Roster
from graph.context import TurnContext
from graph.errors import describe
from graph.events import ToolCall, ToolResult
from graph.ports import Redactor, Toolbox
from graph.state import Turn
from graph.tool import INVALID_JSON, Tool, ToolContext, ToolFault

log = structlog.get_logger(__name__)

MAX_RESULT_CHARS = 16_000
MAX_CALLS = 8
"""Calls of one round that are made; the model is told about the others."""

Json = Any


@dataclass(frozen=True, slots=True)
class CallTools:
    toolbox: Toolbox
    redactor: Redactor
    roster: Roster

    async def __call__(self, state: Turn, runtime: Runtime[TurnContext]) -> Turn:
        request = state["messages"][-1]
        assert isinstance(request, AIMessage)
        for call in request.tool_calls:
            runtime.stream_writer(
                ToolCall(type="tool_call", tool={"id": call["id"] or "", "name": call["name"], "args": call["args"]})
            )
        answers = await asyncio.gather(
            *(self._answer(number, call, state, runtime) for number, call in enumerate(request.tool_calls))
        )
        return Turn(messages=[*state["messages"], *answers])

    async def _answer(self, number: int, call: Call, state: Turn, runtime: Runtime[TurnContext]) -> ToolMessage:
        failed = False
        try:
            if number >= MAX_CALLS:
                raise ToolFault(f"only {MAX_CALLS} calls are made in one round; call this one again in the next")
            result = await self._run(call, state, runtime.context)
        except ToolFault as fault:
            failed, result = True, {"error": str(fault)}
        runtime.stream_writer(ToolResult(type="tool_result", tool_call_id=call["id"] or "", result=result))
        return ToolMessage(
            json.dumps(result, ensure_ascii=False),
            tool_call_id=call["id"] or "",
            name=call["name"],
            status="error" if failed else "success",
        )

    async def _run(self, call: Call, state: Turn, caller: TurnContext) -> Json:
        """One call, from the model's arguments to a masked result.

        Raises:
            ToolFault: the call cannot be made, or failed.
        """
        tool = self._tool(call["name"], caller.employee)
        if INVALID_JSON in call["args"]:
            raise ToolFault(f"the arguments of {tool.name} were not valid JSON; call it again")
        arguments = check(await self.redactor.reveal(caller.user_id, call["args"]), tool)
        context = ToolContext(self.toolbox.rows(caller.user_id), dt.date.fromisoformat(state["today"]))
        try:
            result = plain(await attempt(tool, arguments, context))
        except ToolFault as fault:
            told = await self.redactor.mask(caller.user_id, [str(fault)])  # it may repeat what it was asked for
            raise ToolFault(told.texts[0]) from None
        return capped(await self._masked(result, tool, caller.user_id))

    def _tool(self, name: str, employee: str) -> Tool:
        allowed = self.toolbox.tools(self.roster.find(employee).tools)
        for tool in allowed:
            if tool.name == name:
                return tool
        raise ToolFault(f"there is no tool {name!r}; yours are: {', '.join(tool.name for tool in allowed) or 'none'}")

    async def _masked(self, result: Json, tool: Tool, owner: str) -> Json:
        texts = list(free_texts(result, tool.free_text))
        if not texts:
            return result
        masked = await self.redactor.mask(owner, texts)
        replacements = dict(zip(texts, masked.texts, strict=True))
        return with_free_texts(result, tool.free_text, replacements.__getitem__)


async def attempt(tool: Tool, arguments: BaseModel, context: ToolContext) -> Mapping[str, Any]:
    """Call the function within its deadline.

    Raises:
        ToolFault: it says so itself, took too long, or broke; what broke is in the log, not in the result.
    """
    try:
        async with asyncio.timeout(tool.deadline):
            return await tool.function(arguments, context)
    except TimeoutError:
        raise ToolFault(f"{tool.name} took longer than {tool.deadline:g} seconds and was stopped") from None
    except ToolFault:
        raise
    except Exception as error:  # a tool is a plug-in: the turn goes on whatever it does
        log.error("tool_failed", tool=tool.name, reason=describe(error))
        raise ToolFault(f"{tool.name} failed; say so to the user instead of guessing its result") from None


def check(arguments: Mapping[str, Any], tool: Tool) -> BaseModel:
    """The validated arguments.

    Raises:
        ToolFault: they are not what the tool takes; says which field and why, without repeating what was given.
    """
    try:
        return tool.arguments.model_validate(arguments)
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, fault['loc'])) or 'arguments'}: {fault['msg']}" for fault in error.errors())
        raise ToolFault(f"the arguments of {tool.name} are not valid: {'; '.join(faults)}") from None


def plain(value: object) -> Json:
    """The value as JSON holds it: money and dates as text, so that no binary fraction comes in."""
    return json.loads(json.dumps(value, default=str))


def capped(result: Json) -> Json:
    text = json.dumps(result, ensure_ascii=False)
    if len(text) <= MAX_RESULT_CHARS:
        return result
    return {
        "error": f"the result is {len(text)} characters long; at most {MAX_RESULT_CHARS} are passed on. Ask for less: "
        "a shorter period, fewer rows, or totals.",
    }


def free_texts(value: Json, names: Sequence[str], inside: bool = False) -> set[str]:
    """The distinct texts of the named fields, at any depth."""
    match value:
        case dict():
            return set().union(*(free_texts(item, names, inside or key in names) for key, item in value.items()))
        case list():
            return set().union(*(free_texts(item, names, inside) for item in value))
        case str() if inside and value:
            return {value}
        case _:
            return set()


def with_free_texts(value: Json, names: Sequence[str], replace: Callable[[str], str], inside: bool = False) -> Json:
    """The value with the texts of the named fields replaced."""
    match value:
        case dict():
            return {key: with_free_texts(item, names, replace, inside or key in names) for key, item in value.items()}
        case list():
            return [with_free_texts(item, names, replace, inside) for item in value]
        case str() if inside and value:
            return replace(value)
        case _:
            return value
