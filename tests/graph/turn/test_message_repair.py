"""Whatever a history looks like, what is sent has exactly one result directly behind each call, and loses nobody's words."""

import json
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeGuard

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from graph.turn.message_repair import UNANSWERED, UNFINISHED, pair_tool_messages

ids = st.sampled_from(["call_0", "call_1", "x", ""])
words = st.text("abc", max_size=3)


def human(text: str = "question") -> HumanMessage:
    return HumanMessage(text)


def ai(*called: str, text: str = "") -> AIMessage:
    return AIMessage(
        text, tool_calls=[{"name": "totals", "args": {}, "id": each, "type": "tool_call"} for each in called]
    )


def result(call_id: str, text: str = "{}") -> ToolMessage:
    return ToolMessage(text, tool_call_id=call_id)


callers = st.builds(lambda called, text: ai(*called, text=text), st.lists(ids, max_size=3), words)
results = st.builds(result, ids, words)
histories = st.lists(st.one_of(st.builds(human, words), callers, results, st.builds(SystemMessage, words)), max_size=12)
"""Anything that could be stored: results that are missing, doubled, displaced, ids that come again."""


@st.composite
def sound_histories(draw: st.DrawFn) -> list[BaseMessage]:
    """Histories that a provider accepts: each message of the user is answered, and the results of a round may come in any
    order.
    """
    messages: list[BaseMessage] = []
    for rounds in draw(st.lists(st.lists(callers, max_size=3), max_size=4)):
        messages.append(draw(st.builds(human, words)))
        for message in rounds:
            messages.append(message)
            called = [str(call["id"]) for call in message.tool_calls]
            messages += [result(each, draw(words)) for each in draw(st.permutations(called))]
        messages.append(ai(text=draw(words)))
    return messages


def open_calls(messages: Sequence[BaseMessage]) -> list[str]:
    """The calls without a result; fails if a result is not directly behind its call, or is one too many."""
    left: list[str] = []
    due: Counter[str] = Counter()
    for message in messages:
        if isinstance(message, ToolMessage):
            assert due[message.tool_call_id] > 0, "a result without a call"
            due[message.tool_call_id] -= 1
        else:
            left += due.elements()
            due = (
                Counter(str(call["id"]) for call in message.tool_calls) if isinstance(message, AIMessage) else Counter()
            )
    return [*left, *due.elements()]


def said(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    return [message for message in messages if not isinstance(message, ToolMessage)]


def is_caller(message: BaseMessage) -> bool:
    return isinstance(message, AIMessage) and bool(message.tool_calls)


def is_invented(message: BaseMessage) -> TypeGuard[ToolMessage]:
    return isinstance(message, ToolMessage) and message.content == UNFINISHED


def texts(messages: Sequence[BaseMessage]) -> list[str]:
    return [str(message.text) for message in messages]


# Whatever the history


@given(histories)
def test_each_call_has_one_result_directly_behind_it_and_no_result_is_without_a_call(
    history: list[BaseMessage],
) -> None:
    assert open_calls(pair_tool_messages(history)) == []


@given(histories, st.sets(ids))
def test_only_pending_calls_of_the_last_message_that_made_any_have_no_result(
    history: list[BaseMessage], pending: set[str]
) -> None:
    sent = pair_tool_messages(history, pending)
    last = max((place for place, message in enumerate(sent) if is_caller(message)), default=len(sent))
    assert open_calls(sent[:last]) == []
    assert set(open_calls(sent[last:])) <= pending
    assert not {message.tool_call_id for message in sent[last:] if is_invented(message)} & pending


@given(histories)
def test_nothing_that_a_user_or_an_assistant_said_is_lost_or_moved(history: list[BaseMessage]) -> None:
    sent = [message for message in said(pair_tool_messages(history)) if message.text != UNANSWERED]
    assert list(map(id, sent)) == list(map(id, said(history)))


@given(histories)
def test_no_message_of_the_user_follows_one_that_was_not_answered(history: list[BaseMessage]) -> None:
    for before, after in pairwise(pair_tool_messages(history)):
        assert not (isinstance(before, HumanMessage | ToolMessage) and isinstance(after, HumanMessage))


@given(sound_histories())
def test_a_sound_history_stays_as_it_is(history: list[BaseMessage]) -> None:
    assert list(map(id, pair_tool_messages(history))) == list(map(id, history))


@given(histories, st.sets(ids))
def test_what_was_repaired_needs_no_repair(history: list[BaseMessage], pending: set[str]) -> None:
    once = pair_tool_messages(history, pending)
    assert list(map(id, pair_tool_messages(once, pending))) == list(map(id, once))


@given(histories)
def test_what_is_repaired_is_not_changed_itself(history: list[BaseMessage]) -> None:
    before = [message.model_copy(deep=True) for message in history]
    pair_tool_messages(history)
    assert history == before


# Some histories


QUESTION, ANSWER = HumanMessage("question"), AIMessage("answer")


def test_a_call_without_a_result_gets_one_that_says_so() -> None:
    sent = pair_tool_messages([QUESTION, ai("a", "b"), result("b", "of b"), HumanMessage("and now?")])
    assert [message.type for message in sent] == ["human", "ai", "tool", "tool", "ai", "human"]
    assert [(message.tool_call_id, message.content) for message in sent if isinstance(message, ToolMessage)] == [
        ("b", "of b"),
        ("a", UNFINISHED),
    ]
    assert isinstance(sent[3], ToolMessage)
    assert (sent[3].name, sent[3].status) == ("totals", "error")


def test_a_question_that_was_not_answered_gets_an_answer_that_says_so() -> None:
    sent = pair_tool_messages([QUESTION, HumanMessage("hello?"), ANSWER, HumanMessage("and now?")])
    assert texts(sent) == ["question", UNANSWERED, "hello?", "answer", "and now?"]


def test_what_is_told_of_an_unfinished_call_is_a_json_object() -> None:
    assert "not finished" in json.loads(UNFINISHED)["error"]


@pytest.mark.parametrize(
    "history",
    [
        [result("a"), QUESTION, ANSWER],
        [QUESTION, ANSWER, result("a")],
        [QUESTION, result("a"), ANSWER],
    ],
    ids=["at the beginning", "at the end", "between"],
)
def test_a_result_without_a_call_is_left_out(history: list[BaseMessage]) -> None:
    assert pair_tool_messages(history) == [QUESTION, ANSWER]


def test_a_result_that_comes_before_its_call_is_none_of_it() -> None:
    assert texts(pair_tool_messages([QUESTION, result("a", "early"), ai("a")])) == ["question", "", UNFINISHED]


def test_of_two_results_the_first_counts() -> None:
    assert texts(pair_tool_messages([ai("a"), result("a", "first"), result("a", "second"), ANSWER])) == [
        "",
        "first",
        "answer",
    ]


def test_a_result_behind_other_messages_is_moved_to_its_call() -> None:
    history = [
        QUESTION,
        ai("a", "b"),
        result("a", "of a"),
        HumanMessage("hello?"),
        AIMessage("hm"),
        result("b", "of b"),
    ]
    assert texts(pair_tool_messages(history)) == ["question", "", "of a", "of b", UNANSWERED, "hello?", "hm"]


def test_an_id_that_comes_again_in_each_round_is_a_call_of_its_own_each_time() -> None:
    history = [QUESTION, ai("call_0"), result("call_0", "1"), ai("call_0"), ai("call_0"), result("call_0", "3"), ANSWER]
    assert texts(pair_tool_messages(history)) == ["question", "", "1", "", UNFINISHED, "", "3", "answer"]


def test_calls_of_one_id_in_one_message_have_a_result_each() -> None:
    history = [ai("call_0", "call_0"), result("call_0", "1"), result("call_0", "2"), result("call_0", "3")]
    assert texts(pair_tool_messages(history)) == ["", "1", "2"]
    assert texts(pair_tool_messages(history[:2])) == ["", "1", UNFINISHED]


def test_a_pending_call_keeps_waiting_while_the_others_of_its_message_are_closed() -> None:
    history = [ai("call_0"), QUESTION, ai("call_0", "call_1", "call_2"), result("call_1", "1")]
    sent = pair_tool_messages(history, pending={"call_0"})
    assert texts(sent) == ["", UNFINISHED, UNANSWERED, "question", "", "1", UNFINISHED]
    assert open_calls(sent) == ["call_0"]
