"""The text of a request is sanitized, in time that grows only with its length."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.web.sanitize import INVISIBLE, MAX_CHARS, MAX_MARKS, sanitize

ACUTE, CEDILLA = "\u0301", "\u0327"


@pytest.mark.parametrize(
    ("sent", "sanitized"),
    [
        ("plain", "plain"),
        ("two\nlines\r\n\tand a tab", "two\nlines\r\n\tand a tab"),
        ("be\x00fore", "before"),
        ("be\ud800fore\udfff", "before"),
        ("\x1b[31mred\x07\x7f", "[31mred"),
        ("a\x85b\x9bc", "abc"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("\u2066isolated\u2069 \u202aembedded\u202c", "isolated embedded"),
        ("שלום\u200f!", "שלום\u200f!"),
        ("क्\u200dष", "क्\u200dष"),
        ("e" + ACUTE, "é"),
        ("👩\u200d👧 🏴\U000e0067\U000e0062\U000e007f", "👩\u200d👧 🏴\U000e0067\U000e0062\U000e007f"),
        ("", ""),
    ],
    ids=ascii,
)
def test_only_characters_that_cannot_be_stored_or_seen_are_removed(sent: str, sanitized: str) -> None:
    assert sanitize(sent) == sanitized


def test_a_character_keeps_as_many_marks_as_any_language_needs() -> None:
    assert sanitize("x" + ACUTE * MAX_MARKS) == "x" + ACUTE * MAX_MARKS
    assert sanitize("x" + ACUTE * 5000 + "y" + CEDILLA * 5000) == "x" + ACUTE * MAX_MARKS + "y" + CEDILLA * MAX_MARKS


@given(st.text(st.characters(exclude_categories=[])))
def test_sanitized_text_is_storable_and_normal_and_stays_as_it_is(text: str) -> None:
    cleaned = sanitize(text)
    cleaned.encode()
    assert "\0" not in cleaned
    assert not INVISIBLE.search(cleaned)
    assert unicodedata.is_normalized("NFC", cleaned)
    assert sanitize(cleaned) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "a" + ACUTE * (MAX_CHARS // 2 - 1) + CEDILLA * (MAX_CHARS // 2),
        "a" + (ACUTE + CEDILLA) * (MAX_CHARS // 2 - 1),
        "\u0f73\u0f72" * (MAX_CHARS // 2),
        "a" + ACUTE * 250_000 + CEDILLA * 250_000,
        "\u202e" * 300_000,
        "\x01" * 1_000_000,
    ],
    ids=[
        "falling marks",
        "alternating marks",
        "marks that are two",
        "half a million marks",
        "bidirectional",
        "control",
    ],
)
def test_the_slowest_text_that_fits_into_a_body_takes_less_than_half_a_second(text: str) -> None:
    """Normalising 50,000 marks in the wrong order takes seconds, half a million takes minutes."""
    started = time.process_time()
    sanitize(text)
    assert time.process_time() - started < 0.5
