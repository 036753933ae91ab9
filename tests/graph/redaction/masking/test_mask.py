"""Replacing values by tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.redaction.masking.mask import mask
from graph.redaction.unmasking.unmask import unmask
from graph.redaction.values.detection import Detection


def detection(start: int, end: int, text: str) -> Detection:
    return Detection("CARD", start, end, text[start:end], text[start:end])


def test_each_value_is_replaced_at_its_own_place() -> None:
    text = "card 4111 and mail a@b.c!"
    found = [detection(5, 9, text), detection(19, 24, text)]
    assert mask(text, found, ["[CARD_000000]", "[EMAIL_000000]"]) == "card [CARD_000000] and mail [EMAIL_000000]!"


def test_overlaps_are_refused() -> None:
    text = "4111 1111"
    with pytest.raises(ValueError, match="overlap"):
        mask(text, [detection(0, 6, text), detection(5, 9, text)], ["[CARD_000000]", "[CARD_000001]"])


@given(st.text("ab1[]_ ", max_size=60), st.lists(st.integers(0, 60), max_size=8, unique=True))
def test_restoring_what_was_masked_gives_the_text_back(text: str, cuts: list[int]) -> None:
    places = sorted(cut for cut in cuts if cut <= len(text))
    found = [detection(start, end, text) for start, end in zip(places[::2], places[1::2], strict=False)]
    tokens = [f"[CARD_00000{index}]" for index in range(len(found))]
    values = {token: item.value for token, item in zip(tokens, found, strict=True)}
    assert unmask(mask(text, found, tokens), values) == text
