"""Releasing a stream in whole pieces."""

import re
import time
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from graph.redaction.links.urls import is_inside_url
from graph.redaction.unmasking.stream_buffer import MAX_HELD_CHARS, StreamBuffer
from graph.redaction.unmasking.unmask import token_matches, unmask

VALUES = {"[CARD_7K3Q9D]": "4111 1111 1111 1111", "[PERSON_0A1B2C]": "Ana", "[IP_ZZZZZZ]": "10.0.0.1"}
WHOLE = re.compile(
    r"\[\d{1,3}\]|!?\[[^\[\]\n]{0,20}\]\([^()\n\s]{0,30}\)|(?<![A-Za-z0-9])https://[^\s<>\"\[\]()]{1,40}"
)

fragments = st.sampled_from(
    [
        *[
            "[CARD_7K3Q9D]",
            r"\[CARD\_7K3Q9D\]",
            "[card_7k3q9d]",
            "PERSON_0A1B2C",
            "IP_ZZZZZZ",
            "ZIP_ZZZZZZ",
            "XCARD_7K3Q9D",
        ],
        *[
            "[1]",
            "[12]",
            "[link](https://a.b/c)",
            "![chart](https://x.y/z.png)",
            "https://bank.example/p?q=1",
            "[a [b] c](d)",
        ],
        *[
            "[",
            "]",
            "(",
            ")",
            "!",
            "\\",
            "_",
            "\n",
            " ",
            "h",
            "http",
            "www.",
            "<",
            "C",
            "CA",
            "CARD",
            "CARD_",
            "CARD_7K3",
        ],
        *[
            "hello ",
            "Your total is $12.50. ",
            "**bold** ",
            "[CARD_",
            "[not a token",
            "[CARD_7K3Q9DX",
            "\\[",
            "\\]",
            "7K3Q9D]",
        ],
    ]
)
streams = st.lists(fragments | st.text("[]()!\\_CARDIP7K3Q9 \nhtps:/", max_size=12), max_size=25).map("".join)


def pieces_of(text: str, cuts: list[int]) -> list[str]:
    """What comes out if the text goes in cut at these places."""
    buffer = StreamBuffer()
    edges = [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]
    chunks = [text[start:end] for start, end in pairwise(edges)]
    return [*(buffer.push(chunk) for chunk in chunks), buffer.flush()]


def one_by_one(text: str) -> list[str]:
    return pieces_of(text, list(range(1, len(text))))


def has_token_in_address(text: str) -> bool:
    """Whether a token of the text is not restored where it stands; `AnswerStream` sees to these."""
    return any(is_inside_url(text, *token.span()) for token in token_matches(text))


@given(streams, st.lists(st.integers(1, 400), max_size=30))
@example("[CARD_7K3Q9D]", [1])
@example("[" * 200 + "CARD_7K3Q9D]", list(range(1, 300)))
def test_pieces_make_up_the_stream_and_restore_alone(text: str, cuts: list[int]) -> None:
    for pieces in (pieces_of(text, cuts), one_by_one(text)):
        assert "".join(pieces) == text
        if not any(map(has_token_in_address, [text, *pieces])):
            assert "".join(unmask(piece, VALUES) for piece in pieces) == unmask(text, VALUES)


@given(streams)
def test_no_citation_link_or_url_that_fits_is_cut(text: str) -> None:
    ends, position = set(), 0
    for piece in one_by_one(text):
        position += len(piece)
        ends.add(position)
    if max(map(len, re.split(r"\n", text)), default=0) < MAX_HELD_CHARS:
        assert not [match for match in WHOLE.finditer(text) if ends & set(range(match.start() + 1, match.end()))]


@given(streams)
def test_no_more_than_the_longest_is_held(text: str) -> None:
    buffer = StreamBuffer()
    released = 0
    for index, character in enumerate(text):
        released += len(buffer.push(character))
        assert index + 1 - released <= MAX_HELD_CHARS


def test_plain_words_go_at_once() -> None:
    buffer = StreamBuffer()
    for chunk in ["You", " spent", " $12", ".50", " on", " groceries", ";", " well", " done", "."]:
        assert buffer.push(chunk) == chunk


def test_a_token_waits_for_its_end() -> None:
    buffer = StreamBuffer()
    assert buffer.push("use [CARD_7K") == "use "
    assert buffer.push("3Q9D]") == ""
    assert buffer.push(" now") == "[CARD_7K3Q9D] now"


def test_a_citation_waits_to_see_whether_it_is_a_link() -> None:
    buffer = StreamBuffer()
    assert [buffer.push(chunk) for chunk in ["as said [1", "]", "."]] == ["as said ", "", "[1]."]
    assert [buffer.push(chunk) for chunk in [" [a]", "(http", "://x)", " b"]] == [" ", "", "[a](http://x)", " b"]


def test_an_image_is_one_piece() -> None:
    buffer = StreamBuffer()
    assert [buffer.push(chunk) for chunk in ["So!", "[x", "](y", ")"]] == ["So", "", "", "![x](y)"]


def test_the_end_of_the_stream_gives_the_rest() -> None:
    buffer = StreamBuffer()
    assert buffer.push("see [CARD_7K") + buffer.flush() == "see [CARD_7K"
    assert buffer.flush() == ""


@pytest.mark.parametrize("character", ["[", "a", "C", "\\", "(", "!"])
def test_time_grows_with_the_length_only(character: str) -> None:
    buffer, begun = StreamBuffer(), time.process_time()
    for _ in range(10_000):
        buffer.push(character)
    assert time.process_time() - begun < 2
