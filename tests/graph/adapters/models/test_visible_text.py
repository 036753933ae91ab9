"""Thoughts are no words of an answer, wherever a stream cuts them; other words come at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.adapters.models.visible_text import TAGS, VisibleText

ANSWER = "The answer is 5."


def seen(text: str, size: int = 1_000, **options: bool) -> str:
    """What is seen of a text in chunks of a size."""
    visible = VisibleText(**options)
    pieces = [visible.push(text[start : start + size]) for start in range(0, len(text), size)]
    return "".join([*pieces, visible.flush()])


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 1_000])
@pytest.mark.parametrize("tag", TAGS)
def test_thoughts_between_tags_are_not_seen(tag: str, size: int) -> None:
    assert seen(f"{tag}Their account is low. a < b{TAGS[tag]}\n\n{ANSWER}", size) == ANSWER


@pytest.mark.parametrize("size", [1, 4, 1_000])
def test_thoughts_in_the_middle_are_not_seen(size: int) -> None:
    assert seen("First.\n<think>hm</think>Then.\n<THINK>hm</THINK>Last.", size) == "First.\nThen.\nLast."


@pytest.mark.parametrize("size", [1, 4, 1_000])
def test_thoughts_that_were_never_closed_are_not_seen(size: int) -> None:
    assert seen("<think>The user wants", size) == ""


@pytest.mark.parametrize("size", [1, 4, 1_000])
def test_a_tag_that_is_spoken_of_is_text(size: int) -> None:
    for text in ("Write `<think>` before it and `</think>` behind it.", 'The tag "<think>" opens thoughts.'):
        assert seen(text, size) == text


@pytest.mark.parametrize("size", [1, 4, 1_000])
def test_a_tag_that_is_never_closed_behind_words_is_text(size: int) -> None:
    assert seen("I use <think> rarely.", size) == "I use <think> rarely."


def test_thoughts_behind_words_that_were_cut_are_not_seen() -> None:
    visible = VisibleText()
    assert visible.push("First. <think>hm, the account") == "First. "
    assert visible.flush(is_cut=True) == ""


@given(st.lists(st.text(max_size=8), max_size=6))
def test_text_without_tags_stays_as_it_is(chunks: list[str]) -> None:
    whole = "".join(chunks)
    if not any(tag in whole.lower() for pair in TAGS.items() for tag in pair):
        visible = VisibleText()
        assert "".join([*map(visible.push, chunks), visible.flush()]) == whole


@pytest.mark.parametrize("word", ["plain ", "a < b ", "[1] ", "<b>bold</b> ", "5 <thin", "[a](b) "])
def test_words_come_at_once(word: str) -> None:
    visible = VisibleText()
    came = visible.push("So: ") + visible.push(word)
    assert word.rstrip("<thin") in came
    assert len(f"So: {word}") - len(came) < 10


# Templates that write the opening tag themselves ----------------------------------------------------------------------


def test_a_closing_tag_alone_says_that_all_before_it_were_thoughts() -> None:
    visible = VisibleText()
    assert visible.push("The user wants x.") == "The user wants x."
    assert not visible.has_shown_thoughts
    assert visible.push(f" </think>{ANSWER}") == ANSWER
    assert visible.has_shown_thoughts
    assert visible.began_with_thoughts


def test_a_closing_tag_in_the_first_chunk_leaves_nothing_to_take_back() -> None:
    visible = VisibleText()
    assert visible.push(f"The user wants x.</think>{ANSWER}") == ANSWER
    assert (visible.began_with_thoughts, visible.has_shown_thoughts) == (True, False)


@pytest.mark.parametrize("size", [1, 4, 1_000])
def test_where_thoughts_are_expected_nothing_is_seen_before_their_end(size: int) -> None:
    assert seen(f"The user wants x. </think>\n\n{ANSWER}", size, begins_with_thoughts=True) == ANSWER
    assert seen(f"<think>The user wants x. </think>\n\n{ANSWER}", size, begins_with_thoughts=True) == ANSWER


def test_where_thoughts_are_expected_in_vain_all_is_seen_at_the_end() -> None:
    visible = VisibleText(begins_with_thoughts=True)
    assert visible.push(ANSWER) == ""
    assert visible.flush() == ANSWER
    assert visible.lacked_thoughts


def test_a_second_closing_tag_takes_nothing_back() -> None:
    assert seen(f"<think>hm</think>{ANSWER}</think> And more.", 3) == f"{ANSWER}And more."


# Characters that were cut in two --------------------------------------------------------------------------------------


@given(st.text(min_size=1, max_size=6), st.integers(0, 12))
def test_a_character_that_was_cut_in_two_is_whole(text: str, cut: int) -> None:
    units = text.encode("utf-16-le")
    place = 2 * (cut % (len(units) // 2 + 1))
    halves = (units[:place].decode("utf-16-le", "surrogatepass"), units[place:].decode("utf-16-le", "surrogatepass"))
    visible = VisibleText()
    assert "".join([*map(visible.push, halves), visible.flush()]) == text


def test_an_empty_chunk_between_two_halves_changes_nothing() -> None:
    visible = VisibleText()
    assert "".join(map(visible.push, ("a\ud83d", "", "\udc16b"))) == "a🐖b"
