"""Reads a model's reply: the chunks become one message, its calls and its usage are put together, and it is looked at
whether there is an answer at all.
"""

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
"""Characters of a call's arguments that are read; what is longer is cut, and then is no JSON."""

EMPTY = "The language model gave an empty answer; your message is kept, send it again."

WERE_THOUGHTS = "were_thoughts"
"""The mark of a chunk (in `additional_kwargs`) before which the model has only thought: no word of that is its answer."""

Finish = Literal["length", "refusal"]


def whole(chunks: Sequence[AIMessageChunk], shown: str) -> AIMessage:
    """The message that the chunks make up, with the text as it was shown; it keeps their id, by which a stream of messages
    knows that it has had it.
    """
    return AIMessage(
        content=shown,
        tool_calls=read_calls(chunks),
        usage_metadata=reported_usage(chunks),
        response_metadata=kept_metadata(chunks),
        id=next((chunk.id for chunk in chunks if chunk.id), None),
    )


def check_answer(reply: AIMessage) -> None:
    """Look whether a reply has words or calls.

    Raises:
        ModelError: it has none.
    """
    if reply.tool_calls or str(reply.text).strip():
        return
    raise ModelOutOfTokens if finish_of(reply) == "length" else ModelError(EMPTY)


def finish_of(reply: AIMessage) -> Finish | None:
    """How an answer ended that is not whole: `length` if its tokens were used up, `refusal` if the model declined."""
    finish = reply.response_metadata.get("finish")
    return finish if finish in ("length", "refusal") else None


def kept_metadata(chunks: Iterable[AIMessageChunk]) -> dict[str, str]:
    kept: dict[str, str] = {}
    for chunk in chunks:
        if name := chunk.response_metadata.get("model_name"):
            kept["model_name"] = name
        if (reason := chunk.response_metadata.get("finish_reason")) in ("length", "refusal"):
            kept["finish"] = reason
    return kept


def reported_usage(chunks: Iterable[AIMessageChunk]) -> UsageMetadata | None:
    """What the provider reported: of each number the largest, because it may report more than once what was used so far."""
    reports = [chunk.usage_metadata for chunk in chunks if chunk.usage_metadata]
    if not reports:
        return None
    read = max(report["input_tokens"] for report in reports)
    written = max(report["output_tokens"] for report in reports)
    return UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written)


def read_calls(chunks: Iterable[AIMessageChunk]) -> list[ToolCall]:
    """The calls that the chunks make up: of an id and of a name the last one counts, arguments are appended."""
    calls: dict[object, dict[str, str]] = {}
    for chunk in chunks:
        for part in chunk.tool_call_chunks:
            place = object() if part["index"] is None else part["index"]  # without a number each is a call of its own
            call = calls.setdefault(place, {"id": "", "name": "", "args": ""})
            call["id"] = part["id"] or call["id"]
            call["name"] = part["name"] or call["name"]
            call["args"] += part["args"] or ""
    return [read_call(number, call) for number, call in enumerate(calls.values())]


def read_call(number: int, call: dict[str, str]) -> ToolCall:
    """A call as the model wrote it; some servers give it no id."""
    return ToolCall(
        name=storable(call["name"]),
        args=read_arguments(call["args"] or "{}"),
        id=storable(call["id"]) or f"call_{number}",
        type="tool_call",
    )


def read_arguments(written: str) -> dict[str, Any]:
    """The arguments of a call. What is no JSON object is kept as it is: the tool step answers it.

    LangChain would complete what was cut off, and a filter that lost its end asks for something else.
    """
    written = storable(written[:MAX_ARGUMENT_CHARS])
    try:
        arguments = json.loads(written, parse_constant=finite, parse_float=finite)
        if isinstance(arguments, dict):
            return dict(storable_json(arguments))
    except (ValueError, RecursionError):
        pass
    return {INVALID_JSON: written}


def finite(written: str) -> float:
    """A number that JSON can hold; Python would also read NaN and Infinity, and write them again.

    Raises:
        ValueError: it is none.
    """
    number = float(written)
    if not isfinite(number):
        raise ValueError("JSON has no such number.")
    return number


def without_calls(reply: AIMessage) -> AIMessage:
    """A model that calls tools that it was not offered has only its text."""
    return AIMessage(
        reply.content,
        usage_metadata=reply.usage_metadata,
        response_metadata=reply.response_metadata,
        id=reply.id,
    )
