"""Hand-offs and delegations, as the results of their two tools tell them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from langchain_core.messages import AnyMessage, ToolMessage

from graph.events import Delegate, Event, Handoff
from graph.state import Usage, parse_tool_result

HANDOFF_TOOL = "handoff_to_employee"
DELEGATE_TOOL = "delegate_to_employee"
"""Reserved names: no other tool may have them."""


def events_of_result(tool: str, result: Any) -> Iterator[Event]:
    """The events that follow a result in the stream; none for other tools."""
    if not isinstance(result, Mapping):
        return
    if tool == HANDOFF_TOOL and (handoff := result.get("handoff")):
        yield cast(Handoff, {"type": "handoff", **{name: handoff[name] for name in ("from", "to", "reason")}})
    if tool == DELEGATE_TOOL:
        names = ("from", "to", "question", "status", "answer", "tools")
        for answer in result.get("answers", ()):
            yield cast(Delegate, {"type": "delegate", **{name: answer[name] for name in names}})


def employee_after(messages: Sequence[AnyMessage], first: str) -> str:
    """The slug of the employee who speaks after these messages.

    Args:
        messages: of one turn.
        first: the employee who speaks before them.
    """
    employee = first
    for message in messages:
        if isinstance(message, ToolMessage) and message.name == HANDOFF_TOOL and message.status != "error":
            employee = parse_tool_result(message).get("handoff", {}).get("to", employee)
    return employee


def delegated_usage(tool: str, result: Any) -> Iterator[Usage]:
    """The usage of each colleague whose answer the result holds."""
    if tool == DELEGATE_TOOL and isinstance(result, Mapping):
        yield from (answer["usage"] for answer in result.get("answers", ()) if answer.get("usage"))
