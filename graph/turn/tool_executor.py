"""One call of a tool, from what the model wrote to a result that it may read; whatever goes wrong is a `ToolError`."""

import asyncio
import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import structlog
from langchain_core.messages import ToolCall as Call
from pydantic import BaseModel, ValidationError

from employees.roster import Roster
from graph.context import TurnContext
from graph.errors import DatabaseUnavailable, UnknownEmployee, safe_summary
from graph.ports.redaction import Redactor
from graph.ports.tools import DelegationPort, Effect, ToolRuntime
from graph.redaction.restore import restore_json
from graph.retry import READ_DELAYS, retry_on_database_down
from graph.tool import INVALID_JSON, OUTCOME_UNKNOWN, Rows, Tool, ToolContext, ToolError, ToolOutput
from graph.turn.result_texts import texts_in, with_numbers_as_text, with_texts
from graph.turn.result_truncation import to_json, truncate_json
from graph.validation import validation_messages
from graph.values.text import storable

log = structlog.get_logger(__name__)

MAX_RESULT_CHARS = 16_000
"""Characters of a result, as JSON, that are passed on."""
MAX_MASKED_CHARS = 20_000
"""Characters of a result that are looked through for personal values; the redactor takes no longer text."""
MAX_FAULT_CHARS = 2_000
"""Characters of a tool's word to the model; a longer one is none."""

Json = Any


@dataclass(frozen=True, slots=True)
class PreparedCall:
    """A call that can be made."""

    ordinal: int
    """Which call of the turn it is."""
    call: Call
    """As the model wrote it, masked."""
    tool: Tool
    arguments: BaseModel
    """With the caller's own values."""
    restored: Mapping[str, str] = field(default_factory=dict, repr=False)
    """These values, by token: where the tool repeats one, its token comes back in its place."""
    counted: bool = False
    """Whether it counts against its tool's limit already: a call that waited for its user did when it was proposed."""


@dataclass(frozen=True, slots=True)
class ColleagueDirectory:
    """The colleagues of the employee who calls a tool (port `Colleagues`)."""

    roster: Roster
    delegates: DelegationPort
    caller: TurnContext
    today: str

    @property
    def employee(self) -> str:
        return self.caller.employee

    def resolve(self, name: str) -> str:
        listed = [colleague.slug for colleague in self.roster.colleagues(self.employee)]
        try:
            slug = self.roster.find(name).slug
        except UnknownEmployee:
            slug = ""
        if slug not in listed:
            raise ToolError(f"there is no such colleague to turn to; there are: {', '.join(listed) or 'none'}")
        return slug

    async def delegate(self, colleague: str, question: str) -> Mapping[str, Any]:
        return await self.delegates.delegate(self.caller, colleague, question, self.today)


@dataclass(frozen=True, slots=True)
class ToolExecutor:
    """Makes calls on behalf of a caller."""

    toolbox: ToolRuntime
    redactor: Redactor
    roster: Roster
    delegates: DelegationPort

    async def prepare(self, ordinal: int, call: Call, employee: str, user_id: str) -> PreparedCall:
        """A call that this employee can make for this user.

        Raises:
            ToolError: it cannot be made.
        """
        tool = self._tool(call["name"], employee)
        if INVALID_JSON in call["args"]:
            raise ToolError(f"the arguments of {tool.name} were not valid JSON; call it again")
        return await self._prepared(ordinal, call, tool, call["args"], user_id)

    async def with_arguments(self, each: PreparedCall, arguments: Mapping[str, Any], user_id: str) -> PreparedCall:
        """The call with the arguments that its user decided on.

        Raises:
            ToolError: they are not what the tool takes.
        """
        changed = await self._prepared(each.ordinal, each.call, each.tool, arguments, user_id)
        return replace(changed, counted=each.counted)

    async def _prepared(
        self, ordinal: int, call: Call, tool: Tool, arguments: Mapping[str, Any], user_id: str
    ) -> PreparedCall:
        """The call with its user's own values in the place of tokens.

        Raises:
            ToolError: the arguments are not what the tool takes.
        """
        restored = await retry_on_database_down(lambda: self.redactor.token_values(user_id, arguments), READ_DELAYS)
        try:
            return PreparedCall(ordinal, call, tool, check(restore_json(dict(arguments), restored), tool), restored)
        except ToolError as fault:
            raise await self._masked_fault(fault, restored, user_id) from None

    async def _masked_fault(self, fault: ToolError, restored: Mapping[str, str], user_id: str) -> ToolError:
        """The fault in masked words: it may repeat what the tool was asked for."""
        masked = await self.redactor.mask(user_id, [str(fault)], restored)
        return ToolError(masked.texts[0])

    def _tool(self, name: str, employee: str) -> Tool:
        allowed = self.toolbox.tools(self.roster.find(employee).tools)
        for tool in allowed:
            if tool.name == name:
                return tool
        raise ToolError(f"there is no tool {name!r}; yours are: {', '.join(tool.name for tool in allowed) or 'none'}")

    def admit(self, each: PreparedCall, user_id: str) -> PreparedCall:
        """The call, counted once against its tool's limit.

        Raises:
            ToolError: there were too many within a minute.
        """
        tool = each.tool
        if not each.counted and not self.toolbox.try_acquire(user_id, tool):
            raise ToolError(
                f"{tool.name} was called {tool.max_calls_per_minute} times within a minute; go on with what you have"
            )
        return replace(each, counted=True)

    async def make(self, each: PreparedCall, today: dt.date, caller: TurnContext) -> ToolOutput:
        """Make a call. What changes something is made once.

        Raises:
            ToolError: it failed, or there were too many within a minute.
            LeaseLost: another process works on the run.
        """
        counted = each

        async def made(rows: Rows) -> ToolOutput:
            nonlocal counted
            counted = self.admit(counted, caller.user_id)  # an effect that is in the ledger already does not come here
            return await self._made(each, rows, today, caller)

        try:
            if each.tool.risk == "read":
                return await made(self.toolbox.rows(caller.user_id))
            return await self.toolbox.execute_once(effect_of(each, caller), made)
        except DatabaseUnavailable:
            raise failed(each.tool) from None

    async def preview(self, each: PreparedCall, today: dt.date, caller: TurnContext) -> Json:
        """What a call would change, masked.

        Raises:
            ToolError: it would be refused.
        """
        if each.tool.preview is None:
            return {}
        previewing = replace(each, tool=replace(each.tool, function=each.tool.preview, external=False))
        try:
            output = await self._made(previewing, self.toolbox.rows(caller.user_id), today, caller)
        except DatabaseUnavailable:
            raise failed(each.tool) from None
        return output.to_json()

    async def _made(self, each: PreparedCall, rows: Rows, today: dt.date, caller: TurnContext) -> ToolOutput:
        """What the tool's function returns, masked and cut to what is passed on.

        Raises:
            ToolError: it failed.
            DatabaseUnavailable: it may be tried again.
        """
        user_id, desk = caller.user_id, ColleagueDirectory(self.roster, self.delegates, caller, today.isoformat())
        context = ToolContext(
            rows, today, self.toolbox.files(user_id, name_of(each, caller)), self.toolbox.knowledge(user_id), desk
        )
        try:
            result = await invoke(each.tool, each.arguments, context)
            output = ToolOutput.from_json(await self._masked(result, each, user_id))
        except ToolError as fault:
            raise await self._masked_fault(fault, each.restored, user_id) from None
        return ToolOutput(truncated(output.result), truncated(output.display) if output.display else None)

    async def _masked(self, result: Json, each: PreparedCall, user_id: str) -> Json:
        """The result with tokens in the place of personal values: first of those that the tool was given, then of all that is
        found. Text that the tool exempts is searched for what it was given only.
        """
        result = with_numbers_as_text(result, each.restored)
        texts = texts_in(result, each.tool.unmasked_fields)
        masked = await self.redactor.mask(user_id, texts, each.restored)
        return with_texts(result, dict(zip(texts, masked.texts, strict=True)), each.tool.unmasked_fields)


def name_of(each: PreparedCall, caller: TurnContext) -> str:
    """What names a call of a run, whichever process makes it; nothing outside a run."""
    arguments = json.dumps(each.call["args"], sort_keys=True)
    return f"{caller.run_id}/{caller.employee}/{each.ordinal}/{each.tool.name}/{arguments}" if caller.epoch else ""


def effect_of(each: PreparedCall, caller: TurnContext) -> Effect:
    return Effect(
        caller.user_id,
        caller.run_id,
        caller.epoch,
        each.ordinal,
        each.tool.name,
        each.arguments.model_dump(mode="json"),
        each.tool.external,
    )


def failed(tool: Tool, reason: str = DatabaseUnavailable.code) -> ToolError:
    log.error("tool_failed", tool=tool.name, reason=reason)
    return ToolError(f"{tool.name} failed; {outcome_of(tool, 'say so to the user instead of guessing its result')}")


def outcome_of(tool: Tool, otherwise: str) -> str:
    """What is said of a call that broke off: what it changes elsewhere may be changed."""
    return OUTCOME_UNKNOWN if tool.external and tool.risk != "read" else otherwise


async def invoke(tool: Tool, arguments: BaseModel, context: ToolContext) -> Json:
    """Call the function within its deadline; its result as JSON, or as much of it as can be masked.

    Raises:
        ToolError: it says so itself, took too long, or broke; what broke is in the log, not in the result.
        DatabaseUnavailable: it may be done again.
    """
    deadline = asyncio.timeout(tool.timeout_seconds)
    try:
        async with deadline:
            result = await tool.function(arguments, context)
        return to_json(truncate_json(result, MAX_MASKED_CHARS, atomic_texts=True))
    except DatabaseUnavailable:
        raise
    except Exception as error:  # noqa: BLE001 - a tool is a plug-in; the turn continues
        if isinstance(error, ToolError) and len(str(error)) <= MAX_FAULT_CHARS:
            raise ToolError(storable(str(error))) from None
        if deadline.expired():
            took = f"{tool.name} took longer than {tool.timeout_seconds:g} seconds"
            raise ToolError(f"{took}; {outcome_of(tool, 'it was stopped')}") from None
        raise failed(tool, safe_summary(error)) from None


def check(arguments: Mapping[str, Any], tool: Tool) -> BaseModel:
    """The validated arguments.

    Raises:
        ToolError: they are not what the tool takes; says which field and why, without repeating what was given.
    """
    try:
        return tool.validate(arguments)
    except ValidationError as error:
        faults = "; ".join(validation_messages(error, "arguments"))
        raise ToolError(f"the arguments of {tool.name} are not valid: {faults}") from None


def truncated(result: Json) -> Json:
    """As much of a masked result as is passed on, with a note of what was left out."""
    return truncate_json(result, MAX_RESULT_CHARS)
