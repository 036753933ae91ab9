"""Executes a tool call: validates its arguments, calls the tool's function, masks and truncates its result.

Whatever goes wrong becomes a `ToolError`, which the model reads.
"""

import asyncio
import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import structlog
from langchain_core.messages import ToolCall
from pydantic import BaseModel, ValidationError

from employees.roster import Roster
from graph.context import TurnContext
from graph.errors import DatabaseUnavailable, safe_summary
from graph.ports.redaction import Redactor
from graph.ports.tools import DelegationPort, Effect, ToolRuntime
from graph.redaction.unmasking.unmask import unmask_json
from graph.retry import READ_DELAYS, retry_on_database_down
from graph.tool import INVALID_JSON, OUTCOME_UNKNOWN, Rows, Tool, ToolContext, ToolError, ToolOutput
from graph.turn.colleague_directory import ColleagueDirectory
from graph.turn.result_texts import texts_in, with_numbers_as_text, with_texts
from graph.turn.result_truncation import to_json, truncate_json
from graph.validation import validation_messages
from graph.values.text import storable

log = structlog.get_logger(__name__)

MAX_RESULT_CHARS = 16_000
"""Longer results, as JSON, are truncated before the model reads them."""
MAX_MASKED_CHARS = 20_000
"""Longer results, as JSON, are truncated before they are masked: the redactor takes no longer text."""
MAX_ERROR_CHARS = 2_000
"""Longer tool errors are replaced by a generic one."""

Json = Any


@dataclass(frozen=True, slots=True)
class PreparedCall:
    """A call whose tool exists and whose arguments are valid."""

    ordinal: int
    """Position among all calls of the turn, from 0."""
    requested: ToolCall
    """The call as the model wrote it, masked."""
    tool: Tool
    arguments: BaseModel
    """Validated, with the user's own values in the place of tokens."""
    restored: Mapping[str, str] = field(default_factory=dict, repr=False)
    """These values by token. Where the result repeats a value, its token takes its place again."""
    is_counted: bool = False
    """Whether the call has been counted against its tool's rate limit, as one that was put to the user has."""


@dataclass(frozen=True, slots=True)
class ToolExecutor:
    """Executes the calls of an employee for a user."""

    toolbox: ToolRuntime
    redactor: Redactor
    roster: Roster
    delegation: DelegationPort

    async def prepare(self, ordinal: int, requested: ToolCall, employee: str, user_id: str) -> PreparedCall:
        """Select the tool and validate the arguments.

        Raises:
            ToolError: the employee has no such tool, or the arguments are not valid.
        """
        tool = self._tool(requested["name"], employee)
        if INVALID_JSON in requested["args"]:
            raise ToolError(f"the arguments of {tool.name} were not valid JSON; call it again")
        return await self._with_valid_arguments(ordinal, requested, tool, requested["args"], user_id)

    async def with_arguments(self, call: PreparedCall, arguments: Mapping[str, Any], user_id: str) -> PreparedCall:
        """The call with other arguments, as the user approved them.

        Raises:
            ToolError: the arguments are not valid.
        """
        changed = await self._with_valid_arguments(call.ordinal, call.requested, call.tool, arguments, user_id)
        return replace(changed, is_counted=call.is_counted)

    async def _with_valid_arguments(
        self, ordinal: int, requested: ToolCall, tool: Tool, arguments: Mapping[str, Any], user_id: str
    ) -> PreparedCall:
        """The call with the user's own values restored in its arguments, and these validated."""
        restored = await retry_on_database_down(lambda: self.redactor.token_values(user_id, arguments), READ_DELAYS)
        try:
            validated = resolve_arguments(unmask_json(dict(arguments), restored), tool)
        except ToolError as error:
            raise await self._masked_error(error, restored, user_id) from None
        return PreparedCall(ordinal, requested, tool, validated, restored)

    async def _masked_error(self, error: ToolError, restored: Mapping[str, str], user_id: str) -> ToolError:
        """The error with its text masked: it may repeat the arguments."""
        masked = await self.redactor.mask(user_id, [str(error)], restored)
        return ToolError(masked.texts[0])

    def _tool(self, name: str, employee: str) -> Tool:
        allowed = self.toolbox.tools(self.roster.find(employee).tools)
        for tool in allowed:
            if tool.name == name:
                return tool
        raise ToolError(f"there is no tool {name!r}; yours are: {', '.join(tool.name for tool in allowed) or 'none'}")

    def count_against_limit(self, call: PreparedCall, user_id: str) -> None:
        """Count the call against its tool's rate limit, unless it is counted already.

        Raises:
            ToolError: the limit is exceeded.
        """
        tool = call.tool
        if not call.is_counted and not self.toolbox.try_acquire(user_id, tool):
            raise ToolError(
                f"{tool.name} was called {tool.max_calls_per_minute} times within a minute; go on with what you have"
            )

    async def execute(self, call: PreparedCall, today: dt.date, context: TurnContext) -> ToolOutput:
        """Execute a call. The effect of a write or outbound tool happens once, however often the node runs.

        Raises:
            ToolError: the call failed, or its tool's rate limit is exceeded.
            LeaseLost: another process works on the run.
        """

        @cache  # a transaction that is retried calls the tool again, and is one call of the user
        def count_once() -> None:
            self.count_against_limit(call, context.user_id)

        async def counted_output(rows: Rows) -> ToolOutput:
            count_once()  # here, because an effect that is recorded is not counted again
            return await self._output(call, rows, today, context)

        try:
            if call.tool.risk == "read":
                return await counted_output(self.toolbox.rows(context.user_id))
            return await self.toolbox.execute_once(effect_of(call, context), counted_output)
        except DatabaseUnavailable:
            raise log_failure(call.tool) from None

    async def preview(self, call: PreparedCall, today: dt.date, context: TurnContext) -> Mapping[str, Any]:
        """What the call would change, masked; empty if its tool has no preview.

        Raises:
            ToolError: the call would be refused.
        """
        if call.tool.preview is None:
            return {}
        previewing = replace(call, tool=replace(call.tool, function=call.tool.preview, external=False))
        try:
            output = await self._output(previewing, self.toolbox.rows(context.user_id), today, context)
        except DatabaseUnavailable:
            raise log_failure(call.tool) from None
        return output.to_json()

    async def _output(self, call: PreparedCall, rows: Rows, today: dt.date, context: TurnContext) -> ToolOutput:
        """Call the tool's function, then mask and truncate its result.

        Raises:
            ToolError: it failed.
            DatabaseUnavailable: it may be tried again.
        """
        user_id = context.user_id
        tool_context = ToolContext(
            rows,
            today,
            self.toolbox.files(user_id, call_key(call, context)),
            self.toolbox.knowledge(user_id),
            ColleagueDirectory(self.roster, self.delegation, context, today.isoformat()),
            context.profile,
        )
        try:
            result = await call_function(call.tool, call.arguments, tool_context)
            output = ToolOutput.from_json(await self._masked(result, call, user_id))
        except ToolError as error:
            raise await self._masked_error(error, call.restored, user_id) from None
        return ToolOutput(truncated(output.result), truncated(output.display) if output.display else None)

    async def _masked(self, result: Json, call: PreparedCall, user_id: str) -> Json:
        """The result with tokens in the place of personal values.

        The values that the call was given are replaced everywhere; all other values where the tool does not exempt the text.
        """
        result = with_numbers_as_text(result, call.restored)
        texts = texts_in(result, call.tool.unmasked_fields)
        masked = await self.redactor.mask(user_id, texts, call.restored)
        return with_texts(result, dict(zip(texts, masked.texts, strict=True)), call.tool.unmasked_fields)


def call_key(call: PreparedCall, context: TurnContext) -> str:
    """Identifies a call of a run in every process that executes it; empty outside a run."""
    arguments = json.dumps(call.requested["args"], sort_keys=True)
    return f"{context.run_id}/{context.employee}/{call.ordinal}/{call.tool.name}/{arguments}" if context.epoch else ""


def effect_of(call: PreparedCall, context: TurnContext) -> Effect:
    return Effect(
        context.user_id,
        context.run_id,
        context.epoch,
        call.ordinal,
        call.tool.name,
        call.arguments.model_dump(mode="json"),
        call.tool.external,
    )


def log_failure(tool: Tool, reason: str = DatabaseUnavailable.code) -> ToolError:
    """Log the reason of a failure; return the error for the model, which does not repeat the reason."""
    log.error("tool_failed", tool=tool.name, reason=reason)
    advice = outcome_text(tool, "say so to the user instead of guessing its result")
    return ToolError(f"{tool.name} failed; {advice}")


def outcome_text(tool: Tool, otherwise: str) -> str:
    """What the model is told about an interrupted call: an external effect may have happened."""
    return OUTCOME_UNKNOWN if tool.external and tool.risk != "read" else otherwise


async def call_function(tool: Tool, arguments: BaseModel, context: ToolContext) -> Json:
    """Call the tool's function within its timeout.

    Returns:
        The result as JSON, truncated to the size that can be masked.

    Raises:
        ToolError: the tool's own error, a timeout, or a failure, whose reason is only in the log.
        DatabaseUnavailable: the call may be tried again.
    """
    timeout = asyncio.timeout(tool.timeout_seconds)
    try:
        async with timeout:
            result = await tool.function(arguments, context)
        return to_json(truncate_json(result, MAX_MASKED_CHARS, atomic_texts=True))
    except DatabaseUnavailable:
        raise
    except Exception as error:  # noqa: BLE001 - a tool is a plug-in; the turn continues
        if isinstance(error, ToolError) and len(str(error)) <= MAX_ERROR_CHARS:
            raise ToolError(storable(str(error))) from None
        if timeout.expired():
            took = f"{tool.name} took longer than {tool.timeout_seconds:g} seconds"
            raise ToolError(f"{took}; {outcome_text(tool, 'it was stopped')}") from None
        raise log_failure(tool, safe_summary(error)) from None


def resolve_arguments(arguments: Mapping[str, Any], tool: Tool) -> BaseModel:
    """The validated arguments.

    Raises:
        ToolError: they are not valid; the message names the fields and the reasons, and repeats no value.
    """
    try:
        return tool.validate(arguments)
    except ValidationError as error:
        messages = "; ".join(validation_messages(error, "arguments"))
        raise ToolError(f"the arguments of {tool.name} are not valid: {messages}") from None


def truncated(result: Json) -> Json:
    """The masked result, truncated for the model, with a note of what was left out."""
    return truncate_json(result, MAX_RESULT_CHARS)
