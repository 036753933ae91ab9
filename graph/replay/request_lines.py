"""Requests to the model as lines that can be read and compared."""

import hashlib
import json
from collections.abc import Iterator, Sequence

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from graph.ports.models import ModelSettings
from graph.replay.normalise import result_aliases
from graph.replay.recording import ToolRun
from graph.tool import Tool

ROLES = {"human": "user", "ai": "assistant"}


def as_lines(
    messages: Sequence[BaseMessage], tools: Sequence[Tool], settings: ModelSettings, runs: Sequence[ToolRun]
) -> list[str]:
    """A request line by line. A tool is named with a hash of what the model reads of it, a recorded result with its call."""
    results = result_aliases(runs)
    return [
        f"# {settings.size} model, temperature {settings.temperature:g}, at most {settings.max_tokens} tokens",
        *(f"# tool {tool.name} {fingerprint(tool)}" for tool in tools),
        *(line for message in messages for line in lines_of(message, results)),
    ]


def fingerprint(tool: Tool) -> str:
    return hashlib.sha256(json.dumps(tool.schema(), sort_keys=True).encode()).hexdigest()[:8]


def lines_of(message: BaseMessage, results: dict[str, str]) -> Iterator[str]:
    text = str(message.text)
    answers = f" {message.tool_call_id}" if isinstance(message, ToolMessage) else ""
    yield f"[{ROLES.get(message.type, message.type)}{answers}]"
    if text:
        yield from results.get(text, text).split("\n")
    if isinstance(message, AIMessage):
        for call in message.tool_calls:
            yield f"calls {call['name']} as {call['id']}: {json.dumps(call['args'], ensure_ascii=False)}"


def new_lines(before: Sequence[str], now: Sequence[str]) -> list[str]:
    """The lines of a request after those that it shares with the request before."""
    same = next((place for place, (old, new) in enumerate(zip(before, now, strict=False)) if old != new), None)
    same = min(len(before), len(now)) if same is None else same
    return [f"({same} lines as before)", *now[same:]] if same else list(now)
