"""Converts messages to rows of `chat_messages` and back."""

from collections.abc import Iterator
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage

from graph.ports.memory import TurnRecord
from graph.turn.model_reply import finish_of


def to_message(row: dict[str, Any]) -> AnyMessage:
    """The message of a row, as the model reads it."""
    details = row["metadata"]
    match row["role"]:
        case "user":
            return HumanMessage(row["content"])
        case "assistant":
            ending = {"finish": details["finish"]} if "finish" in details else {}
            return AIMessage(row["content"], tool_calls=details.get("tool_calls", []), response_metadata=ending)
        case "tool":
            return ToolMessage(row["content"], tool_call_id=details["tool_call_id"], name=details.get("name"))
        case _:
            return SystemMessage(row["content"])


def rows_of(turn: TurnRecord) -> Iterator[dict[str, Any]]:
    """Role, content and metadata of each message. The last message carries the status of a turn that is not complete."""
    for index, message in enumerate(turn.messages):
        last = index == len(turn.messages) - 1
        ending = {"status": turn.status, "error": turn.error} if last and turn.status != "complete" else {}
        yield {
            "role": role_of(message),
            "content": str(message.text),
            "metadata": {**details_of(message), **ending},
        }


def role_of(message: AnyMessage) -> str:
    match message:
        case HumanMessage():
            return "user"
        case AIMessage():
            return "assistant"
        case ToolMessage():
            return "tool"
        case _:
            return "system"


def details_of(message: AnyMessage) -> dict[str, Any]:
    """The metadata of a message."""
    if isinstance(message, AIMessage) and message.tool_calls:
        return {"tool_calls": message.tool_calls}
    if isinstance(message, AIMessage) and (finish := finish_of(message)):
        return {"finish": finish}
    if isinstance(message, ToolMessage):
        return {"tool_call_id": message.tool_call_id, "name": message.name, "status": message.status}
    return {}
