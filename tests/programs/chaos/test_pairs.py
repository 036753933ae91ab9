"""A few of the pairs that `python -m tests.chaos.pairs` sends, and that it would see what goes wrong."""

import asyncio
from statistics import median
from typing import Any

import pytest

from tests.chaos.pairs import REFUSED_MS, faults_of, run


def test_of_two_messages_at_once_to_one_session_one_is_answered_and_none_lost() -> None:
    paired = asyncio.run(run(10, lambda line: None))
    assert paired.faults == []
    assert median(paired.refused_ms) < REFUSED_MS
    assert sum(len(accepted) for accepted in paired.accepted.values()) + len(paired.refused_ms) == 21


def row(role: str, run: int, content: str = "", **metadata: Any) -> dict[str, Any]:
    return {"role": role, "content": content, "run_id": run, "metadata": metadata}


TURN = [
    row("user", 1, "one"),
    row("assistant", 1, tool_calls=[{"id": "call_0"}]),
    row("tool", 1, tool_call_id="call_0"),
    row("assistant", 1, "so"),
]
NEXT = [row("user", 2, "two"), row("assistant", 2, "well")]


def test_a_whole_history_has_no_fault() -> None:
    assert faults_of([*TURN, *NEXT], ["one", "two"]) == []


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        (TURN, "2 messages were accepted, 1 are stored"),
        ([TURN[0], NEXT[0], *TURN[1:], NEXT[1]], "the turns of a session are mixed up"),
        ([*TURN[:2], TURN[3], *NEXT], "a tool call has no result"),
        ([*TURN, NEXT[0]], "a turn has no answer"),
    ],
)
def test_what_goes_wrong_is_a_fault(rows: list[dict[str, Any]], fault: str) -> None:
    assert fault in faults_of(rows, ["one", "two"])
