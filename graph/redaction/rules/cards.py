"""Payment cards: 12 to 19 digits in the usual groupings, a known issuer's prefix, the Luhn check."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from graph.redaction.rules.checksums import luhn
from graph.redaction.rules.spans import OPAQUE, Span, is_money, said_after, said_before

SHORTEST, LONGEST = 12, 19

_LONG = frozenset(range(16, 20))
_MAESTRO = frozenset(range(12, 20))
NETWORKS: tuple[tuple[int, int, frozenset[int]], ...] = (
    (4, 4, frozenset({13, 16, 19})),  # Visa
    (51, 55, frozenset({16})),  # Mastercard
    (2221, 2720, frozenset({16})),  # Mastercard, 2-series
    (34, 34, frozenset({15})),  # American Express
    (37, 37, frozenset({15})),
    (300, 305, frozenset(range(14, 20))),  # Diners Club
    (3095, 3095, frozenset(range(14, 20))),
    (36, 36, frozenset(range(14, 20))),
    (38, 39, frozenset(range(14, 20))),
    (3528, 3589, _LONG),  # JCB
    (2131, 2131, frozenset({15})),
    (1800, 1800, frozenset({15})),
    (6011, 6011, _LONG),  # Discover
    (644, 659, _LONG),  # Discover, RuPay, Troy
    (62, 62, _LONG),  # UnionPay
    (81, 82, _LONG),  # UnionPay, RuPay
    (60, 60, _LONG),  # RuPay, Hipercard
    (2200, 2205, _LONG),  # Mir
    (50, 50, _MAESTRO),  # Maestro, Verve, Elo, RuPay
    (56, 69, _MAESTRO),  # Maestro, InterPayment, UkrCard
    (8600, 8600, frozenset({16})),  # UzCard
    (9792, 9792, frozenset({16})),  # Troy
    (9860, 9860, frozenset({16})),  # Humo
    (1946, 1946, frozenset({16})),  # GPN
)
"""Prefixes from, to, and lengths (https://en.wikipedia.org/wiki/Payment_card_number)."""

IN_FOURS = frozenset((4,) * (length // 4) + (length % 4,) * (length % 4 > 0) for length in range(SHORTEST, LONGEST + 1))
GROUPINGS = IN_FOURS | {(4, 6, 5), (4, 6, 4), (4, 4, 5), (6, 13), (6, 10), (8, 8)}
"""How the digits are printed; other groupings count only if nothing else stands beside them."""

_GROUP = re.compile(r"\d+")
_SPACED = frozenset({" ", "-", "  ", " - ", "--"})
_UNIFORM = frozenset({".", "/", "_"})
_CARD_WORDS = re.compile(
    r"(?:\b|_)(?:cards?|cc|visa|master ?card|maestro|amex|american express|discover|diners|jcb|unionpay|debit|credit|"
    r"pan|carte|karte|tarjeta|kreditkarte)(?:\b|_)",
    re.IGNORECASE,
)
_SAYS_NUMBER = re.compile(
    r"\b(?:cards?|cc|visa|mastercard|amex)(?: ?(?:number|no|num|nr|#))?\.?(?: is)?\s{0,2}[:#=]?\s{0,2}\Z", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Neighbouring groups of digits that could be one number."""

    start: int
    end: int
    digits: str
    grouping: tuple[int, ...]
    whole: bool
    """Whether no further group stands beside them."""

    @property
    def is_usual(self) -> bool:
        return len(self.grouping) == 1 or self.grouping in GROUPINGS or set(self.grouping) == {1}


def cards(text: str) -> Iterator[Span]:
    """Spans of card numbers, each character in one span at most."""
    for chain in _chains(text):
        found = [candidate for candidate in _candidates(text, chain) if _is_card(text, candidate)]
        found.sort(key=lambda c: (not c.is_usual, -len(c.digits), c.start))
        yield from _apart(found)


def _apart(candidates: list[Candidate]) -> Iterator[Span]:
    taken: list[Span] = []
    for candidate in candidates:
        if all(candidate.end <= start or end <= candidate.start for start, end in taken):
            taken.append((candidate.start, candidate.end))
    yield from taken


def _chains(text: str) -> Iterator[list[Span]]:
    """Groups of digits with nothing but a separator between them."""
    chain: list[Span] = []
    for match in _GROUP.finditer(text):
        if chain and not _joins(text[chain[-1][1] : match.start()]):
            yield chain
            chain = []
        chain.append(match.span())
    yield chain


def _joins(gap: str) -> bool:
    return gap in _SPACED or gap in _UNIFORM


def _candidates(text: str, chain: list[Span]) -> Iterator[Candidate]:
    sizes = [end - start for start, end in chain]
    for first, last in _windows(sizes):
        groups = chain[first:last]
        whole = len(groups) == len(chain)
        if (whole or _is_usual(sizes, first, last)) and _evenly_joined(text, groups):
            yield _candidate(text, groups, whole)


def _windows(sizes: list[int]) -> Iterator[Span]:
    """Runs of groups that have the length of a card, as first and last + 1."""
    for first in range(len(sizes)):
        length = 0
        for last in range(first, len(sizes)):
            length += sizes[last]
            if length > LONGEST:
                break
            if length >= SHORTEST:
                yield first, last + 1


def _is_usual(sizes: list[int], first: int, last: int) -> bool:
    """Whether the groups are as printed, or single digits from the first one on."""
    grouping = tuple(sizes[first:last])
    if len(grouping) == 1 or grouping in GROUPINGS:
        return True
    return set(grouping) == {1} and (first == 0 or sizes[first - 1] != 1)


def _evenly_joined(text: str, groups: list[Span]) -> bool:
    gaps = {text[left[1] : right[0]] for left, right in pairwise(groups)}
    return gaps <= _SPACED or len(gaps) == 1


def _candidate(text: str, groups: list[Span], whole: bool) -> Candidate:
    digits = "".join(text[start:end] for start, end in groups)
    return Candidate(groups[0][0], groups[-1][1], digits, tuple(end - start for start, end in groups), whole)


def _is_card(text: str, candidate: Candidate) -> bool:
    start, end = candidate.start, candidate.end
    if not luhn(candidate.digits):
        return _is_introduced(text, candidate)
    if is_money(text, start, end) or len(set(candidate.digits)) == 1:
        return False
    spoken = said_before(_CARD_WORDS, text, start) or said_after(_CARD_WORDS, text, end, 20)
    if spoken:
        return candidate.is_usual or candidate.whole
    if not has_network(candidate.digits):
        return candidate.whole and candidate.grouping == (4, 4, 4, 4)
    return _needs_no_word(candidate) or not said_before(OPAQUE, text, start)


def _needs_no_word(candidate: Candidate) -> bool:
    return candidate.is_usual and len(candidate.digits) in (15, 16)


def _is_introduced(text: str, candidate: Candidate) -> bool:
    """A mistyped number is one digit away from the real one: it goes if the text calls it a card number."""
    usual = candidate.is_usual and candidate.whole and len(candidate.digits) in (13, 15, 16, 19)
    return usual and said_before(_SAYS_NUMBER, text, candidate.start, 24)


def has_network(digits: str) -> bool:
    """Whether an issuer makes cards of this prefix and length."""
    return any(
        low <= int(digits[: len(str(low))]) <= high and len(digits) in lengths for low, high, lengths in NETWORKS
    )
