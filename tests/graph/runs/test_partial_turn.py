"""What is stored of a turn that did not come to its end."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from graph.context import AbortedUsage
from graph.runs.partial_turn import close_open_calls, usage_of_partial
from graph.state import NO_USAGE, Usage

CALL: Any = {"name": "totals", "args": {}, "id": "call_1", "type": "tool_call"}
QUESTION = HumanMessage("how much")
CALLING = AIMessage("let me look", tool_calls=[CALL])
RESULT = ToolMessage("{}", tool_call_id="call_1")


def usage(completion: int, source: Any = "provider") -> Usage:
    return Usage(prompt=10, completion=completion, total=10 + completion, cost="0.1", source=source)


def test_the_partial_answer_follows_the_question() -> None:
    assert close_open_calls([QUESTION], "It is") == [QUESTION, AIMessage("It is")]
    assert close_open_calls([QUESTION, CALLING, RESULT], "It is") == [QUESTION, CALLING, RESULT, AIMessage("It is")]


def test_without_partial_text_the_messages_stay_as_they_are() -> None:
    assert close_open_calls([QUESTION], "") == [QUESTION]
    assert close_open_calls([], "It is") == []


def test_each_open_call_gets_a_result() -> None:
    *messages, result = close_open_calls([QUESTION, CALLING], "let me look")
    assert messages == [QUESTION, CALLING]
    assert isinstance(result, ToolMessage)
    assert (result.tool_call_id, result.name, result.status) == ("call_1", "totals", "error")


def test_a_whole_answer_is_not_added_twice() -> None:
    answer = AIMessage("It is 12.")
    assert close_open_calls([QUESTION, answer], "It is 12.") == [QUESTION, answer]


@pytest.mark.parametrize(
    ("complete", "aborted", "expected"),
    [
        (usage(5), usage(2), (20, 7, "provider")),
        (None, usage(2), (10, 2, "provider")),
        (usage(5), None, (10, 8, "counted")),
        (None, None, (0, 3, "counted")),
    ],
)
def test_aborted_calls_count_and_without_them_the_partial_text(
    complete: Usage | None, aborted: Usage | None, expected: tuple[int, int, str]
) -> None:
    total = usage_of_partial(complete, AbortedUsage(aborted), 3)
    assert (total["prompt"], total["completion"], total["source"]) == expected
    assert total["total"] == total["prompt"] + total["completion"]


def test_without_anything_streamed_the_usage_stays_as_it_is() -> None:
    assert usage_of_partial(usage(5), AbortedUsage(), 0) == usage(5)
    assert usage_of_partial(None, AbortedUsage(), 0) == NO_USAGE
