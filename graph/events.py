"""The events of a turn, as they are logged: masked, each one complete in itself.

The log holds these types as JSON, so their names and fields stay as they are. Each module of `graph.web.protocols` encodes them
for one wire; the native one writes them unchanged. The user's own values are restored before an event is encoded.
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


class ApprovalRequired(TypedDict):
    """A call that is made only if its user approves it: `POST /api/runs/{run}/approvals/{approval_id}`."""

    type: Literal["approval_required"]
    approval_id: str
    tool_call_id: str
    tool: str
    args: Any
    """The exact arguments."""
    preview: Any
    """What the call would change: rows before and after."""
    reason: str
    """Why it asks though its tool is trusted; empty where it asks as ever."""
    expires_at: str


class Citation(TypedDict):
    """A passage that the answer could draw on; `marker` is how the text refers to it, as in `[1]`."""

    type: Literal["citation"]
    marker: str
    id: str
    source: str


Handoff = TypedDict("Handoff", {"type": Literal["handoff"], "from": str, "to": str, "reason": str})
"""The conversation goes on with another employee; slugs."""

Delegate = TypedDict(
    "Delegate",
    {
        "type": Literal["delegate"],
        "from": str,
        "to": str,
        "question": str,
        "status": str,
        "answer": str,
        "tools": list[str],
    },
)
"""An employee has asked another one; `status` is ok, unfinished, timeout or failed."""


class Restart(TypedDict):
    """All that was streamed after `start` is void: the run was taken over from a process that died, and answers anew; or the
    model has told its thoughts, and its answer follows."""

    type: Literal["restart"]


class Done(TypedDict):
    type: Literal["done"]
    message_id: str
    total_tokens: int
    usage: Usage
    status: Literal["complete", "stopped", "waiting"]
    finish: NotRequired[Literal["length", "refusal"]]
    """Why the answer is not a whole one: it ended at its allowed length, or it says that the model declines to answer."""
    untraced_amounts: NotRequired[list[str]]
    """Amounts of money in the answer, as they are written, for which nothing that the turn was given accounts."""


class Error(TypedDict):
    type: Literal["error"]
    code: str
    error: str


Event = Start | Text | ToolCall | ToolResult | ApprovalRequired | Handoff | Delegate | Citation | Restart | Done | Error

FINAL = frozenset({"done", "error"})
"""The types that end a run's stream."""


def is_waiting(event: Event) -> bool:
    """Whether a stream ends with this event only until its user has decided."""
    return event["type"] == "done" and event["status"] == "waiting"


def answer_text(events: Iterable[Event]) -> str:
    """The text since the last tool result: the answer, or as much of it as there is."""
    text = ""
    for event in events:
        if event["type"] == "text":
            text += event["content"]
        elif event["type"] in ("tool_result", "restart"):
            text = ""
    return text
