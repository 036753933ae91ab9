"""Merges the chunks of a model's reply into one message, and checks that it is an answer."""

import json
from collections.abc import Iterable, Sequence
from math import isfinite
from typing import Any, Literal

from langchain_core.messages import AIMessage, AIMessageChunk, ToolCall
from langchain_core.messages.ai import UsageMetadata

from graph.errors import ModelError, ModelOutOfTokens
from graph.tool import INVALID_JSON
from graph.values.text import storable, storable_json

MAX_ARGUMENT_CHARS = 16_000
"""Longer arguments of a call are cut, and are then no valid JSON."""

EMPTY_ANSWER = "The language model gave an empty answer; your message is kept, send it again."

WERE_THOUGHTS = "were_thoughts"
"""Key in the `additional_kwargs` of a chunk: all text before this chunk was the model's thoughts, not its answer."""

Finish = Literal["length", "refusal"]


def merge_chunks(chunks: Sequence[AIMessageChunk], text: str) -> AIMessage:
    """The message of the chunks. It keeps their id, by which LangGraph's message stream knows that it was streamed.

    Args:
        chunks: of one reply.
        text: the sanitized text of the chunks.
    """
    return AIMessage(
        content=text,
        tool_calls=parse_calls(chunks),
        usage_metadata=reported_usage(chunks),
        response_metadata=metadata_of(chunks),
        id=next((chunk.id for chunk in chunks if chunk.id), None),
    )


def check_answer(reply: AIMessage) -> None:
    """Check that a reply has text or tool calls.

    Raises:
        ModelError: the reply is empty.
    """
    if reply.tool_calls or str(reply.text).strip():
        return
    raise ModelOutOfTokens if finish_of(reply) == "length" else ModelError(EMPTY_ANSWER)


def finish_of(reply: AIMessage) -> Finish | None:
    """Why an answer is incomplete: `length` at the token limit, `refusal` if the model declined; None if it is complete."""
    finish = reply.response_metadata.get("finish")
    return finish if finish in ("length", "refusal") else None


def metadata_of(chunks: Iterable[AIMessageChunk]) -> dict[str, str]:
    metadata: dict[str, str] = {}
    for chunk in chunks:
        if name := chunk.response_metadata.get("model_name"):
            metadata["model_name"] = name
        if (reason := chunk.response_metadata.get("finish_reason")) in ("length", "refusal"):
            metadata["finish"] = reason
    return metadata


def reported_usage(chunks: Iterable[AIMessageChunk]) -> UsageMetadata | None:
    """The reported usage; the largest of each number, because a provider may report the running total several times."""
    reports = [chunk.usage_metadata for chunk in chunks if chunk.usage_metadata]
    if not reports:
        return None
    prompt_tokens = max(report["input_tokens"] for report in reports)
    completion_tokens = max(report["output_tokens"] for report in reports)
    return UsageMetadata(
        input_tokens=prompt_tokens,
        output_tokens=completion_tokens,
        total_tokens=prompt_tokens + completion_tokens,
    )


def add_reported_usage(*replies: AIMessage) -> UsageMetadata | None:
    """The sum of the reported usage; None unless all replies report one."""
    reports = [reply.usage_metadata for reply in replies if reply.usage_metadata]
    if len(reports) < len(replies):
        return None
    return UsageMetadata(
        input_tokens=sum(report["input_tokens"] for report in reports),
        output_tokens=sum(report["output_tokens"] for report in reports),
        total_tokens=sum(report["total_tokens"] for report in reports),
    )


def parse_calls(chunks: Iterable[AIMessageChunk]) -> list[ToolCall]:
    """The tool calls of the chunks: the last id and name of a call count, its arguments are joined."""
    calls: dict[object, dict[str, str]] = {}
    for chunk in chunks:
        for part in chunk.tool_call_chunks:
            place = (
                object() if part["index"] is None else part["index"]
            )  # without an index every part is a separate call
            call = calls.setdefault(place, {"id": "", "name": "", "args": ""})
            call["id"] = part["id"] or call["id"]
            call["name"] = part["name"] or call["name"]
            call["args"] += part["args"] or ""
    return [parse_call(number, call) for number, call in enumerate(calls.values())]


def parse_call(number: int, call: dict[str, str]) -> ToolCall:
    """A call as the model wrote it, with an id if the provider gave none."""
    return ToolCall(
        name=storable(call["name"]),
        args=parse_arguments(call["args"] or "{}"),
        id=storable(call["id"]) or f"call_{number}",
        type="tool_call",
    )


def parse_arguments(written: str) -> dict[str, Any]:
    """The arguments of a call; text that is no JSON object is kept under `INVALID_JSON`, and `call_tools` answers it.

    LangChain would complete JSON that was cut off, which changes the meaning of a filter.
    """
    written = storable(written[:MAX_ARGUMENT_CHARS])
    try:
        arguments = json.loads(written, parse_constant=parse_finite, parse_float=parse_finite)
        if isinstance(arguments, dict):
            return dict(storable_json(arguments))
    except (ValueError, RecursionError):
        pass
    return {INVALID_JSON: written}


def parse_finite(written: str) -> float:
    """Parse a JSON number; NaN and Infinity are refused.

    Raises:
        ValueError: the number is not finite.
    """
    number = float(written)
    if not isfinite(number):
        raise ValueError("JSON has no such number.")
    return number


def without_calls(reply: AIMessage) -> AIMessage:
    """The reply without tool calls, for a model that was offered no tools."""
    return AIMessage(
        reply.content,
        usage_metadata=reply.usage_metadata,
        response_metadata=reply.response_metadata,
        id=reply.id,
    )
