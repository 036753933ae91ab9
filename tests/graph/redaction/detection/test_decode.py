"""The text behind escapes, and where each of its characters came from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.redaction.detection.decode import plain_text


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("jane%40example.com", "jane@example.com"),
        ("jane&#64;example&#46;com", "jane@example.com"),
        ("jane\\u0040example.com", "jane@example.com"),
        ("4111%201111", "4111 1111"),
        ("4111&nbsp;1111", "4111 1111"),
        ("M%C3%BCller", "Müller"),
        ("name=Jane+Doe&tel=%2B44", "name=Jane Doe&tel=+44"),
        ("one two, three-four", "1234"),
        ("vier-eins-eins-eins und", "4111 und"),
        ("double five, triple one and oh", "double five, triple one and oh"),
        ("nine eight double five triple one", "9855111"),
        ("%FF&nosuch; 100%", "%FF&nosuch; 100%"),
        ("one two three", "one two three"),
        ("jane+bank@example.com", "jane+bank@example.com"),
    ],
)
def test_a_text_is_decoded_once(written: str, plain: str) -> None:
    assert plain_text(written).text == plain


def test_what_is_decoded_twice_stays_encoded() -> None:
    assert plain_text("jane%2540example.com").text == "jane%40example.com"


def test_a_place_in_the_decoded_text_is_the_whole_escape_in_the_written_one() -> None:
    written = "an%C3%AFs at\u200b &#64; x"
    plain = plain_text(written)
    places = {character: plain.original(place, place + 1) for place, character in enumerate(plain.text)}
    assert written[slice(*places["ï"])] == "%C3%AF"
    assert written[slice(*places["@"])] == "&#64;"
    assert written[slice(*places["t"])] == "t"


@given(st.text("a%4&#;01é\u200bone two\\nu+=", max_size=60))
def test_every_place_leads_back_in_order(written: str) -> None:
    plain = plain_text(written)
    spans = [plain.original(place, place + 1) for place in range(len(plain.text))]
    assert all(0 <= start < end <= len(written) for start, end in spans)
    assert spans == sorted(spans)
