"""Technical ids, which are not masked and whose digits no rule reads, unless they contain a value."""

import re
from collections.abc import Iterator

from graph.redaction.rules.banking.bank_accounts import ibans
from graph.redaction.rules.banking.cards import cards
from graph.redaction.rules.contacts.handles import pix_keys
from graph.redaction.rules.secrets.credentials import secrets
from graph.redaction.rules.spans import Span, digits_of
from graph.redaction.values.placeholders import TOKEN

_TECHNICAL = re.compile(
    rf"(?P<token>{TOKEN})"
    r"|\b(?P<uuid>[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})\b"
    r"|\b(?=[0-9]{0,64}[a-f])(?![a-f]{2}[0-9]{18,32}\b)[0-9a-f]{20,64}\b"
    r"|\b(?:txn|tx|tr|pi|ch|cus|sub|ord|order|inv|ref|evt|acct|req|run|msg)_(?=[0-9]{0,40}[A-Za-z])[A-Za-z0-9]{6,40}\b"
)
"""Tokens, UUIDs, hexadecimal digests, and what follows a prefix; a prefix before nothing but digits names no thing of a
program: the digits are read as if it were not there."""

_LENGTHS = (15, 16)
"""Lengths of numbers that are cards in any context."""


def technical_ids(text: str) -> list[Span]:
    """The spans that no rule reads, in order, without those that a word before them names as a key."""
    protected = list(_protected(text))
    keys = [*secrets(text), *pix_keys(text)] if protected else []
    return [(start, end) for start, end in protected if not any(first < end and start < last for first, last in keys)]


def _protected(text: str) -> Iterator[Span]:
    for match in _TECHNICAL.finditer(text):
        last = match.start()
        for start, end in () if match["token"] else _values(match):
            yield last, start
            last = end
        if last < match.end():
            yield last, match.end()


def values_in_ids(text: str) -> Iterator[tuple[str, Span]]:
    """Cards and IBANs inside technical ids, with their entity type."""
    for match in _TECHNICAL.finditer(text):
        if not match["token"]:
            for start, end in _values(match):
                yield ("CARD" if text[start].isdigit() else "IBAN"), (start, end)


def _values(match: re.Match[str]) -> Iterator[Span]:
    if match["uuid"]:
        if digits_of(match[0]) == match[0].replace("-", "") and any(cards(digits_of(match[0])[:16])):
            yield match.span()
        return
    inside, at = match[0], match.start()
    prefix = inside.find("_") + 1
    inside, at = inside[prefix:], at + prefix
    found = [*ibans(inside), *(span for span in cards(inside) if span[1] - span[0] in _LENGTHS)]
    yield from sorted((at + start, at + end) for start, end in found[:1])
