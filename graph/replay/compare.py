"""How a played turn differs from the recorded one, and what no turn may do."""

import difflib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from graph.replay.play import Played
from graph.replay.recording import Message, Outcome


@dataclass(frozen=True, slots=True)
class Difference:
    """One part in which a turn went another way."""

    part: str
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([f"{self.part}:", *(f"  {line}" for line in self.lines)])


def differences(recorded: Outcome, played: Played) -> list[Difference]:
    """Where the played turn differs from the recorded one, and the rules that it breaks; empty if all is as it was."""
    return [*compared(recorded, played.outcome), *broken_rules(played)]


def compared(recorded: Outcome, played: Outcome) -> Iterator[Difference]:
    for part in ("status", "path", "usage", "summary_due"):
        yield from changed(part, [str(getattr(recorded, part))], [str(getattr(played, part))])
    for number in range(max(len(recorded.requests), len(played.requests))):
        before, now = at(recorded.requests, number), at(played.requests, number)
        yield from changed(f"request {number + 1} to the model", before, now)
    yield from changed("messages", as_lines(recorded.messages), as_lines(played.messages))
    yield from changed("events", [*map(dumped, recorded.events)], [*map(dumped, played.events)])


def at(requests: Sequence[list[str]], number: int) -> list[str]:
    return requests[number] if number < len(requests) else []


def changed(part: str, before: Sequence[str], now: Sequence[str]) -> Iterator[Difference]:
    if before != now:
        diff = difflib.unified_diff(before, now, "recorded", "played", lineterm="", n=2)
        yield Difference(part, tuple(diff))


def as_lines(messages: Sequence[Message]) -> list[str]:
    return [
        line
        for message in messages
        for line in (f"[{message.role}] {dumped(message.metadata)}", *message.content.split("\n"))
    ]


def dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def broken_rules(played: Played) -> Iterator[Difference]:
    """What no turn may do, whatever was recorded."""
    if played.leaks:
        yield Difference("values that must not leave the boundary", tuple(played.leaks))
    if lost := lost_results(played.outcome):
        yield Difference("results that came and that the model never read", tuple(lost))


def lost_results(outcome: Outcome) -> list[str]:
    """Calls whose result was streamed, but is no message of the turn. A stopped turn may lose what it no longer needs."""
    if outcome.status == "stopped":
        return []
    kept = {message.metadata.get("tool_call_id") for message in outcome.messages}
    names = {event["tool"]["id"]: event["tool"]["name"] for event in outcome.events if event["type"] == "tool_call"}
    came = [event["tool_call_id"] for event in outcome.events if event["type"] == "tool_result"]
    return [f"{call} ({names.get(call, 'unknown tool')})" for call in came if call not in kept]
