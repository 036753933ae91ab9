"""Addresses without a word for a street, after words that announce an address."""

import re
from collections.abc import Iterator

from graph.redaction.rules.addresses.address_tail import CAPITAL, PARTICLES, end_with_tail
from graph.redaction.rules.addresses.address_words import ADDRESS_CUE, MAX_CUE_CHARS
from graph.redaction.rules.spans import Span
from graph.redaction.rules.vocabulary.word_lists import common_words

_NUMBER = r"\d{1,6}(?:[A-Za-z]|[-/]\d{1,5})?"
_NAME = rf"{CAPITAL}(?: {PARTICLES}{CAPITAL}){{0,3}}"
_START = r"(?<![\w.,$€£/-])"
_NUMBERS_AROUND = re.compile(rf"{_START}{_NUMBER} (?:\d{{1,6}} )?{_NAME} \d{{1,5}}\b(?: {_NAME})?")
_CROSSING = re.compile(rf"{_START}{CAPITAL} and {_NAME}(?: \d{{1,5}})?\b")
_NUMBER_BEHIND = re.compile(rf"{_START}{_NAME},? \d{{1,5}}[a-z]?\b(?: {CAPITAL}){{0,2}}")
_NUMBER_BEFORE = re.compile(rf"{_START}{_NUMBER} (?:\d{{1,6}} )?{_NAME}")
_YEAR_AT_END = re.compile(r"\b(?:19|20)\d\d\Z")
_ENDS = re.compile(r" ?[.?!;]?(?:\Z|\n)| in case\b")


_FIELD = re.compile(
    r"(?<![A-Za-z])(?:street|address|addr|direcci[óo]n|endere[çc]o|adresse|anschrift|logradouro)[_ ]?(?:line)?[_ ]?\d?"
    r"(?:[\"'] ?: ?[\"']|"
    r" ?= ?[\"']?|>)(?P<value>(?=[^\"'\n;|&<@]{0,60}\d)(?=[^\"'\n;|&<@]{0,60}[^\W\d_]{3})[^\"'\n;|&<@]{5,100})",
    re.IGNORECASE,
)
"""A field of JSON, XML or a query string with a number and a word in it."""


def announced_addresses(text: str) -> Iterator[Span]:
    yield from (match.span("value") for match in _FIELD.finditer(text))
    for pattern in (_NUMBERS_AROUND, _CROSSING, _NUMBER_BEHIND, _NUMBER_BEFORE):
        for match in pattern.finditer(text):
            if _is_announced(text, match.start()) and _is_whole(text, match, pattern) and not _is_common(match[0]):
                yield match.span()


def _is_announced(text: str, start: int) -> bool:
    return ADDRESS_CUE.search(text, max(0, start - MAX_CUE_CHARS), start) is not None


def _is_whole(text: str, match: re.Match[str], pattern: re.Pattern[str]) -> bool:
    """Whether this is an address by itself, or a place or the end of the line follows."""
    if pattern in (_NUMBERS_AROUND, _CROSSING) and match[0][-1].isdigit():
        return True
    followed = end_with_tail(text, match.start(), match.end()) > match.end()
    alone = pattern is _NUMBER_BEHIND and not _YEAR_AT_END.search(match[0])
    return followed or (alone and _ENDS.match(text, match.end()) is not None)


def _is_common(phrase: str) -> bool:
    """Whether a word of talk about money is in it: "Savings 9052"."""
    return any(word.casefold() in common_words() for word in re.findall(r"[^\W\d_a-z][^\W\d_]{2,}", phrase))
