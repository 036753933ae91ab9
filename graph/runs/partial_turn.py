"""Stores a turn that did not come to its end: stopped, failed or timed out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from graph.context import AbortedUsage
from graph.errors import ChatError, RedactionFailed
from graph.ports.memory import Transcript, TurnRecord
from graph.ports.models import CountTokens
from graph.ports.redaction import Redactor
from graph.ports.tools import ToolRuntime
from graph.retry import retry_on_database_down
from graph.runs.live_run import LiveRun
from graph.state import NO_USAGE, Usage, add_usage
from graph.turn.taint import taint_sources


@dataclass(frozen=True, slots=True)
class PartialTurnRecorder:
    """Writes the messages that a turn has so far to the history."""

    transcript: Transcript
    redactor: Redactor
    toolbox: ToolRuntime
    count_tokens: CountTokens

    async def record(
        self, live: LiveRun, model: str, status: Literal["complete", "stopped", "failed"], error: ChatError | None
    ) -> str | None:
        """Store the turn as far as it came, and note its usage in the run.

        Args:
            live: the run.
            model: the model that answered, or would have.
            status: how the turn ended.
            error: what ended it.

        Returns:
            Id of the stored answer; None if there is nothing to store.
        """
        partial = live.partial_text()
        messages = close_open_calls(await retry_on_database_down(lambda: self._messages(live)), partial)
        if not messages:
            return None
        run = live.run
        live.turn["usage"] = usage_of_partial(live.turn.get("usage"), live.aborted_usage, self.count_tokens(partial))
        record = TurnRecord(
            user_id=run.user_id,
            session_id=run.session_id,
            run_id=run.id,
            epoch=run.epoch,
            employee=run.employee,
            model=model,
            messages=messages,
            usage=live.turn["usage"],
            untrusted_sources=taint_sources({**live.turn, "messages": list(messages)}, self.toolbox),
            status=status,
            error=error.code if error else None,
        )
        return await retry_on_database_down(lambda: self.transcript.record(record))

    async def _messages(self, live: LiveRun) -> Sequence[AnyMessage]:
        """The turn's messages so far: at least the question, unless it cannot be masked."""
        if messages := live.turn.get("messages"):
            return messages
        if live.text is None:
            return []
        try:
            masked = await self.redactor.mask(live.run.user_id, [live.text])
        except RedactionFailed:
            return []
        return [HumanMessage(masked.texts[0])]


def close_open_calls(messages: Sequence[AnyMessage], partial: str) -> list[AnyMessage]:
    """The messages of a broken-off turn in a form that a model accepts: the partial answer is added, and each call of the
    last message gets a result.
    """
    if not messages:
        return []
    last = messages[-1]
    if not isinstance(last, AIMessage):
        return [*messages, *([AIMessage(partial)] if partial else [])]
    results = [
        ToolMessage(
            "The run was stopped before this tool finished.", tool_call_id=call["id"], name=call["name"], status="error"
        )
        for call in last.tool_calls
    ]
    return [*messages, *results]


def usage_of_partial(usage: Usage | None, aborted_usage: AbortedUsage, partial_tokens: int) -> Usage:
    """The usage of a turn that did not come to its end.

    Args:
        usage: of the model calls whose answers are part of the turn; None without any.
        aborted_usage: the usage of the calls that broke off in this process.
        partial_tokens: tokens of the partial answer; they count where no call broke off here.
    """
    if aborted_usage.usage:
        return add_usage(usage, aborted_usage.usage) if usage else aborted_usage.usage
    return with_partial(usage or NO_USAGE, partial_tokens)


def with_partial(usage: Usage, tokens: int) -> Usage:
    """The usage, with the tokens of a partial answer that no provider reported."""
    if not tokens:
        return usage
    return Usage(
        prompt=usage["prompt"],
        completion=usage["completion"] + tokens,
        total=usage["total"] + tokens,
        cost=usage["cost"],
        source="counted",
    )
