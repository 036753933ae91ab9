"""Streams as real providers send them, each with something that OpenAI's documentation does not have."""

import json
from typing import Any


def delta(finish: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": finish}]}


def call(arguments: str, **fields: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "account_balances_query", "arguments": arguments}, **fields}


def used(completion: int) -> dict[str, Any]:
    return {"usage": {"prompt_tokens": 1000, "completion_tokens": completion, "total_tokens": 1000 + completion}}


STOP = delta("stop")
CALLS = delta("tool_calls")
USED = {"choices": [], **used(10)}

STREAMS: dict[str, list[Any]] = {
    "call_without_index": [delta(tool_calls=[call("{}", id="a")]), CALLS],
    "name_in_every_chunk": [*(delta(tool_calls=[call(part, id="a", index=0)]) for part in ("", "{", "}")), CALLS],
    "choice_without_delta": [delta(content="two "), {"choices": [{"index": 0}]}, delta(content="words"), STOP],
    "content_in_parts": [delta(content=[{"type": "text", "text": "two words"}]), STOP],
    "bare_data": [delta(content="two "), b"data:\n\n", delta(content="words"), STOP],
    "usage_in_every_chunk": [{**delta(content=word), **used(place)} for place, word in enumerate(("two ", "words"))]
    + [{**STOP, **used(10)}],
    "split_character": [delta(content="\ud83d"), delta(content="\udc16"), STOP],
    "thoughts": [delta(content=part) for part in ("<thi", "nk>their account is low</th", "ink>\n\ntwo ", "words")]
    + [STOP],
    "thoughts_unopened": [delta(content=part) for part in ("their account is low", "</thi", "nk>two ", "words")]
    + [STOP],
    "thoughts_only": [delta(reasoning_content="hm"), delta("length"), USED],
    "cut_at_length": [delta(content="two words"), delta("length"), USED],
    "refusal": [delta(refusal="two "), delta(refusal="words"), STOP],
    "filtered": [delta(content="two"), delta("SAFETY"), USED],
    "broken_off": [delta(content="two"), delta("insufficient_system_resource"), USED],
    "call_as_text": [
        *(
            delta(content=part)
            for part in ("I look.\n", '{"func', 'tion": "account_balances_query", ', '"arguments": {}}')
        ),
        STOP,
        USED,
    ],
    "unknown_call_as_text": [
        delta(content='<tool_call>{"name": "look", '),
        delta(content='"arguments": {}}'),
        STOP,
        USED,
    ],
    "blank": [delta(content="\n \n"), STOP, USED],
}


def written(name: str) -> list[bytes]:
    """The frames of a stream."""
    frames = (
        part if isinstance(part, bytes) else b"data: " + json.dumps(part).encode() + b"\n\n" for part in STREAMS[name]
    )
    return [*frames, b"data: [DONE]\n\n"]
