"""The last event of a run says how it ended."""

from typing import Any, get_args

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from graph.errors import ModelUnavailable
from graph.runs.terminal_events import Status, done_event, error_event
from graph.state import Turn, Usage

USAGE = Usage(prompt=10, completion=5, total=15, cost="0.1", source="provider")


def answered(text: str, **details: Any) -> Turn:
    return Turn(messages=[HumanMessage("how much"), AIMessage(text, response_metadata=details)], usage=USAGE)


@pytest.mark.parametrize("status", [status for status in get_args(Status) if status != "failed"])
def test_the_usage_and_the_status_are_those_of_the_turn(status: Status) -> None:
    done = done_event(answered("It is done."), "message", status)
    assert (done["message_id"], done["total_tokens"], done["usage"], done["status"]) == ("message", 15, USAGE, status)


def test_a_turn_without_a_message_and_usage_has_an_empty_end() -> None:
    done = done_event(Turn(), None, "stopped")
    assert (done["message_id"], done["total_tokens"]) == ("", 0)


def test_a_complete_answer_that_reached_its_length_says_so() -> None:
    assert done_event(answered("It is", finish="length"), "message", "complete")["finish"] == "length"
    assert "finish" not in done_event(answered("It is", finish="length"), "message", "stopped")
    assert "finish" not in done_event(answered("It is 12."), "message", "complete")


def test_a_complete_answer_lists_its_ungrounded_amounts() -> None:
    assert done_event(answered("You have $9,876.54."), "message", "complete")["untraced_amounts"] == ["$9,876.54"]
    assert "untraced_amounts" not in done_event(answered("You have $9,876.54."), "message", "stopped")


def test_an_error_has_its_code_and_its_message() -> None:
    error = error_event(ModelUnavailable())
    assert (error["code"], error["error"]) == ("model_unavailable", ModelUnavailable().message)
