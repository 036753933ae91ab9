"""A number is masked whole or not at all: what a rule saw of it grows to its last digit."""

import re
from collections.abc import Iterator
from dataclasses import replace

from graph.redaction.values.detection import Mark

NUMBERS = frozenset(
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
_REACH = 48


def whole_numbers(text: str, marks: list[Mark]) -> Iterator[Mark]:
    """The marks, those of numbers with the digits that belong to them."""
    for mark in marks:
        yield _whole(text, mark) if mark.kind in NUMBERS else mark


def _whole(text: str, mark: Mark) -> Mark:
    start, end = mark.start, mark.end
    if text[start : start + 1].isdigit() and (before := _BEFORE.search(text, max(0, start - _REACH), start)):
        start = before.start()
    if text[end - 1].isdigit() and (after := _AFTER.match(text, end)):
        end = after.end()
    return mark if (start, end) == (mark.start, mark.end) else replace(mark, start=start, end=end)
