"""Chunks become one message: calls and usage are put together, and an answer that is none is an error."""

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk

from graph.errors import ModelError, ModelOutOfTokens
from graph.turn.model_reply import check_answer, finish_of, merge_chunks


def part(index: int | None, name: str | None, args: str | None, call_id: str | None) -> AIMessageChunk:
    return AIMessageChunk(content="", tool_call_chunks=[tool_call_chunk(name=name, args=args, id=call_id, index=index)])


def calls(*chunks: AIMessageChunk) -> list[tuple[str | None, str, object]]:
    return [(call["id"], call["name"], call["args"]) for call in merge_chunks(chunks, "").tool_calls]


def test_id_and_name_of_a_later_chunk_replace_the_former_and_arguments_are_appended() -> None:
    assert calls(part(0, "loo", '{"a"', "1"), part(0, "look", ": 1}", "2"), part(0, None, None, None)) == [
        ("2", "look", {"a": 1})
    ]


def test_calls_are_told_apart_by_their_number() -> None:
    chunks = [
        part(0, "look", '{"a"', "1"),
        part(1, "look", '{"b"', "2"),
        part(0, None, ": 1}", None),
        part(1, None, ": 2}", None),
    ]
    assert calls(*chunks) == [("1", "look", {"a": 1}), ("2", "look", {"b": 2})]


def test_calls_without_a_number_are_calls_of_their_own() -> None:
    assert calls(part(None, "look", "{}", "1"), part(None, "look", "{}", "2")) == [("1", "look", {}), ("2", "look", {})]


def test_a_call_without_an_id_gets_one() -> None:
    assert [call_id for call_id, _, _ in calls(part(0, "look", "", None), part(1, "look", "", ""))] == [
        "call_0",
        "call_1",
    ]


def test_a_character_that_was_cut_in_two_is_whole_in_arguments() -> None:
    assert calls(part(0, "look", '{"a": "\ud83d', "1"), part(0, None, '\udeb2"}', None)) == [("1", "look", {"a": "🚲"})]


def test_usage_that_is_told_again_counts_once() -> None:
    told = [UsageMetadata(input_tokens=1000, output_tokens=number, total_tokens=1000 + number) for number in (1, 5, 5)]
    usage = merge_chunks([AIMessageChunk(content="w", usage_metadata=each) for each in told], "www").usage_metadata
    assert usage == {"input_tokens": 1000, "output_tokens": 5, "total_tokens": 1005}


@pytest.mark.parametrize(("reason", "finish"), [("stop", None), ("length", "length"), ("refusal", "refusal")])
def test_a_message_says_how_it_ended_if_it_is_not_whole(reason: str, finish: str | None) -> None:
    end = AIMessageChunk(content="", response_metadata={"finish_reason": reason, "model_name": "m"})
    message = merge_chunks([AIMessageChunk(content="words"), end], "words")
    assert finish_of(message) == finish
    assert message.response_metadata["model_name"] == "m"


@pytest.mark.parametrize("text", ["", " ", "\n\n\t"])
def test_a_blank_answer_is_an_error(text: str) -> None:
    with pytest.raises(ModelError, match="empty answer"):
        check_answer(AIMessage(text))


def test_thoughts_that_used_up_all_tokens_are_an_error_of_their_own() -> None:
    with pytest.raises(ModelOutOfTokens, match="reached its token limit"):
        check_answer(AIMessage("", response_metadata={"finish": "length"}))


def test_a_call_without_words_is_an_answer() -> None:
    check_answer(AIMessage("", tool_calls=[{"name": "look", "args": {}, "id": "1"}]))
