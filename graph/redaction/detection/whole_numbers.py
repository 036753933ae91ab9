"""Extends partial matches of numbers to all digits of the number."""

import re
from collections.abc import Iterator
from dataclasses import replace

from graph.redaction.values.detection import Candidate

NUMERIC_TYPES = frozenset(
    (
        "CARD",
        "IBAN",
        "SSN",
        "ITIN",
        "SIN",
        "ROUTING",
        "ACCOUNT",
        "PHONE",
        "PASSPORT",
        "LICENSE",
        "TAXID",
        "BANKCODE",
        "ID",
        "CVV",
        "PIN",
    )
)
"""Kinds whose values are numbers, which go on while digits follow."""

_BEFORE = re.compile(r"(?:\d[./-]?){1,24}\Z")
_AFTER = re.compile(r"(?:[./-]?\d){1,24}")
_MAX_DIGIT_CHARS = 48


def whole_numbers(text: str, candidates: list[Candidate]) -> Iterator[Candidate]:
    """The marks, those of numbers with the digits that belong to them."""
    for candidate in candidates:
        yield _whole(text, candidate) if candidate.entity_type in NUMERIC_TYPES else candidate


def _whole(text: str, candidate: Candidate) -> Candidate:
    start, end = candidate.start, candidate.end
    if text[start : start + 1].isdigit() and (before := _BEFORE.search(text, max(0, start - _MAX_DIGIT_CHARS), start)):
        start = before.start()
    if text[end - 1].isdigit() and (after := _AFTER.match(text, end)):
        end = after.end()
    return candidate if (start, end) == (candidate.start, candidate.end) else replace(candidate, start=start, end=end)
