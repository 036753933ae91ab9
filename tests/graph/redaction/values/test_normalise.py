"""The plain form of a text, and the way back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.redaction.values.normalise import normalise


def test_plain_text_is_its_own_plain_form() -> None:
    plain = normalise("My card is 4111-1111, thanks!\n")
    assert (plain.text, plain.original(3, 7)) == ("My card is 4111-1111, thanks!\n", (3, 7))


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("\uff14\uff11\uff11\uff11", "4111"),
        ("٤١١١", "4111"),
        ("41\u200b11", "4111"),
        ("41\u202e11\u2060", "4111"),
        ("4\u00ad111", "4111"),
        ("4️1️11", "4111"),
        ("4111\u00a01111\u20071111\u20091111", "4111 1111 1111 1111"),
        ("4111\u2011" + "1111\u2013" + "1111\u22121111", "4111-1111-1111-1111"),
        ("a\uff20b\uff0ecom", "a@b.com"),
        ("O\u2019Neill", "O'Neill"),
        ("Jose\u0301", "José"),
        ("ﬁnance", "finance"),
        ("41\x0011", "4111"),
        ("a\u2028b", "a\nb"),
    ],
)
def test_lookalikes_become_plain(written: str, plain: str) -> None:
    assert normalise(written).text == plain


def test_a_span_leads_back_to_all_that_it_came_from() -> None:
    written = "id \u200b\uff14\u200b1\u00a01! "
    plain = normalise(written)
    start = plain.text.index("4")
    assert written[slice(*plain.original(start, start + 4))] == "\uff14\u200b1\u00a01"


def test_a_character_cannot_blow_a_text_up() -> None:
    assert len(normalise("\ufdfa" * 1000).text) == 1000


@given(st.text())
def test_spans_of_the_plain_form_stand_in_order_inside_the_original(written: str) -> None:
    plain = normalise(written)
    spans = [plain.original(index, index + 1) for index in range(len(plain.text))]
    assert all(0 <= start < end <= len(written) for start, end in spans)
    assert [start for start, _ in spans] == sorted(start for start, _ in spans)


@given(st.text())
def test_the_plain_form_of_a_plain_form_finds_the_same_digits(written: str) -> None:
    once = normalise(written).text
    assert [c for c in normalise(once).text if c in "0123456789"] == [c for c in once if c in "0123456789"]
