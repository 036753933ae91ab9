"""Normalises the chunks of an answer to OpenAI's documented form.

LangChain expects that form, and raises or loses a call where a provider deviates from it. The official client would build
pydantic objects of each chunk first; this module reads plain objects.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

NON_TEXT_TYPES = ("thinking", "reasoning", "thought", "redacted_thinking", "reference")
"""Types of content parts that are not text of the answer."""

MAX_REPORTED_TOKENS = 2_000_000
"""A usage report above this is ignored: no model reads or writes so many tokens in one call."""

MAX_UNLISTED_TOKENS = 32_768
"""Maximum thinking tokens that a report includes in its total only, as Gemini does: the most that Gemini may think."""

MAX_COMPARED_CHARS = 20_000
"""Characters of a call's arguments that are stored to detect repetition; longer arguments are rejected later."""


@dataclass(slots=True)
class OpenCall:
    """A tool call, as far as it was streamed."""

    index: int | None
    """The provider's index of the call; None without one."""
    id: str = ""
    name: str = ""
    arguments: str = ""

    def is_whole(self) -> bool:
        """Whether its arguments are a complete JSON object, to which nothing can be appended."""
        if not self.arguments.rstrip().endswith("}"):
            return False
        try:
            return isinstance(json.loads(self.arguments), dict)
        except (ValueError, RecursionError):
            return False


@dataclass(frozen=True, slots=True)
class CallDelta:
    """A part of a tool call, as the provider sent it."""

    index: int | None
    id: str
    name: str
    arguments: str

    def repeats(self, call: OpenCall) -> bool:
        """Whether the part repeats the complete arguments."""
        return bool(self.arguments) and self.arguments == call.arguments and call.is_whole()

    def begins_another(self, call: OpenCall) -> bool:
        """Whether the part starts another call with the same index as `call`.

        Some servers give every call the index 0, or none. A repeated name alone does not mean another call, since some
        servers send it in every part; a new JSON object after complete arguments does.
        """
        if self.name and self.id and call.id and self.id != call.id:
            return self.name != call.name or call.is_whole()
        if self.name and call.name and self.name != call.name and not (self.id and self.id == call.id):
            return self.index is None or call.is_whole()
        return self.arguments.lstrip().startswith("{") and self.arguments != call.arguments and call.is_whole()


class ChunkReader:
    """Reads the chunks of one answer in order."""

    def __init__(self) -> None:
        self._calls: list[OpenCall] = []
        self._refused = False
        self._usage = (0, 0, 0)

    def read(self, chunk: object) -> dict[str, Any]:
        """The chunk in OpenAI's form, without choices if it is empty. `usage_chunk` returns its usage.

        Raises:
            ValueError: the object is not a chunk.
        """
        if chunk is None:
            return {"choices": []}
        if not isinstance(chunk, dict) or chunk.get("object") == "error":
            raise ValueError("no chunk of a chat completion")
        choice = first_choice(chunk.get("choices"))
        for place in (chunk, choice, chunk.get("x_groq")):  # where OpenAI, Moonshot and Groq put it
            if isinstance(place, dict) and (usage := place.get("usage")):
                self._add_usage(usage)
        if choice is None:
            return {"choices": []}
        delta = choice.get("delta") or choice.get("message")
        delta_fields = self._delta(delta) if isinstance(delta, dict) else {"content": ""}
        return {"choices": [{"delta": delta_fields, "finish_reason": self._finish_reason(choice)}]}

    def usage_chunk(self) -> dict[str, Any] | None:
        """The usage of the answer in a chunk of its own; None without a plausible report.

        Some providers report cumulative usage in every chunk, others repeat it, so the largest of each number counts.
        """
        prompt, completion, total = self._usage
        if not prompt and not completion:
            return None
        if prompt and completion < total - prompt <= MAX_UNLISTED_TOKENS:
            completion = total - prompt
        usage = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
        return {"choices": [], "usage": usage}

    def _add_usage(self, usage: object) -> None:
        if isinstance(usage, dict):
            prompt, completion, total = self._usage
            self._usage = (
                max(prompt, token_count(usage.get("prompt_tokens"))),
                max(completion, token_count(usage.get("completion_tokens"))),
                max(total, token_count(usage.get("total_tokens"))),
            )

    def _delta(self, delta: dict[str, Any]) -> dict[str, Any]:
        """The text and the calls of a delta. The role is dropped: LangChain would not treat another role as an answer."""
        content = delta.get("content")
        delta_fields: dict[str, Any] = {"content": content if isinstance(content, str) else text_of(content)}
        if (refusal := delta.get("refusal")) and (words := text_of(refusal)):
            self._refused = True
            delta_fields["content"] += words
        if delta.get("tool_calls") or delta.get("function_call"):
            delta_fields["tool_calls"] = [self._call(part) for part in call_deltas(delta)]
        return delta_fields

    def _call(self, part: CallDelta) -> dict[str, Any]:
        """A part of a call under our own index. Id and name are sent once, and again if they change."""
        call, part = self._call_of(part)
        told_id = part.id if part.id != call.id else ""
        told_name = part.name if part.name != call.name else ""
        arguments = "" if part.repeats(call) else part.arguments
        call.id, call.name = part.id or call.id, part.name or call.name
        if len(call.arguments) < MAX_COMPARED_CHARS:
            call.arguments += arguments
        function = {"name": told_name or None, "arguments": arguments}
        number = next(index for index, known in enumerate(self._calls) if known is call)
        return {"index": number, "id": told_id or None, "type": "function", "function": function}

    def _call_of(self, part: CallDelta) -> tuple[OpenCall, CallDelta]:
        """The call of a part, which may be a new one. A new call without a name takes the name of the previous one."""
        call = self._at_its_place(part)
        if call and not part.begins_another(call):
            return call, part
        another = OpenCall(part.index)
        self._calls.append(another)
        return another, replace(part, name=part.name or call.name) if call else part

    def _at_its_place(self, part: CallDelta) -> OpenCall | None:
        if part.index is not None:
            return next((call for call in reversed(self._calls) if call.index == part.index), None)
        last = self._calls[-1] if self._calls else None
        if not part.id or (last and not last.id):
            return last
        return next((call for call in reversed(self._calls) if call.id == part.id), None)

    def _finish_reason(self, choice: dict[str, Any]) -> str | None:
        reason = choice.get("finish_reason") or ("error" if choice.get("error") else None)
        if not reason:
            return None
        return "refusal" if self._refused and reason == "stop" else str(reason)


def first_choice(choices: object) -> dict[str, Any] | None:
    """Raises: ValueError: `choices` is malformed."""
    if not choices:
        return None
    if isinstance(choices, list) and isinstance(choices[0], dict):
        return choices[0]
    raise ValueError("no choice of a chat completion")


def text_of(content: object) -> str:
    """The text of a content, which is a string or a list of parts."""
    match content:
        case str():
            return content
        case list():
            return "".join(text_of(part) for part in content)
        case dict() if content.get("type") not in NON_TEXT_TYPES:
            return text_of(content.get("text"))
        case int() | float() if not isinstance(content, bool):
            return str(content)
        case _:
            return ""


def call_deltas(delta: dict[str, Any]) -> Iterator[CallDelta]:
    """The parts of tool calls in a delta, in the current and in the former form (`function_call`)."""
    parts = delta.get("tool_calls")
    for part in (parts,) if isinstance(parts, dict) else parts if isinstance(parts, list) else ():
        if isinstance(part, dict):
            function = part.get("function")
            yield call_delta(part, function if isinstance(function, dict) else {})
    if isinstance(legacy := delta.get("function_call"), dict):
        yield call_delta({}, legacy)


def call_delta(part: dict[str, Any], function: dict[str, Any]) -> CallDelta:
    arguments = function.get("arguments")
    return CallDelta(
        index=whole_number(part.get("index")),
        id=text_or_empty(part.get("id")),
        name=text_or_empty(function.get("name")).strip(),
        arguments=json.dumps(arguments) if isinstance(arguments, dict) else text_or_empty(arguments),
    )


def text_or_empty(value: object) -> str:
    return value if isinstance(value, str) else str(value) if type(value) is int else ""


def whole_number(value: object) -> int | None:
    """An integer in any JSON spelling; None for other values."""
    if type(value) is int:
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10 else None


def token_count(value: object) -> int:
    """A plausible number of tokens; 0 otherwise."""
    number = whole_number(value)
    return number if number is not None and 0 < number <= MAX_REPORTED_TOKENS else 0
