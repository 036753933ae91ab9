"""Detects the values of one user's vault in later texts, in any spelling.

A rule recognises an account number by the word before it, so it misses the bare number in a tool's result or a later message.
A value in the vault needs no such word. The time for a text grows with its length, not with the number of values.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from graph.redaction.masking.spellings import PIECE, Spelling, spellings
from graph.redaction.rules.vocabulary.word_lists import common_words, word_list
from graph.redaction.values.detection import Detection, free_spans
from graph.redaction.values.entity_types import ENTITY_TYPES
from graph.redaction.values.normalise import NormalizedText, normalise
from graph.redaction.values.placeholders import TOKEN
from graph.values.currencies import SPOKEN_NAMES

MAX_GAP_CHARS = 12
"""Maximum characters between two groups of a value."""
MIN_CHARS = 4
"""Minimum letters and digits of a value, except security codes, which have three."""
MIN_GLUED_CHARS = 6
"""Minimum letters and digits of a value that is detected within a word, as in `acct4929123456`."""
MAX_PLAIN_DIGITS = 6
"""Maximum digits of a number that may also be an amount or a year; the text around it decides."""
_PREFIX = 4

_CURRENCIES = "|".join(
    (
        "AED|AUD|BRL|CAD|CHF|CNY|CZK|DKK|EUR|GBP|HKD|HUF|INR|JPY|KWD|MXN|NOK|NZD|PLN|SEK|SGD|TRY|USD|ZAR",
        *SPOKEN_NAMES,
        "cents?",
    )
)
_UNITS = "days?|weeks?|months?|years?|times|rows|points|payments|purchases|transactions"
_MONEY_BEFORE = re.compile(rf"(?:[$€£¥₹]|\b(?:{_CURRENCIES})|\d[.,/:-])[ \t]?-?\Z")
_MONEY_AFTER = re.compile(rf"[.,/:-]\d|[ \t]?(?:[$€£¥₹%]|(?:{_CURRENCIES}|{_UNITS})\b)")
_PROTECTED = re.compile(rf"{TOKEN}|\b[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}\b")
"""Tokens and UUIDs, in which no value is detected."""
_YEAR = re.compile(r"(?:19|20)\d\d")


@dataclass(frozen=True, slots=True)
class KnownValue:
    """A value of the vault."""

    entity_type: str
    key: str
    """The form in which it is compared (`graph.redaction.values.entity_types`)."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A run of letters or digits of a text."""

    start: int
    end: int
    text: str
    glued_before: bool
    """Whether a letter or digit stands right before it."""
    glued_after: bool


class KnownValues:
    """Values of one user.

    `exact` is for the values that were put into a tool's arguments a moment ago: then even a short number is no coincidence.
    """

    def __init__(self, *, exact: bool = False) -> None:
        self.exact = exact
        self._by_spelling: dict[Spelling, KnownValue] = {}
        self._prefixes: set[str] = set()
        self._max_chars = 0
        self._literals: dict[str, KnownValue] = {}

    def __len__(self) -> int:
        return len(self._by_spelling) + len(self._literals)

    def add(self, entity_type: str, value: str) -> None:
        """Detect a value from now on, unless it is too short or too ordinary."""
        known = KnownValue(entity_type, ENTITY_TYPES[entity_type](normalise(value).text))
        if entity_type == "PASSWORD":
            if self.exact or not value.isalpha():
                self._literals[value] = known
            return
        for spelling in spellings(entity_type, value):
            if self._is_distinctive(entity_type, value, spelling):
                self._by_spelling.setdefault(spelling, known)
                joined = spelling.text.replace(" ", "")
                self._prefixes.update(joined[:length] for length in range(1, _PREFIX + 1))
                self._max_chars = max(self._max_chars, len(joined))

    def _is_distinctive(self, entity_type: str, value: str, spelling: Spelling) -> bool:
        if not spelling.text:
            return False
        if self.exact:
            return True
        if entity_type == "PERSON":
            return " " in spelling.text or _is_rare_word(spelling.text)
        return (entity_type == "CVV" or len(spelling.text) >= MIN_CHARS) and not _YEAR.fullmatch(spelling.text)

    def detect(self, text: str) -> list[Detection]:
        """The places of known values in a text, in its order and without overlaps."""
        if not len(self):
            return []
        plain = normalise(text)
        words = _PROTECTED.sub(lambda match: " " * len(match[0]), plain.text)
        spans = [*self._literal_spans(words), *self._spelt_spans(words)]
        return list(_findings(text, plain, spans))

    def _literal_spans(self, text: str) -> Iterator[tuple[int, int, KnownValue]]:
        flags = re.IGNORECASE if self.exact else re.NOFLAG
        for literal, known in self._literals.items():
            pattern = rf"(?<!\w){re.escape(literal)}(?!\w)"
            yield from ((*match.span(), known) for match in re.finditer(pattern, text, flags))

    def _spelt_spans(self, text: str) -> Iterator[tuple[int, int, KnownValue]]:
        parts = _pieces_of(text)
        place = 0
        while place < len(parts):
            end, known = self._longest_from(parts, place, text)
            if known:
                yield parts[place].start, parts[end - 1].end, known
            place = end

    def _longest_from(self, parts: list[_Piece], first: int, text: str) -> tuple[int, KnownValue | None]:
        """The piece after the longest value that begins here, and the value; the next piece and None without one."""
        best, found = first + 1, None
        joined = worded = ""
        for number in range(first, len(parts)):
            part = parts[number]
            if number > first and part.start - parts[number - 1].end > MAX_GAP_CHARS:
                break
            joined += part.text
            worded = f"{worded} {part.text}" if worded else part.text
            if joined[:_PREFIX] not in self._prefixes or len(joined) > self._max_chars:
                break
            known = self._by_spelling.get(Spelling(joined, worded=False)) or self._by_spelling.get(
                Spelling(worded, worded=True)
            )
            if known and self._is_match(joined, parts[first], part, text):
                best, found = number + 1, known
        return best, found

    def _known(self, spelling: Spelling) -> KnownValue | None:
        return self._by_spelling.get(spelling)

    def _is_match(self, joined: str, first: _Piece, last: _Piece, text: str) -> bool:
        """Whether the match is the value, not a part of a longer word or an amount."""
        if (first.glued_before or last.glued_after) and len(joined) < MIN_GLUED_CHARS:
            return False
        if self.exact or not joined.isdecimal() or len(joined) > MAX_PLAIN_DIGITS:
            return True
        before, after = (
            text[max(0, first.start - MAX_GAP_CHARS) : first.start],
            text[last.end : last.end + MAX_GAP_CHARS],
        )
        return not (_MONEY_BEFORE.search(before) or _MONEY_AFTER.match(after))


def exact_values(values: Mapping[str, str]) -> KnownValues:
    """The values of these tokens, to detect them wherever a tool repeats them."""
    known = KnownValues(exact=True)
    for token, value in values.items():
        known.add(token[1:].partition("_")[0], value)
    return known


def merge_detections(text: str, detections: list[Detection], known: list[Detection]) -> list[Detection]:
    """The findings of rules and the known values of a text, in order and without overlaps.

    The longer one counts, of two equal ones the known value. What sticks out of it stays found.
    """
    if not known:
        return detections
    taken = bytearray(len(text))
    kept: list[Detection] = []
    for detection in sorted([*known, *detections], key=lambda detection: detection.start - detection.end):
        for start, end in free_spans(taken, detection.start, detection.end):
            whole = (start, end) == (detection.start, detection.end)
            kept.append(detection if whole else _part(text, detection.entity_type, start, end))
        taken[detection.start : detection.end] = b"\1" * (detection.end - detection.start)
    return sorted(
        (detection for detection in kept if any(map(str.isalnum, detection.value))),
        key=lambda detection: detection.start,
    )


def _part(text: str, entity_type: str, start: int, end: int) -> Detection:
    return Detection(
        entity_type, start, end, text[start:end], ENTITY_TYPES[entity_type](normalise(text[start:end]).text)
    )


def _pieces_of(text: str) -> list[_Piece]:
    spans = [match.span() for match in PIECE.finditer(text)]
    last = len(spans) - 1
    return [
        _Piece(
            start,
            end,
            text[start:end].casefold(),
            glued_before=number > 0 and spans[number - 1][1] == start,
            glued_after=number < last and spans[number + 1][0] == end,
        )
        for number, (start, end) in enumerate(spans)
    ]


def _findings(text: str, plain: NormalizedText, spans: list[tuple[int, int, KnownValue]]) -> Iterator[Detection]:
    last = 0
    for begin, stop, known in sorted(spans, key=lambda span: (span[0], -span[1])):
        start, end = plain.original(begin, stop)
        if start >= last:
            yield Detection(known.entity_type, start, end, text[start:end], known.key)
            last = end


def _is_rare_word(word: str) -> bool:
    """Whether a name of one word has no other meaning."""
    return len(word) >= MIN_CHARS and word not in common_words() and word not in word_list("word_names.txt")
