"""What a caller can see of a turn, as it is logged: masked, and each event whole in itself.

The names and fields are the wire's (see docs of `POST /api/chat`); restoring a user's own values happens on the way out.
"""

from collections.abc import Iterable
from typing import Any, Literal, NotRequired, TypedDict

from graph.state import Usage


class EmployeeCard(TypedDict):
    slug: str
    title: str
    emoji: str


class Start(TypedDict):
    type: Literal["start"]
    session_id: str
    run_id: str
    employee: EmployeeCard


class Text(TypedDict):
    type: Literal["text"]
    content: str


class ToolCallView(TypedDict):
    id: str
    name: str
    args: dict[str, Any]


class ToolCall(TypedDict):
    type: Literal["tool_call"]
    tool: ToolCallView


class ToolResult(TypedDict):
    type: Literal["tool_result"]
    tool_call_id: str
    result: Any
    display: NotRequired[Any]
    """What a client can show of it: a table, a chart, a document (`graph.tool.DISPLAY`)."""


class Citation(TypedDict):
    """A passage that the answer could draw on; `marker` is how the text refers to it, as in `[1]`."""

    type: Literal["citation"]
    marker: str
    id: str
    source: str


class Restart(TypedDict):
    """All that was streamed after `start` is void: the run was taken over from a process that died, and answers anew."""

    type: Literal["restart"]


class Done(TypedDict):
    type: Literal["done"]
    message_id: str
    total_tokens: int
    usage: Usage
    status: Literal["complete", "stopped", "waiting"]


class Error(TypedDict):
    type: Literal["error"]
    code: str
    error: str


Event = Start | Text | ToolCall | ToolResult | Citation | Restart | Done | Error

FINAL = frozenset({"done", "error"})
"""The types that end a run's stream."""


def last_text(events: Iterable[Event]) -> str:
    """The text since the last tool result: the answer, or as much of it as there is."""
    text = ""
    for event in events:
        if event["type"] == "text":
            text += event["content"]
        elif event["type"] in ("tool_result", "restart"):
            text = ""
    return text
