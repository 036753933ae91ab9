"""What a model writes is streamed without foreign addresses, and no piece of it shows a value inside an address."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.redaction.links.link_sanitizer import AllowedUrls
from graph.redaction.links.urls import is_inside_url
from graph.redaction.unmasking.answer_stream import AnswerStream
from graph.redaction.unmasking.unmask import unmask

CARD, VALUE = "[CARD_7K3Q9D]", "4111 1111 1111 1111"


def shown(text: str, cuts: list[int], *allowed: str) -> str:
    """What the owner reads of a text that comes in chunks: each piece is restored alone."""
    stream = AnswerStream(AllowedUrls(allowed))
    edges = [0, *sorted({cut for cut in cuts if 0 < cut < len(text)}), len(text)]
    pieces = [*(stream.push(text[start:end]) for start, end in pairwise(edges)), stream.flush()]
    return "".join(unmask(piece, {CARD: VALUE}) for piece in pieces)


def each_character(text: str) -> list[int]:
    return list(range(1, len(text)))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (f"Pay with {CARD}, please.", f"Pay with {VALUE}, please."),
        (f"See https://evil.example/x?d={CARD}.", "See [link removed: evil[.]example]."),
        (f"See evil.example/x?d={CARD} now", "See evil.example/x?d=[CARD] now"),
        (f"See {CARD}.evil.example now", "See [CARD].evil.example now"),
        ("See evil.example/CARD_7K3Q9D now", "See evil.example/[CARD] now"),
        (f"See https://bank.example/{'a' * 200}?d={CARD}", f"See https://bank.example/{'a' * 200}?d=[CARD]"),
        (f"![a](https://bank.example/{'a' * 200}?d={CARD})", f"! [a](https://bank.example/{'a' * 200}?d=[CARD])"),
    ],
)
def test_no_value_is_shown_inside_an_address_however_the_stream_is_cut(written: str, read: str) -> None:
    allowed = f"https://bank.example/{'a' * 200}?d={CARD}"
    for cuts in ([], each_character(written), [len(written) // 2], list(range(0, len(written), 7))):
        assert shown(written, cuts, allowed) == read


TOKENS = re.compile(rf"{re.escape(VALUE)}|\[?CARD(?:_7K3Q9D)?\]?")
"""A token, restored or not."""

bits = st.sampled_from(
    [
        "evil.example",
        "/",
        "?d=",
        ".",
        "https://",
        "www.",
        "](",
        "[",
        ")",
        " ",
        "\n",
        "a",
        CARD,
        "CARD_7K3Q9D",
        "<img src=",
    ]
)


@given(st.lists(bits, max_size=10).map("".join), st.lists(st.integers(1, 100), max_size=10))
def test_however_a_stream_is_cut_nothing_is_lost_and_no_value_stands_in_an_address(text: str, cuts: list[int]) -> None:
    read = [shown(text, each) for each in ([], cuts, each_character(text))]
    assert len({TOKENS.sub("T", each) for each in read}) == 1
    for each in read:
        restored = each.replace(VALUE, "CARD_000000")
        assert not any(is_inside_url(restored, *place.span()) for place in re.finditer("CARD_0{6}", restored))


def test_plain_words_go_at_once() -> None:
    stream = AnswerStream(AllowedUrls())
    for chunk in ["You", " spent", " $12", ".50", " on", " groceries", ";", " well", " done", "."]:
        assert stream.push(chunk) == chunk
