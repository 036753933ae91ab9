"""A resumed run streams the events that its followers lack, once, and restarts the stream if it answers otherwise."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from graph.events import Event, Restart, Text, ToolCall, ToolResult, answer_text
from graph.runs.stream_resume import StreamReconciler, events_of_turn, merge_texts
from graph.state import Passage
from tests.support.fakes.ports import turn_of

RESTART = Restart(type="restart")
START: Event = {
    "type": "start",
    "session_id": "s",
    "run_id": "r",
    "employee": {"slug": "tester", "title": "Tester", "emoji": "T"},
}
DONE: Any = {"type": "done", "message_id": "m", "total_tokens": 0, "usage": {}, "status": "complete"}


def text(content: str) -> Text:
    return Text(type="text", content=content)


def call(number: int) -> ToolCall:
    return ToolCall(type="tool_call", tool={"id": f"call_{number}", "name": "totals", "args": {"n": number}})


def result(number: int, value: str = "12.00") -> ToolResult:
    return ToolResult(type="tool_result", tool_call_id=f"call_{number}", result={"total": value})


def again(seen: list[Event], made: list[Event]) -> list[Event]:
    """The events that are streamed after those that were seen, as these are made."""
    reconciler = StreamReconciler(seen)
    return [streamed for event in made for streamed in reconciler.feed(event)]


def test_events_that_were_not_seen_are_streamed() -> None:
    assert again([START], [text("one "), text("two")]) == [text("one "), text("two")]


def test_words_that_were_seen_are_not_streamed_again() -> None:
    assert again([START, text("one "), text("two ")], [text("one two th"), text("ree")]) == [text("th"), text("ree")]


def test_other_words_restart_the_stream() -> None:
    made = [text("one "), text("or two"), DONE]
    assert again([START, text("one "), text("two")], made) == [RESTART, text("one "), text("or two"), DONE]


def test_an_answer_that_stops_short_of_what_was_seen_restarts_the_stream() -> None:
    assert again([START, text("one two three")], [text("one "), DONE]) == [RESTART, text("one "), DONE]


def test_calls_and_results_that_were_seen_are_not_streamed_again_in_any_order() -> None:
    seen = [START, text("let me look"), call(1), call(2), result(2), result(1), text("You ")]
    made = [text("let me look"), call(1), call(2), result(1), result(2), text("You spent 12."), DONE]
    assert again(seen, made) == [text("spent 12."), DONE]


def test_results_that_were_not_seen_are_streamed() -> None:
    seen = [START, call(1), call(2), result(2)]
    assert again(seen, [call(1), call(2), result(2), result(1)]) == [result(1)]


def test_another_result_than_was_seen_restarts_the_stream() -> None:
    made: list[Event] = [call(1), result(1, "13.00")]
    assert again([START, call(1), result(1), text("You")], made) == [RESTART, *made]


def test_a_call_that_is_not_made_again_restarts_the_stream() -> None:
    assert again([START, text("let me look"), call(1)], [text("let me look"), DONE]) == [
        RESTART,
        text("let me look"),
        DONE,
    ]


def test_events_before_a_restart_are_not_compared() -> None:
    assert again([START, text("old"), RESTART, text("new ")], [text("new words")]) == [text("words")]


def test_citations_that_were_seen_need_not_come_again() -> None:
    citation: Any = {"type": "citation", "marker": "[1]", "id": "p1", "source": "note"}
    assert again([START, text("so [1]"), citation], [text("so [1]"), DONE]) == [DONE]


def test_a_result_that_comes_again_without_its_display_is_the_same() -> None:
    displayed: Any = {**result(1), "display": {"type": "chart", "file_id": "f1"}}
    assert again([START, call(1), displayed, call(2)], [call(1), result(1), call(2), result(2), DONE]) == [
        result(2),
        DONE,
    ]


def approval(number: int) -> Any:
    return {"type": "approval_required", "approval_id": f"a{number}", "tool_call_id": f"call_{number}"}


def test_an_approval_that_was_decided_is_not_requested_again() -> None:
    seen = [START, call(1), approval(1), result(1), call(2), approval(2)]
    assert again(seen, [call(1), result(1), call(2), approval(2), result(2), DONE]) == [result(2), DONE]


def test_an_approval_that_is_not_decided_yet_is_compared() -> None:
    seen = [START, call(1), approval(1)]
    assert again(seen, [call(1), approval(1)]) == []
    assert again(seen, [call(1), approval(2)]) == [RESTART, call(1), approval(2)]


EVENTS = st.lists(
    st.one_of(
        st.text("ab ", min_size=1, max_size=3).map(text), st.integers(0, 2).map(call), st.integers(0, 2).map(result)
    ),
    max_size=8,
)


def valid(events: list[Event]) -> list[Event]:
    """The events that a follower has in the end, who discards all before a restart."""
    counted: list[Event] = []
    for event in events:
        counted = [] if event["type"] == "restart" else [*counted, event]
    return merge_texts(counted)


@given(EVENTS, st.integers(0, 8))
def test_a_follower_of_the_beginning_has_the_whole_turn_in_the_end(events: list[Event], seen: int) -> None:
    streamed = again([START, *events[:seen]], [*events, DONE])
    assert RESTART not in streamed
    assert valid([*events[:seen], *streamed]) == merge_texts([*events, DONE])


@given(EVENTS, EVENTS)
def test_whatever_a_follower_has_seen_it_has_the_new_turn_in_the_end(seen: list[Event], made: list[Event]) -> None:
    ended = valid([*seen, *again([START, *seen], [*made, DONE])])
    assert sorted(map(repr, ended)) == sorted(map(repr, merge_texts([*made, DONE])))
    assert answer_text(ended) == answer_text(made) or any(event["type"] == "tool_result" for event in made)


def test_the_events_of_a_turn_are_those_that_it_streamed() -> None:
    calls = [{"name": "totals", "args": {"n": 1}, "id": "call_1", "type": "tool_call"}]
    passages = [Passage(id="p1", text="passage", source="note 1", similarity=0.9)]
    messages = [
        HumanMessage("how much"),
        AIMessage("let me look", tool_calls=calls),
        ToolMessage('{"total": "12.00"}', tool_call_id="call_1"),
        AIMessage("You spent 12 [1]."),
    ]
    assert list(events_of_turn(turn_of(*messages, passages=passages))) == [
        text("let me look"),
        call(1),
        result(1),
        text("You spent 12 [1]."),
        {"type": "citation", "marker": "[1]", "id": "p1", "source": "note 1"},
    ]
    assert list(events_of_turn(turn_of(*messages[:2]))) == [text("let me look")]
