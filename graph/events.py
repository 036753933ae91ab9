"""The events of a turn, as they are logged: masked, each one complete in itself.

The log holds these types as JSON, so their names and fields stay as they are. Each module of `graph.web.protocols` encodes them
for one wire; the native one writes them unchanged. The user's own values are restored before an event is encoded.
"""

from collections.abc import Iterable
from typing import Any, Literal, NotRequired, TypedDict

from graph.state import Usage


class EmployeeCard(TypedDict):
    """What an event says about an employee."""

    slug: str
    title: str
    emoji: str


class Start(TypedDict):
    """The first event of a run."""

    type: Literal["start"]
    session_id: str
    run_id: str
    employee: EmployeeCard


class Text(TypedDict):
    """The next part of the answer; the parts are joined as they are."""

    type: Literal["text"]
    content: str


class ToolCallView(TypedDict):
    """A tool call, with the arguments as the model gave them."""

    id: str
    name: str
    args: dict[str, Any]


class ToolCall(TypedDict):
    """The model calls a tool."""

    type: Literal["tool_call"]
    tool: ToolCallView


class ToolResult(TypedDict):
    """The result of a tool call."""

    type: Literal["tool_result"]
    tool_call_id: str
    result: Any
    display: NotRequired[Any]
    """What a client can display: a table, a chart, a document (`graph.tool.DISPLAY`)."""


class ApprovalRequired(TypedDict):
    """A call needs the user's approval: `POST /api/runs/{run}/approvals/{approval_id}`."""

    type: Literal["approval_required"]
    approval_id: str
    tool_call_id: str
    tool: str
    args: Any
    """The exact arguments."""
    preview: Any
    """The rows that the call would change, before and after."""
    reason: str
    """Why the call needs approval although its tool is trusted; empty for a tool that is not trusted."""
    expires_at: str


class Citation(TypedDict):
    """A passage that the employee could use; the text refers to it by `marker`, such as `[1]`."""

    type: Literal["citation"]
    marker: str
    id: str
    source: str


Handoff = TypedDict("Handoff", {"type": Literal["handoff"], "from": str, "to": str, "reason": str})
"""Another employee takes over the conversation; `from` and `to` are slugs."""

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
"""An employee asked another one; `status` is ok, unfinished, timeout or failed."""


class Restart(TypedDict):
    """Everything that was streamed after `start` is void, and the answer follows from its beginning.

    It is sent when another process takes over the run, and when the model streamed its reasoning before the answer.
    """

    type: Literal["restart"]


class Done(TypedDict):
    """The run ended with an answer, was stopped, or waits for its user's decisions."""

    type: Literal["done"]
    message_id: str
    total_tokens: int
    usage: Usage
    status: Literal["complete", "stopped", "waiting"]
    finish: NotRequired[Literal["length", "refusal"]]
    """Why the answer is incomplete: it reached the maximum length, or the model refused. Missing for a complete answer."""
    untraced_amounts: NotRequired[list[str]]
    """Amounts of money in the answer that no input of the turn accounts for, as they are written."""


class Error(TypedDict):
    """The run failed; `code` and `error` are those of a `ChatError`."""

    type: Literal["error"]
    code: str
    error: str


Event = Start | Text | ToolCall | ToolResult | ApprovalRequired | Handoff | Delegate | Citation | Restart | Done | Error

FINAL = frozenset({"done", "error"})
"""The types of events that end a stream."""


def is_waiting(event: Event) -> bool:
    """Whether the run waits for its user after this event, so that its stream continues later."""
    return event["type"] == "done" and event["status"] == "waiting"


def answer_text(events: Iterable[Event]) -> str:
    """The text after the last tool result: the answer, or its beginning while the run goes on."""
    text = ""
    for event in events:
        if event["type"] == "text":
            text += event["content"]
        elif event["type"] in ("tool_result", "restart"):
            text = ""
    return text
