"""How a turn is left: what is stored of one that did not come to its end, and the last event of its stream."""

from collections.abc import Sequence
from typing import cast

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage

from graph.context import Unfinished
from graph.ports.memory import Recorded
from graph.state import NO_USAGE, Turn, Usage, add


def closed(messages: Sequence[AnyMessage], partial: str) -> list[AnyMessage]:
    """The messages of a broken-off turn such that a model accepts them again: the partial answer is kept, and every call
    has a result."""
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


def usage_of_rest(usage: Usage | None, unfinished: Unfinished, partial_tokens: int) -> Usage:
    """What a turn took that did not come to its end.

    Args:
        usage: of the calls of models that are part of the turn; None if it has none yet.
        unfinished: what those took that broke off in this process.
        partial_tokens: of the answer that another process was giving; it counts where no call broke off here.
    """
    if unfinished.usage:
        return add(usage, unfinished.usage) if usage else unfinished.usage
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


GIVEN = ("today", "recollection", "passages", "unsummarized", "summary_due")
"""The fields of a turn that only its trace keeps."""


def turn_of(recorded: Recorded) -> Turn:
    """The turn of the history."""
    return Turn(messages=list(recorded.messages), usage=recorded.usage, message_id=recorded.message_id)


def kept_nowhere_else(turn: Turn) -> Turn:
    """What a turn was given: its messages are in the history, and so is the history that it read."""
    kept = cast(Turn, {name: value for name, value in turn.items() if name in GIVEN})
    if "recollection" in kept:
        kept["recollection"] = {**kept["recollection"], "history": []}
    return kept
