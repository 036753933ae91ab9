"""Compares a played turn with the recorded one, and checks the rules of every turn."""

import difflib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from graph.replay.play import ReplayResult
from graph.replay.recording import Message, Outcome


@dataclass(frozen=True, slots=True)
class Difference:
    """A part of the outcome that differs, as the lines of a diff."""

    part: str
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([f"{self.part}:", *(f"  {line}" for line in self.lines)])


def differences(recorded: Outcome, replayed: ReplayResult) -> list[Difference]:
    """The differences from the recorded turn and the violated rules; empty if there are none."""
    return [*compare_outcomes(recorded, replayed.outcome), *rule_violations(replayed)]


def compare_outcomes(recorded: Outcome, replayed: Outcome) -> Iterator[Difference]:
    for part in ("status", "path", "usage", "summary_due"):
        yield from compare_lines(part, [str(getattr(recorded, part))], [str(getattr(replayed, part))])
    for number in range(max(len(recorded.requests), len(replayed.requests))):
        before, now = request_at(recorded.requests, number), request_at(replayed.requests, number)
        yield from compare_lines(f"request {number + 1} to the model", before, now)
    yield from compare_lines("messages", as_lines(recorded.messages), as_lines(replayed.messages))
    yield from compare_lines("events", [*map(to_json, recorded.events)], [*map(to_json, replayed.events)])


def request_at(requests: Sequence[list[str]], number: int) -> list[str]:
    return requests[number] if number < len(requests) else []


def compare_lines(part: str, before: Sequence[str], now: Sequence[str]) -> Iterator[Difference]:
    if before != now:
        diff = difflib.unified_diff(before, now, "recorded", "played", lineterm="", n=2)
        yield Difference(part, tuple(diff))


def as_lines(messages: Sequence[Message]) -> list[str]:
    return [
        line
        for message in messages
        for line in (f"[{message.role}] {to_json(message.metadata)}", *message.content.split("\n"))
    ]


def to_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def rule_violations(replayed: ReplayResult) -> Iterator[Difference]:
    """Violations of the rules that hold for every turn, whatever was recorded."""
    if replayed.leaks:
        yield Difference("values that must not leave the boundary", tuple(replayed.leaks))
    if lost := lost_results(replayed.outcome):
        yield Difference("results that came and that the model never read", tuple(lost))


def lost_results(outcome: Outcome) -> list[str]:
    """Calls whose result was streamed but not stored as a message. A stopped turn may have such calls."""
    if outcome.status == "stopped":
        return []
    kept = {message.metadata.get("tool_call_id") for message in outcome.messages}
    names = {event["tool"]["id"]: event["tool"]["name"] for event in outcome.events if event["type"] == "tool_call"}
    came = [event["tool_call_id"] for event in outcome.events if event["type"] == "tool_result"]
    return [f"{call} ({names.get(call, 'unknown tool')})" for call in came if call not in kept]
