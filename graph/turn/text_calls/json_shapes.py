"""Tool calls that a model wrote as text instead of as calls: the shapes of their JSON, and what they mean.

Small models, and servers that do not know a model's template, write `{"name": …, "parameters": …}` into the answer. The head of
an object decides: a call names an offered tool, or has a name, arguments and nothing else.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from graph.turn.model_reply import parse_finite
from graph.values.text import storable_json

NAME_KEYS = ("name", "function", "tool", "tool_name", "function_name")
ARGUMENT_KEYS = ("arguments", "parameters", "args", "input")
LIST_KEYS = ("tool_calls", "tool_call", "function_call")
"""Keys whose value is a call or a list of calls; so may be the value of `function`."""
EXTRA_KEYS = ("id", "type", "index")
KEYS = (*NAME_KEYS, *ARGUMENT_KEYS, *LIST_KEYS, *EXTRA_KEYS)
UNMISTAKABLE_KEYS = frozenset({"function", "tool_name", "function_name", "arguments", *LIST_KEYS})
"""An object that begins with one of these and breaks off is a call that was cut."""
TYPES = ("function", "function_call", "tool_call", "tool_use")
PREFIXES = ("functions.", "default_api.")
"""Namespaces that some templates put before a tool's name."""
IDENTIFIER = re.compile(r"[A-Za-z_][\w.-]{0,63}")

_STRING = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)(")?', re.DOTALL)
_STRUCTURE = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?P<close>")?|[{}\[\]]', re.DOTALL)
_SPACE = re.compile(r"[\s,]*")
_SCALAR = re.compile(r"[^\s,}\]]*")


class Verdict(Enum):
    """Whether the beginning of a text is a call."""

    TEXT = "text"
    OPEN = "open"
    """It may still become one."""
    CALL = "call"


@dataclass(frozen=True, slots=True)
class WrittenCall:
    """A call as the model wrote it; its arguments are not validated."""

    name: str
    arguments: Mapping[str, Any]
    source: str
    """The text of the call."""
    is_flat: bool = False
    """Whether the arguments stood beside the name."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a JSON object, as far as it was streamed."""

    key: str
    has_key: bool
    """Whether the key is complete."""
    value: str = ""
    is_complete: bool = False

    @property
    def word(self) -> str:
        """The characters of a string value."""
        return self.value[1:].removesuffix('"')


def json_end(text: str) -> int | None:
    """Position after the object or list with which the text begins; None while it is open."""
    depth = 0
    for match in _STRUCTURE.finditer(text):
        if match[0][0] == '"':
            if match["close"] is None:
                return None
            continue
        depth += 1 if match[0] in "{[" else -1
        if depth == 0:
            return match.end()
    return None


def members(text: str) -> Iterator[Member | None]:
    """The members of the object with which the text begins, as far as they came; None for what is no member."""
    position = 1
    while True:
        position = _skip(text, position)
        if position >= len(text) or text[position] == "}":
            return
        key = _STRING.match(text, position)
        if key is None:
            yield None
            return
        position = _skip(text, key.end())
        if key[2] is None or position >= len(text):
            yield Member(key[1], has_key=key[2] is not None)
            return
        if text[position] != ":":
            yield None
            return
        position = _skip(text, position + 1)
        end = _value_end(text, position)
        yield Member(key[1], True, text[position:end], is_complete=end is not None)
        if end is None:
            return
        position = end


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _value_end(text: str, position: int) -> int | None:
    """Position after the value that begins here; None while it is open."""
    if text[position : position + 1] in ("{", "["):
        end = json_end(text[position:])
        return None if end is None else position + end
    if string := _STRING.match(text, position):
        return string.end() if string[2] else None
    scalar = _SCALAR.match(text, position)
    return scalar.end() if scalar and scalar.end() < len(text) else None


def judge(text: str, names: Collection[str], *, must_name_tool: bool) -> Verdict:
    """Whether the object or list with which the text begins is a call.

    Args:
        text: begins with a bracket.
        names: of the employee's tools.
        must_name_tool: whether an unknown name makes it text, as in a code block.
    """
    if text.startswith("["):
        inner = text[1:].lstrip()
        if inner:
            return judge(inner, names, must_name_tool=must_name_tool) if inner[0] == "{" else Verdict.TEXT
        return Verdict.OPEN
    has_name = has_arguments = False
    for member in members(text):
        if member is None:
            return Verdict.TEXT
        if not member.has_key:
            return _begins(KEYS, member.key)
        verdict = _judge_member(member, names, must_name_tool=must_name_tool)
        if verdict is not Verdict.OPEN:
            return verdict
        has_name = has_name or member.key in NAME_KEYS
        has_arguments = has_arguments or member.key in ARGUMENT_KEYS
    if json_end(text) is None:
        return Verdict.OPEN
    return Verdict.CALL if has_name and has_arguments else Verdict.TEXT


def _judge_member(member: Member, names: Collection[str], *, must_name_tool: bool) -> Verdict:
    """What a member says of its object; OPEN if the next one has to decide."""
    key, value = member.key, member.value
    if key not in KEYS:
        return Verdict.TEXT
    if not value:
        return Verdict.OPEN
    if value[0] in "{[" and key in (*LIST_KEYS, "function"):
        return judge(value, names, must_name_tool=must_name_tool)
    if key in NAME_KEYS:
        return _judge_name(member, names, must_name_tool=must_name_tool)
    if key in ARGUMENT_KEYS:
        return Verdict.OPEN if value[0] in '{"' or "null".startswith(value) else Verdict.TEXT
    if key == "type":
        return _begins(TYPES, member.word) if value[0] == '"' else Verdict.TEXT
    return Verdict.OPEN if key in EXTRA_KEYS else Verdict.TEXT


def _judge_name(member: Member, names: Collection[str], *, must_name_tool: bool) -> Verdict:
    if member.value[0] != '"':
        return Verdict.TEXT
    if member.is_complete and tool_name(member.word, names) in names:
        return Verdict.CALL
    if must_name_tool:
        forms = [prefix + name for prefix in ("", *PREFIXES) for name in names]
        return Verdict.TEXT if member.is_complete else _begins(forms, member.word)
    return Verdict.OPEN if not member.word or IDENTIFIER.fullmatch(member.word) else Verdict.TEXT


def _begins(words: Collection[str], beginning: str) -> Verdict:
    return Verdict.OPEN if any(word.startswith(beginning) for word in words) else Verdict.TEXT


def was_cut(text: str) -> bool:
    """Whether an open object or list is a call that broke off."""
    first = next(members(text[text.find("{") :]), None) if "{" in text else None
    return first is not None and first.has_key and first.key in UNMISTAKABLE_KEYS


def tool_name(written: str, names: Collection[str]) -> str:
    """The name without its namespace, if that is the name of a tool."""
    short = next((written.removeprefix(prefix) for prefix in PREFIXES if written.startswith(prefix)), written)
    return short if short in names else written


def parse_json(text: str) -> Any:
    """
    Raises:
        ValueError: the text is no JSON.
    """
    try:
        return storable_json(json.loads(text, parse_constant=parse_finite, parse_float=parse_finite, strict=False))
    except RecursionError:
        raise ValueError("The JSON is nested too deeply.") from None


def read_calls(value: Any, names: Collection[str], source: str) -> list[WrittenCall]:
    """The calls in a parsed object or list.

    Raises:
        ValueError: a part of it is no call.
    """
    if isinstance(value, list):
        return [call for item in value for call in read_calls(item, names, source)]
    if not isinstance(value, dict):
        raise ValueError("A call is an object.")
    for key in (*LIST_KEYS, "function"):
        if isinstance(value.get(key), dict | list):
            return read_calls(value[key], names, source)
    written = next((value[key] for key in NAME_KEYS if isinstance(value.get(key), str)), "")
    if not written:
        raise ValueError("A call has a name.")
    given = [key for key in ARGUMENT_KEYS if key in value]
    if not given:
        others = {key: item for key, item in value.items() if value[key] != written and key not in EXTRA_KEYS}
        return [WrittenCall(tool_name(written, names), others, source, is_flat=bool(others))]
    return [WrittenCall(tool_name(written, names), read_arguments(value[given[0]]), source)]


def read_arguments(value: Any) -> dict[str, Any]:
    """The arguments of a call, which may be an object, its JSON as a string, or nothing.

    Raises:
        ValueError: they are none of these.
    """
    if isinstance(value, str):
        value = parse_json(value) if value.strip() else {}
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError("Arguments are an object.")
    return value
