"""Payment cards: 12 to 19 digits in the usual groupings, a known issuer's prefix, the Luhn check."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from graph.redaction.rules.checksums import luhn
from graph.redaction.rules.spans import REFERENCE_WORDS, Span, followed_by, is_money, preceded_by

MIN_DIGITS, MAX_DIGITS = 12, 19

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

IN_FOURS = frozenset(
    (4,) * (length // 4) + (length % 4,) * (length % 4 > 0) for length in range(MIN_DIGITS, MAX_DIGITS + 1)
)
GROUPINGS = IN_FOURS | {(4, 6, 5), (4, 6, 4), (4, 4, 5), (6, 13), (6, 10), (8, 8)}
"""Groupings in print; other groupings count only if no other digits are beside them."""

_GROUP = re.compile(r"^[ \t]{0,8}\d{1,2}[.)][ \t]{1,8}(?=\d)|(\d+)", re.MULTILINE)
_SPACED = frozenset({" ", "-", "  ", " - ", "--"})
_UNIFORM = frozenset({".", "/", "_"})
_ODD_GAP = re.compile(r"(?:\W|_|\d{1,2}[.)](?=[ \t])|</?[a-z]{1,6} ?/?>|(?:space|dash|hyphen|slash|then)\b)+")
_ODD_MARKS = re.compile(r"\s+|\d+[.)]")
"""Parts of a gap that are ignored when gaps are compared: blanks, line ends and list numbers."""
_MAX_GAP_CHARS, _MIN_GROUPS = 20, 2
_PROVEN_LENGTHS = (13, 15, 16, 19)
_WITH_LOOK_ALIKES = re.compile(r"(?<!\w)(?=\d{0,18}[lIoO])(?=(?:[lIoO]{0,8}\d){8})[\dlIoO]{13,19}(?!\w)")
_LOOK_ALIKES = str.maketrans("lIoO", "1100")
"""Letters that are typed for digits."""
_CARD_WORDS = re.compile(
    r"(?:\b|_)(?:cards?|cc|visa|master ?card|maestro|amex|american express|discover|diners|jcb|unionpay|debit|credit|"
    r"pan|carte|karte|tarjeta|kreditkarte)(?:\b|_)",
    re.IGNORECASE,
)
_PREFIX = re.compile(r"[A-Za-z][-_]?\Z")
"""A letter before the digits, which makes them part of a technical id."""
_SAYS_NUMBER = re.compile(
    r"\b(?:cards?|cc|visa|mastercard|amex|tarjeta|karte|carte|carta|cartão|kaart)"
    r"(?: ?(?:number|no|num|nr|#))?\.?(?: is)?\s{0,2}[:#=]?\s{0,2}\Z",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class CardCandidate:
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
    for chain in _chains(text, _joins):
        found = [candidate for candidate in _candidates(text, chain) if _is_card(text, candidate)]
        found.sort(key=lambda c: (not c.is_usual, -len(c.digits), c.start))
        yield from _without_overlaps(found)
    for chain in _chains(text, _joins_oddly):
        yield from _without_overlaps(
            [candidate for candidate in _odd_candidates(text, chain) if _is_certain(candidate.digits)]
        )
    yield from (
        match.span() for match in _WITH_LOOK_ALIKES.finditer(text) if _is_certain(match[0].translate(_LOOK_ALIKES))
    )


def _without_overlaps(candidates: list[CardCandidate]) -> Iterator[Span]:
    taken: list[Span] = []
    for candidate in candidates:
        if all(candidate.end <= start or end <= candidate.start for start, end in taken):
            taken.append((candidate.start, candidate.end))
    yield from taken


def _chains(text: str, joins: Callable[[str], bool]) -> Iterator[list[Span]]:
    """Runs of digit groups that only separators divide; list numbers are left out."""
    chain: list[Span] = []
    for match in _GROUP.finditer(text):
        if match[1] is None:
            continue
        if chain and not joins(text[chain[-1][1] : match.start(1)]):
            yield chain
            chain = []
        chain.append(match.span(1))
    yield chain


def _joins(gap: str) -> bool:
    return gap in _SPACED or gap in _UNIFORM


def _joins_oddly(gap: str) -> bool:
    return len(gap) <= _MAX_GAP_CHARS and _ODD_GAP.fullmatch(gap) is not None


def _odd_candidates(text: str, chain: list[Span]) -> Iterator[CardCandidate]:
    """Printed groupings with equal gaps of any kind, unless more such groups continue the run."""
    if len(chain) < _MIN_GROUPS:
        return
    sizes = [end - start for start, end in chain]
    gaps = [_gap(text, left, right) for left, right in pairwise(chain)]
    for first, last in _windows(sizes):
        inner, grouping = gaps[first : last - 1], tuple(sizes[first:last])
        if len(set(inner)) == 1 and (grouping in GROUPINGS or set(grouping) == {1}):
            goes_on = first > 0 and (gaps[first - 1], sizes[first - 1]) == (inner[0], sizes[first])
            goes_on = goes_on or (last < len(sizes) and (gaps[last - 1], sizes[last]) == (inner[0], sizes[first]))
            if not goes_on:
                yield _candidate(text, chain[first:last], len(grouping) == len(chain))


def _gap(text: str, left: Span, right: Span) -> str:
    """The text between two groups; empty between single digits, where dictation varies it."""
    single = left[1] - left[0] == right[1] - right[0] == 1
    return "" if single else _ODD_MARKS.sub("", text[left[1] : right[0]])


def _is_certain(digits: str) -> bool:
    """Whether the number is a card in any context."""
    return len(digits) in _PROVEN_LENGTHS and luhn(digits) and has_network(digits) and len(set(digits)) > 1


def _candidates(text: str, chain: list[Span]) -> Iterator[CardCandidate]:
    sizes = [end - start for start, end in chain]
    for first, last in _windows(sizes):
        groups = chain[first:last]
        whole = len(groups) == len(chain)
        if (whole or _is_usual(sizes, first, last)) and _evenly_joined(text, groups):
            yield _candidate(text, groups, whole)


def _windows(sizes: list[int]) -> Iterator[Span]:
    """Runs of groups that have the length of a card, as indexes of the first group and after the last."""
    for first in range(len(sizes)):
        length = 0
        for last in range(first, len(sizes)):
            length += sizes[last]
            if length > MAX_DIGITS:
                break
            if length >= MIN_DIGITS:
                yield first, last + 1


def _is_usual(sizes: list[int], first: int, last: int) -> bool:
    """Whether the groups have a printed grouping, or are single digits from the start of the run."""
    grouping = tuple(sizes[first:last])
    if len(grouping) == 1:
        return True
    if grouping in GROUPINGS:
        return first % len(grouping) == 0 or len(sizes) < 2 * len(grouping) or sizes[first - 1] != grouping[0]
    return set(grouping) == {1} and (first == 0 or sizes[first - 1] != 1)


def _evenly_joined(text: str, groups: list[Span]) -> bool:
    gaps = {text[left[1] : right[0]] for left, right in pairwise(groups)}
    return gaps <= _SPACED or len(gaps) == 1


def _candidate(text: str, groups: list[Span], whole: bool) -> CardCandidate:
    digits = "".join(text[start:end] for start, end in groups)
    return CardCandidate(groups[0][0], groups[-1][1], digits, tuple(end - start for start, end in groups), whole)


def _is_card(text: str, candidate: CardCandidate) -> bool:
    start, end = candidate.start, candidate.end
    if not luhn(candidate.digits):
        return _is_introduced(text, candidate)
    if len(set(candidate.digits)) == 1:
        return False
    if _needs_no_word(candidate) and has_network(candidate.digits):
        return True
    if is_money(text, start, end):
        return False
    introduced = preceded_by(_CARD_WORDS, text, start) or followed_by(_CARD_WORDS, text, end, 20)
    if introduced:
        return candidate.is_usual or candidate.whole
    if not has_network(candidate.digits):
        return candidate.whole and candidate.grouping == (4, 4, 4, 4)
    return not preceded_by(REFERENCE_WORDS, text, start) and _PREFIX.search(text, max(0, start - 8), start) is None


def _needs_no_word(candidate: CardCandidate) -> bool:
    return candidate.is_usual and len(candidate.digits) in (15, 16)


def _is_introduced(text: str, candidate: CardCandidate) -> bool:
    """Whether the text calls the number a card number, although its checksum is wrong, as of a mistyped one."""
    usual = candidate.is_usual and candidate.whole and len(candidate.digits) in (13, 15, 16, 19)
    return usual and preceded_by(_SAYS_NUMBER, text, candidate.start, 24)


def has_network(digits: str) -> bool:
    """Whether a card network issues numbers of this prefix and length."""
    return any(
        low <= int(digits[: len(str(low))]) <= high and len(digits) in lengths for low, high, lengths in NETWORKS
    )
