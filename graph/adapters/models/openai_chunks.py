"""Brings the chunks of an answer into OpenAI's documented form, whatever their provider leaves out or writes in another way.

LangChain reads a chunk by that form and raises, or loses a call, where a part is missing. The official client would build
models of each chunk first; here only plain objects are read.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

THINKING = ("thinking", "reasoning", "thought", "redacted_thinking", "reference")
"""Types of the parts of a content that are no words of the answer."""

MAX_REPORTED_TOKENS = 2_000_000
"""Tokens of one call beyond which a report is not believed: no model reads or writes so many at once."""

MAX_UNLISTED_TOKENS = 32_768
"""Tokens of thoughts that a report may have in its total only, as Gemini's does: the most that Gemini may think."""

MAX_COMPARED_CHARS = 20_000
"""Characters of a call's arguments that are kept to see whether they are whole; longer ones are refused later."""


@dataclass(slots=True)
class OpenCall:
    """A call of a tool as far as it was streamed."""

    index: int | None
    """The provider's number of it; None if it gives none."""
    id: str = ""
    name: str = ""
    arguments: str = ""

    def is_whole(self) -> bool:
        """Whether its arguments are a JSON object, so that nothing can be appended to them."""
        if not self.arguments.rstrip().endswith("}"):
            return False
        try:
            return isinstance(json.loads(self.arguments), dict)
        except (ValueError, RecursionError):
            return False


@dataclass(frozen=True, slots=True)
class CallDelta:
    """A part of a call as a provider sent it."""

    index: int | None
    id: str
    name: str
    arguments: str

    def repeats(self, call: OpenCall) -> bool:
        """Whether it brings the whole arguments once more."""
        return bool(self.arguments) and self.arguments == call.arguments and call.is_whole()

    def begins_another(self, call: OpenCall) -> bool:
        """Whether it is the beginning of another call at the place of this one.

        Some servers give every call the number 0, or none. A name that comes again is no sign of another call, since others
        repeat it in each part; an object behind whole arguments is one.
        """
        if self.name and self.id and call.id and self.id != call.id:
            return self.name != call.name or call.is_whole()
        if self.name and call.name and self.name != call.name and not (self.id and self.id == call.id):
            return self.index is None or call.is_whole()
        return self.arguments.lstrip().startswith("{") and self.arguments != call.arguments and call.is_whole()


class ChunkReader:
    """Reads the chunks of one answer, in order."""

    def __init__(self) -> None:
        self._calls: list[OpenCall] = []
        self._refused = False
        self._usage = (0, 0, 0)

    def read(self, chunk: object) -> dict[str, Any]:
        """The chunk as LangChain reads it; one that says nothing has no choices. Its usage waits for `usage_chunk`.

        Raises:
            ValueError: it is no chunk.
        """
        if chunk is None:
            return {"choices": []}
        if not isinstance(chunk, dict) or chunk.get("object") == "error":
            raise ValueError("no chunk of a chat completion")
        choice = first_choice(chunk.get("choices"))
        for place in (chunk, choice, chunk.get("x_groq")):  # where OpenAI, Moonshot and Groq put it
            if isinstance(place, dict) and (usage := place.get("usage")):
                self._note(usage)
        if choice is None:
            return {"choices": []}
        delta = choice.get("delta") or choice.get("message")
        told = self._delta(delta) if isinstance(delta, dict) else {"content": ""}
        return {"choices": [{"delta": told, "finish_reason": self._finish_reason(choice)}]}

    def usage_chunk(self) -> dict[str, Any] | None:
        """What the answer took, in a chunk of its own; None if nothing credible was reported.

        Some providers report in every chunk what was used so far, others tell the same twice: of each number the largest
        counts.
        """
        prompt, completion, total = self._usage
        if not prompt and not completion:
            return None
        if prompt and completion < total - prompt <= MAX_UNLISTED_TOKENS:
            completion = total - prompt
        usage = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
        return {"choices": [], "usage": usage}

    def _note(self, usage: object) -> None:
        if isinstance(usage, dict):
            prompt, completion, total = self._usage
            self._usage = (
                max(prompt, tokens_of(usage.get("prompt_tokens"))),
                max(completion, tokens_of(usage.get("completion_tokens"))),
                max(total, tokens_of(usage.get("total_tokens"))),
            )

    def _delta(self, delta: dict[str, Any]) -> dict[str, Any]:
        """The role is left out: LangChain would take an answer of another role for something else than an answer."""
        content = delta.get("content")
        told: dict[str, Any] = {"content": content if isinstance(content, str) else text_of(content)}
        if (refusal := delta.get("refusal")) and (words := text_of(refusal)):
            self._refused = True
            told["content"] += words
        if delta.get("tool_calls") or delta.get("function_call"):
            told["tool_calls"] = [self._call(part) for part in call_deltas(delta)]
        return told

    def _call(self, part: CallDelta) -> dict[str, Any]:
        """A part of a call with our own number; id and name are written once, unless they change."""
        call, part = self._call_of(part)
        told_id = part.id if part.id != call.id else ""
        told_name = part.name if part.name != call.name else ""
        arguments = "" if part.repeats(call) else part.arguments
        call.id, call.name = part.id or call.id, part.name or call.name
        if len(call.arguments) < MAX_COMPARED_CHARS:
            call.arguments += arguments
        function = {"name": told_name or None, "arguments": arguments}
        number = next(place for place, each in enumerate(self._calls) if each is call)
        return {"index": number, "id": told_id or None, "type": "function", "function": function}

    def _call_of(self, part: CallDelta) -> tuple[OpenCall, CallDelta]:
        """The call that a part belongs to, which may be a new one; a new one without a name has that of the one before it."""
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
    """Raises: ValueError: it is none."""
    if not choices:
        return None
    if isinstance(choices, list) and isinstance(choices[0], dict):
        return choices[0]
    raise ValueError("no choice of a chat completion")


def text_of(content: object) -> str:
    """The words of a content, which may be a text or a list of parts."""
    match content:
        case str():
            return content
        case list():
            return "".join(text_of(part) for part in content)
        case dict() if content.get("type") not in THINKING:
            return text_of(content.get("text"))
        case int() | float() if not isinstance(content, bool):
            return str(content)
        case _:
            return ""


def call_deltas(delta: dict[str, Any]) -> Iterator[CallDelta]:
    """The parts of calls in a delta, in the present form and in the one before it (`function_call`)."""
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
        index=number_of(part.get("index")),
        id=plain(part.get("id")),
        name=plain(function.get("name")).strip(),
        arguments=json.dumps(arguments) if isinstance(arguments, dict) else plain(arguments),
    )


def plain(value: object) -> str:
    return value if isinstance(value, str) else str(value) if type(value) is int else ""


def number_of(value: object) -> int | None:
    """A whole number in any spelling of JSON."""
    if type(value) is int:
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10 else None


def tokens_of(value: object) -> int:
    """A number of tokens; 0 where none, or none that can be, is reported."""
    number = number_of(value)
    return number if number is not None and 0 < number <= MAX_REPORTED_TOKENS else 0
