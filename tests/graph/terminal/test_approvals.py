"""A call is shown with its effect, and the typed line decides on it."""

import json
from typing import Any

import pytest

from graph.terminal.approvals import ApprovalDialog, Decision, StopRequested, describe_call, describe_change
from tests.support.screens import piped_screen

APPROVAL: dict[str, Any] = {
    "type": "approval_required",
    "approval_id": "1",
    "tool": "create_goal",
    "args": {"name": "Bicycle", "target_amount": "900"},
    "preview": {
        "summary": "A goal of 900.00 USD is created.",
        "changes": [{"before": None, "after": {"name": "Bicycle", "target": "900.00"}}],
        "count": 1,
    },
    "reason": "",
    "expires_at": "soon",
}


def decide(*lines: str) -> Decision:
    return ApprovalDialog(piped_screen(*lines).screen, "").decide(APPROVAL)


def test_a_call_is_described_by_its_arguments_its_summary_and_its_changes() -> None:
    assert list(describe_call(APPROVAL)) == [
        "create_goal(name: Bicycle, target_amount: 900)",
        "A goal of 900.00 USD is created.",
        "  + name: Bicycle, target: 900.00",
    ]


def test_a_call_without_a_preview_is_described_by_its_arguments() -> None:
    assert list(describe_call({"tool": "convert", "args": None, "preview": None})) == ["convert()"]


def test_many_changes_are_counted() -> None:
    change = {"before": {"category": "Food"}, "after": {"category": "Travel"}}
    lines = list(describe_call({**APPROVAL, "preview": {"changes": [change] * 8, "count": 40}}))
    assert (len(lines), lines[-1]) == (7, "  and 35 more")


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        (None, {"name": "A"}, "+ name: A"),
        ({"name": "A"}, None, "- name: A"),
        ({"name": "A", "left": 2}, {"name": "A", "left": None}, "~ left: 2 → — (name: A)"),
    ],
)
def test_a_change_shows_what_it_changes(before: Any, after: Any, line: str) -> None:
    assert describe_change({"before": before, "after": after}) == line


@pytest.mark.parametrize(
    ("line", "body"),
    [
        ("y", {"decision": "approve"}),
        ("YES", {"decision": "approve"}),
        ("n", {"decision": "reject"}),
        ("n too much", {"decision": "reject", "comment": "too much"}),
        ('e {"name": "Boat"}', {"decision": "approve", "arguments": {"name": "Boat"}}),
    ],
)
def test_a_line_decides(line: str, body: Any) -> None:
    assert decide(line) == Decision(body)


def test_arguments_on_the_line_after_e_are_taken() -> None:
    assert decide("e", json.dumps({"name": "Boat"})).body["arguments"] == {"name": "Boat"}


@pytest.mark.parametrize("typed", ["{", "[]", '"text"', "3"])
def test_arguments_that_are_no_object_are_asked_for_again(typed: str) -> None:
    recorded = piped_screen(f"e {typed}", "n")
    assert ApprovalDialog(recorded.screen, "").decide(APPROVAL).body == {"decision": "reject"}
    assert "must be one JSON object" in recorded.err.getvalue()


def test_another_line_in_a_pipe_rejects_the_call_and_is_the_next_message() -> None:
    recorded = piped_screen("What are my goals?")
    assert ApprovalDialog(recorded.screen, "").decide(APPROVAL) == Decision({"decision": "reject"})
    assert recorded.screen.read_line("> ") == "What are my goals?"


def test_the_end_of_the_input_rejects_the_call() -> None:
    assert decide() == Decision({"decision": "reject"}, is_unattended=True)


def test_the_answer_can_be_stopped_instead() -> None:
    with pytest.raises(StopRequested):
        decide("/stop")
