"""The plain form in which personal values are detected, and the offsets of the original text.

A card number typed in full-width digits, with no-break spaces or with zero-width characters between its digits is the
same number to its owner, so it has to be the same to a rule. Each character is replaced by its NFKC form (Unicode
Standard Annex 15), invisible ones are dropped, and all spaces, dashes, quotes and decimal digits become one each.
"""

import re
import unicodedata
from dataclasses import dataclass

MAX_EXPANSION = 4
"""A character whose NFKC form is longer stays as it is, so that a text can grow only so much (U+FDFA becomes 18)."""

_PLAIN = re.compile(r"[\t\n\r -~]*")
_LINE_BREAKS = frozenset("\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")
_DASHES = frozenset("\u2212\u02d7\u2043")
_SINGLE_QUOTES = frozenset("\u2018\u2019\u201a\u201b\u02bc\u2032\u00b4")
_DOUBLE_QUOTES = frozenset("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb")
_DOTS = frozenset("\u3002\u2024\u2027\uff61")
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0\u034f\u17b4\u17b5")
"""Characters that show nothing although Unicode calls them letters, marks or symbols."""


@dataclass(frozen=True, slots=True)
class NormalizedText:
    """A text in its plain form; `starts` and `ends` are None where it already was."""

    text: str
    starts: tuple[int, ...] | None = None
    """For each character, the offset in the original at which it begins."""
    ends: tuple[int, ...] | None = None
    """For each character, the offset in the original at which it ends."""

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original text that a span of the plain text, not empty, came from."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]


def normalise(text: str) -> NormalizedText:
    """Bring a text to its plain form; linear in its length."""
    return NormalizedText(text) if _PLAIN.fullmatch(text) else _normalise(text)


def _normalise(text: str) -> NormalizedText:
    characters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for offset, character in enumerate(text):
        if characters and unicodedata.combining(character) and _join(characters, character):
            ends[-1] = offset + 1
            continue
        plain = plain_form(character)
        characters.extend(plain)
        starts.extend([offset] * len(plain))
        ends.extend([offset + 1] * len(plain))
    return NormalizedText("".join(characters), tuple(starts), tuple(ends))


def _join(characters: list[str], mark: str) -> bool:
    """Put a combining mark onto the character before it, if Unicode has a single character for both."""
    joined = unicodedata.normalize("NFC", characters[-1] + mark)
    if len(joined) != 1:
        return False
    characters[-1] = joined
    return True


def plain_form(character: str) -> str:
    """What stands for one character: nothing for an invisible one, else what it looks like."""
    if character in "\t\n\r" or " " <= character <= "~":
        return character
    if (fixed := _fixed_form(character)) is not None:
        return fixed
    folded = unicodedata.normalize("NFKC", character)
    if folded == character or len(folded) > MAX_EXPANSION:
        return _digit_form(character)
    return "".join(" " if part.isspace() else _digit_form(part) for part in folded)


def _fixed_form(character: str) -> str | None:
    if character in _LINE_BREAKS:
        return "\n"
    if character in _SINGLE_QUOTES:
        return "'"
    if character in _DOUBLE_QUOTES:
        return '"'
    if character in _DOTS:
        return "."
    return _category_form(character)


def _category_form(character: str) -> str | None:
    category = unicodedata.category(character)
    if category in ("Cc", "Cf") or character in _BLANKS or _is_selector(character):
        return ""
    if category == "Zs":
        return " "
    return "-" if category == "Pd" or character in _DASHES else None


def _is_selector(character: str) -> bool:
    """Variation selectors choose the look of the character before them."""
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"


def _digit_form(character: str) -> str:
    digit = unicodedata.decimal(character, None)
    return character if digit is None else str(digit)
