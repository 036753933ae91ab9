"""What of a tool's result moves a conversation, or tells of a colleague's work: the events that go with it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from langchain_core.messages import AnyMessage, ToolMessage

from graph.events import Delegate, Event, Handoff
from graph.state import Usage, parse_tool_result

HANDOFF_TOOL = "handoff_to_employee"
DELEGATE_TOOL = "delegate_to_employee"
"""The two tools, by which no other can be named."""


def events_of_result(tool: str, result: Any) -> Iterator[Event]:
    """What a client is told beside a result."""
    if not isinstance(result, Mapping):
        return
    if tool == HANDOFF_TOOL and (moved := result.get("handoff")):
        yield cast(Handoff, {"type": "handoff", **{name: moved[name] for name in ("from", "to", "reason")}})
    if tool == DELEGATE_TOOL:
        names = ("from", "to", "question", "status", "answer", "tools")
        for answer in result.get("answers", ()):
            yield cast(Delegate, {"type": "delegate", **{name: answer[name] for name in names}})


def employee_after(messages: Sequence[AnyMessage], first: str) -> str:
    """The slug of the employee who speaks after these messages; `first` is who was asked."""
    speaker = first
    for message in messages:
        if isinstance(message, ToolMessage) and message.name == HANDOFF_TOOL and message.status != "error":
            speaker = parse_tool_result(message).get("handoff", {}).get("to", speaker)
    return speaker


def usage_of(tool: str, result: Any) -> Iterator[Usage]:
    """What colleagues took to find a result."""
    if tool == DELEGATE_TOOL and isinstance(result, Mapping):
        yield from (answer["usage"] for answer in result.get("answers", ()) if answer.get("usage"))
