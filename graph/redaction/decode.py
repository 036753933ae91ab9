"""The text behind percent signs, entities, escapes and digits written as words, and the way back to it as it was written.

A number that came out of a form, a page or a JSON document is the same number to its owner. The text is decoded once;
what is found in the decoded form masks the encoded form whole.
"""

import html
import re
from collections.abc import Iterator

from graph.redaction.normalise import Normal, normalise

_DICTATED = (
    ("zero", "null", "zéro", "cero"),
    ("one", "eins", "un", "uno", "um"),
    ("two", "zwei", "deux", "dos", "due", "dois"),
    ("three", "drei", "trois", "tres", "tre", "três"),
    ("four", "vier", "quatre", "cuatro", "quattro", "quatro"),
    ("five", "fünf", "cinq", "cinco", "cinque"),
    ("six", "sechs", "seis", "sei"),
    ("seven", "sieben", "sept", "siete", "sette", "sete"),
    ("eight", "acht", "huit", "ocho", "otto", "oito"),
    ("nine", "neun", "neuf", "nueve", "nove"),
)
"""Digits in the languages in which people dictate numbers here."""
_WORDS = {word: str(digit) for digit, words in enumerate(_DICTATED) for word in words} | {"oh": "0"}

_DIGIT_WORD = "|".join(sorted(_WORDS, key=len, reverse=True))
_FEWEST_WORDS = 4
_DIGIT_WORDS = re.compile(
    rf"(?<!\w)(?:(?:{_DIGIT_WORD})[ ,.-]{{1,3}}){{{_FEWEST_WORDS - 1},40}}(?:{_DIGIT_WORD})(?!\w)", re.IGNORECASE
)
_NO_LETTERS = re.compile(r"\W+")
_ONE_WORD = re.compile(r"[^\W\d_]+")

_ESCAPE = re.compile(
    r"(?:%[0-9A-Fa-f]{2})+"
    r"|&(?:\#[0-9]{1,7}|\#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,8});"
    r"|\\u[0-9A-Fa-f]{4}|\\[nrt]"
)
_FORM_VALUE = re.compile(r"(?<![\w.-])[\w.-]{1,40}=[^\s&;=@+]{1,200}(?:\+[^\s&;=@+]{1,200}){1,20}(?=[&;\s]|\Z)")
_PLUS = re.compile(r"(?<=\w)\+(?=\w)")
_ENDS_OF_LINES = {r"\n": "\n", r"\r": "\r", r"\t": "\t"}

Piece = tuple[int, int, str]
"""Start and end of what is replaced, and the character that stands for it."""


def plain_text(text: str) -> Normal:
    """The text decoded once and brought to its plain form; linear in its length."""
    pieces = sorted(_pieces(text))
    return _decoded(text, pieces) if pieces else normalise(text)


def _decoded(text: str, pieces: list[Piece]) -> Normal:
    """The plain form of the text with the pieces in it replaced."""
    characters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    last = 0
    for start, end, character in pieces:
        if start < last:
            continue
        characters += [text[last:start], character]
        starts += [*range(last, start), start]
        ends += [*range(last + 1, start + 1), end]
        last = end
    characters.append(text[last:])
    starts += range(last, len(text))
    ends += range(last + 1, len(text) + 1)
    plain = normalise("".join(characters))
    if plain.starts is None or plain.ends is None:
        return Normal(plain.text, tuple(starts), tuple(ends))
    places = tuple(starts[place] for place in plain.starts)
    return Normal(plain.text, places, tuple(ends[place - 1] for place in plain.ends))


def _pieces(text: str) -> Iterator[Piece]:
    if "%" in text or "&" in text or "\\" in text:
        for match in _ESCAPE.finditer(text):
            yield from _characters(match[0], match.start())
    if "+" in text and "=" in text:
        for match in _FORM_VALUE.finditer(text):
            yield from ((plus.start(), plus.end(), " ") for plus in _PLUS.finditer(text, *match.span()))
    if _may_dictate(text):
        for match in _DIGIT_WORDS.finditer(text):
            for word in _ONE_WORD.finditer(text, *match.span()):
                yield word.start(), word.end(), _WORDS[word[0].lower()]


def _may_dictate(text: str) -> bool:
    """Whether there are enough words for digits, wherever they stand: it takes a tenth of the time of looking for a run."""
    words = map(_WORDS.__contains__, _NO_LETTERS.split(text.lower()))
    return sum(words) >= _FEWEST_WORDS


def _characters(escape: str, start: int) -> Iterator[Piece]:
    """The characters that an escape stands for, each with its part of it; nothing if it stands for none."""
    if escape[0] == "%":
        yield from _percent(escape, start)
    elif escape[0] == "&":
        plain = html.unescape(escape)
        if len(plain) == 1:
            yield start, start + len(escape), plain
    elif escape in _ENDS_OF_LINES:
        yield start, start + 2, _ENDS_OF_LINES[escape]
    else:
        yield start, start + len(escape), chr(int(escape[2:], 16))


def _percent(escape: str, start: int) -> Iterator[Piece]:
    try:
        plain = bytes.fromhex(escape.replace("%", "")).decode()
    except UnicodeDecodeError:
        return
    for character in plain:
        end = start + 3 * len(character.encode())
        yield start, end, character
        start = end
