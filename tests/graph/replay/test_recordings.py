"""Every recorded turn takes the same path to the same answer, with nothing but its file."""

import json
from pathlib import Path

import pytest

from graph.replay.check import assert_unchanged
from graph.replay.play import Checkout
from graph.replay.recording import Recording

RECORDINGS = Path(__file__).parents[2] / "recordings"

pytestmark = pytest.mark.usefixtures("no_network")


@pytest.mark.parametrize("file", sorted(RECORDINGS.rglob("*.json")), ids=lambda file: file.stem)
def test_a_recorded_turn_takes_the_same_path_to_the_same_answer(file: Path, checkout: Checkout) -> None:
    assert_unchanged(file, checkout)


def outcomes() -> dict[str, Recording]:
    return {file.stem: Recording.read(file) for file in RECORDINGS.glob("*.json")}


def test_the_recordings_cover_what_a_turn_can_meet() -> None:
    turns = outcomes()
    called = {name: [run for run in turn.tools if run.result is not None] for name, turn in turns.items()}
    assert len(turns) >= 12
    assert called["plain_answer"] == []
    assert len(called["one_tool"]) == 1
    assert [turn.path.count("call_tools") for turn in (turns["parallel_tools"].outcome,)] == [1]
    assert len(called["parallel_tools"]) == 2
    assert turns["two_rounds"].outcome.path.count("call_tools") == 2
    for name in ("tool_error", "bad_arguments", "arguments_that_are_no_json", "unknown_tool"):
        assert [run.failed for run in called[name]] == [True], name
    assert turns["retrieval_used"].passages
    assert [event["type"] for event in turns["retrieval_used"].outcome.events].count("citation") == 1
    assert not turns["retrieval_empty"].passages
    assert turns["a_summary_is_due"].outcome.summary_due
    assert turns["long_thread_that_was_summarised"].memory.summary
    assert turns["redaction_heavy"].question.count("[") >= 4
    assert turns["stopped"].outcome.status == turns["stopped_before_the_first_word"].outcome.status == "stopped"
    assert turns["stopped"].outcome.messages[-1].content
    assert {turns[name].outcome.status for name in ("model_failure", "model_broke_off", "empty_answer")} == {"failed"}


def test_every_employee_has_a_recording_in_which_it_uses_tools_of_its_own(checkout: Checkout) -> None:
    for employee in checkout.roster.all():
        turn = Recording.read(RECORDINGS / "employees" / f"{employee.slug}.json")
        results = [run for run in turn.tools if run.result is not None and not run.failed]
        assert turn.employee == employee.slug
        assert results, employee.slug
        assert {run.name for run in results} <= set(employee.tools)


def test_an_earlier_result_of_a_tool_is_read_as_it_was_stored() -> None:
    turn = outcomes()["a_second_question"]
    [earlier] = [said.content for said in turn.memory.history if said.role == "tool"]
    assert json.loads(earlier)["status"] == "ok"
    assert earlier in turn.outcome.requests[0]


def test_no_recording_says_whose_turn_it_was() -> None:
    for file in RECORDINGS.rglob("*.json"):
        recording = json.loads(file.read_text("utf-8"))
        first, last = recording["outcome"]["events"][0], recording["outcome"]["events"][-1]
        assert {"session_id", "run_id", "message_id", "user_id"}.isdisjoint({*first, *last, *recording}), file
