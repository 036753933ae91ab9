"""How a turn is left: what is stored of one that did not come to its end, and the last event of its stream."""

from collections.abc import Sequence
from typing import Literal

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage

from graph.context import Unfinished
from graph.errors import ChatError
from graph.events import Done, Error
from graph.grounding.amount_check import untraced_amounts
from graph.state import Turn, Usage, add, no_usage
from graph.turn.model_reply import Finish, finish_of

Status = Literal["complete", "stopped", "failed", "waiting"]

NO_USAGE = no_usage("counted")


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


def done_event(turn: Turn, message_id: str | None, status: Status) -> Done:
    usage = turn.get("usage", NO_USAGE)
    done = Done(
        type="done",
        message_id=message_id or "",
        total_tokens=usage["total"],
        usage=usage,
        status="complete" if status == "failed" else status,
    )
    if status == "complete" and (finish := answer_finish(turn)):
        done["finish"] = finish
    if status == "complete" and (untraced := untraced_amounts(turn)):
        done["untraced_amounts"] = untraced
    return done


def answer_finish(turn: Turn) -> Finish | None:
    """How the turn's answer ended, if it is not a whole one."""
    last = turn["messages"][-1] if turn.get("messages") else None
    return finish_of(last) if isinstance(last, AIMessage) else None


def error_event(error: ChatError) -> Error:
    return Error(type="error", code=error.code, error=error.message)
