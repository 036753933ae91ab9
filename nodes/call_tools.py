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
from graph.errors import DatabaseUnavailable, describe
from graph.events import ToolCall, ToolResult
from graph.patience import SHORT, patiently
from graph.ports import Effect, Redactor, Toolbox
from graph.state import Turn
from graph.text import sound
from graph.tool import DISPLAY, INVALID_JSON, Rows, Tool, ToolContext, ToolFault
from graph.tool_result import excerpt, plain

log = structlog.get_logger(__name__)

MAX_RESULT_CHARS = 16_000
"""Characters of a result, as JSON, that are passed on."""
MAX_MASKED_CHARS = 20_000
"""Characters of a result that are looked through for personal values; the redactor takes no longer text."""
MAX_FAULT_CHARS = 2_000
"""Characters of a tool's word to the model; a longer one is none."""
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
            result = await self._run(made_before(state) + number, call, state, runtime.context)
        except ToolFault as fault:
            failed, result = True, capped({"error": str(fault)})
        result, display = apart(result)
        event = ToolResult(type="tool_result", tool_call_id=call["id"] or "", result=result)
        runtime.stream_writer({**event, DISPLAY: display} if display else event)
        return ToolMessage(
            json.dumps(result, ensure_ascii=False),
            tool_call_id=call["id"] or "",
            name=call["name"],
            status="error" if failed else "success",
        )

    async def _run(self, ordinal: int, call: Call, state: Turn, caller: TurnContext) -> Json:
        """One call, from the model's arguments to a masked result.

        Raises:
            ToolFault: the call cannot be made, or failed.
            RunLost: another process works on the run.
        """
        tool = self._tool(call["name"], caller.employee)
        if INVALID_JSON in call["args"]:
            raise ToolFault(f"the arguments of {tool.name} were not valid JSON; call it again")
        given = await patiently(lambda: self.redactor.reveal(caller.user_id, call["args"]), SHORT)
        arguments = check(given, tool)
        today = dt.date.fromisoformat(state["today"])

        async def make(rows: Rows) -> Json:
            result = await attempt(tool, arguments, ToolContext(rows, today))
            read, display = apart(await self._masked(result, tool, caller.user_id))
            return {**capped(read), DISPLAY: capped(display)} if display else capped(read)

        try:
            if tool.risk == "read":
                return await make(self.toolbox.rows(caller.user_id))
            return await self.toolbox.once(effect_of(ordinal, call, caller), make)
        except DatabaseUnavailable:
            log.error("tool_failed", tool=tool.name, reason=DatabaseUnavailable.code)
            raise ToolFault(f"{tool.name} failed; say so to the user instead of guessing its result") from None
        except ToolFault as fault:
            told = await self.redactor.mask(caller.user_id, [str(fault)])  # it may repeat what it was asked for
            raise ToolFault(told.texts[0]) from None

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


def apart(result: Json) -> tuple[Json, Json]:
    """What the model reads of a result, and what a client can show of it."""
    if isinstance(result, dict) and DISPLAY in result:
        return {name: value for name, value in result.items() if name != DISPLAY}, result[DISPLAY]
    return result, None


def made_before(state: Turn) -> int:
    """The calls of earlier rounds of this turn."""
    return sum(len(message.tool_calls) for message in state["messages"][:-1] if isinstance(message, AIMessage))


def effect_of(ordinal: int, call: Call, caller: TurnContext) -> Effect:
    return Effect(caller.user_id, caller.run_id, caller.epoch, ordinal, call["name"], call["args"])


async def attempt(tool: Tool, arguments: BaseModel, context: ToolContext) -> Json:
    """Call the function within its deadline; its result as JSON, or as much of it as can be masked.

    Raises:
        ToolFault: it says so itself, took too long, or broke; what broke is in the log, not in the result.
        DatabaseUnavailable: it may be done again.
    """
    deadline = asyncio.timeout(tool.deadline)
    try:
        async with deadline:
            result = await tool.function(arguments, context)
        return plain(excerpt(result, MAX_MASKED_CHARS, whole=tool.free_text))
    except DatabaseUnavailable:
        raise
    except Exception as error:  # a tool is a plug-in: the turn goes on whatever it does
        if isinstance(error, ToolFault) and len(str(error)) <= MAX_FAULT_CHARS:
            raise ToolFault(sound(str(error))) from None
        if deadline.expired():
            raise ToolFault(f"{tool.name} took longer than {tool.deadline:g} seconds and was stopped") from None
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


def capped(result: Json) -> Json:
    """As much of a masked result as is passed on, with a note of what was left out."""
    return excerpt(result, MAX_RESULT_CHARS)


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
