"""Brings the outcome of a turn into the form in which recordings store and compare it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from graph.events import Event, is_waiting
from graph.replay.recording import Message, ToolRun
from graph.state import Usage, no_usage

OMITTED_FIELDS: Mapping[str, tuple[str, ...]] = {
    "start": ("session_id", "run_id"),
    "done": ("message_id",),
    "tool_result": ("display",),
    "approval_required": ("approval_id", "preview", "expires_at"),
}
"""Fields of events that identify the run, or that only a client's screen needs."""


def result_aliases(runs: Sequence[ToolRun]) -> dict[str, str]:
    """Short names by JSON text for tool results, which recordings contain once."""
    return {json.dumps(run.result, ensure_ascii=False): f"(the result of {run.id})" for run in runs}


def messages_for(rows: Iterable[Mapping[str, Any]], runs: Sequence[ToolRun]) -> list[Message]:
    """Rows of `chat_messages` in the form of a recording."""
    aliases = result_aliases(runs)
    return [
        Message(
            role=row["role"],
            content=aliases.get(row["content"], row["content"]) if row["role"] == "tool" else row["content"],
            metadata=row["metadata"],
        )
        for row in rows
    ]


def events_for(events: Iterable[Event], runs: Sequence[ToolRun]) -> list[dict[str, Any]]:
    """Events of a run in the form of a recording: without ids and waits, texts joined, tool results named."""
    aliases = result_aliases(runs)
    entries: list[dict[str, Any]] = []
    for event in events:
        if is_waiting(event):
            continue
        entry: dict[str, Any] = {
            name: value for name, value in event.items() if name not in OMITTED_FIELDS.get(event["type"], ())
        }
        if entry["type"] == "tool_result":
            result = json.dumps(entry["result"], ensure_ascii=False)
            entry["result"] = aliases.get(result, entry["result"])
        if entry["type"] == "text" and entries and entries[-1]["type"] == "text":
            entries[-1]["content"] += entry["content"]
        else:
            entries.append(entry)
    return entries


def usage_for(usage: Mapping[str, Any] | None) -> Usage:
    """The usage of a turn, with the cost to eight decimals as in `chat_usage_log`; zero if none was stored."""
    if usage is None:
        return no_usage("counted")
    cost = round(Decimal(usage["cost"]), 8).normalize()
    return Usage(
        prompt=usage["prompt"],
        completion=usage["completion"],
        total=usage["total"],
        cost=f"{cost:f}",
        source=usage["source"],
    )
