"""Decodes percent signs, entities, escapes and spelled-out digits, and maps spans back to the original text.

A number that came out of a form, a page or a JSON document is the same number to its owner. The text is decoded once;
what is found in the decoded form masks the encoded form whole.
"""

import html
import re
from collections.abc import Iterator

from graph.redaction.values.normalise import NormalizedText, normalise

_DIGIT_NAMES = (
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
"""The words for each digit in several languages."""
_DIGIT_BY_NAME = {word: str(digit) for digit, words in enumerate(_DIGIT_NAMES) for word in words} | {"oh": "0"}

_DIGIT_WORD = "|".join(sorted(_DIGIT_BY_NAME, key=len, reverse=True))
_MIN_WORDS = 4
_TIMES = {"double": 2, "doble": 2, "triple": 3}
_TIMES_WORD = r"(?:(?:double|doble|triple) )?"
_DIGIT_WORDS = re.compile(
    rf"(?<!\w)(?:{_TIMES_WORD}(?:{_DIGIT_WORD})[ ,.-]{{1,3}}){{{_MIN_WORDS - 1},40}}{_TIMES_WORD}(?:{_DIGIT_WORD})(?!\w)",
    re.IGNORECASE,
)
_NO_LETTERS = re.compile(r"\W+")
_ONE_DIGIT = re.compile(rf"({_TIMES_WORD})({_DIGIT_WORD})(?!\w)", re.IGNORECASE)

_ESCAPE = re.compile(
    r"(?:%[0-9A-Fa-f]{2})+"
    r"|&(?:\#[0-9]{1,7}|\#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,8});"
    r"|\\u[0-9A-Fa-f]{4}|\\[nrt]"
)
_FORM_VALUE = re.compile(r"(?<![\w.-])[\w.-]{1,40}=[^\s&;=@+]{1,200}(?:\+[^\s&;=@+]{1,200}){1,20}(?=[&;\s]|\Z)")
_PLUS = re.compile(r"(?<=\w)\+(?=\w)")
_ENDS_OF_LINES = {r"\n": "\n", r"\r": "\r", r"\t": "\t"}

Replacement = tuple[int, int, str]
"""Start and end of what is replaced, and what stands for it."""


def plain_text(text: str) -> NormalizedText:
    """The text decoded once and brought to its plain form; linear in its length."""
    replacements = sorted(_replacements(text))
    return _decoded(text, replacements) if replacements else normalise(text)


def _decoded(text: str, replacements: list[Replacement]) -> NormalizedText:
    """The plain form of the text with the pieces in it replaced."""
    characters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    last = 0
    for start, end, plain in replacements:
        if start < last:
            continue
        characters += [text[last:start], plain]
        starts += [*range(last, start), *[start] * len(plain)]
        ends += [*range(last + 1, start + 1), *[end] * len(plain)]
        last = end
    characters.append(text[last:])
    starts += range(last, len(text))
    ends += range(last + 1, len(text) + 1)
    normal = normalise("".join(characters))
    if normal.starts is None or normal.ends is None:
        return NormalizedText(normal.text, tuple(starts), tuple(ends))
    places = tuple(starts[place] for place in normal.starts)
    return NormalizedText(normal.text, places, tuple(ends[place - 1] for place in normal.ends))


def _replacements(text: str) -> Iterator[Replacement]:
    if "%" in text or "&" in text or "\\" in text:
        for match in _ESCAPE.finditer(text):
            yield from _characters(match[0], match.start())
    if "+" in text and "=" in text:
        for match in _FORM_VALUE.finditer(text):
            yield from ((plus.start(), plus.end(), " ") for plus in _PLUS.finditer(text, *match.span()))
    if _may_dictate(text):
        for match in _DIGIT_WORDS.finditer(text):
            yield from _dictated(text, *match.span())


def _dictated(text: str, start: int, end: int) -> Iterator[Replacement]:
    """The digits of a run of words, without the text between them."""
    last = start
    for word in _ONE_DIGIT.finditer(text, start, end):
        if last < word.start():
            yield last, word.start(), ""
        yield word.start(), word.end(), _DIGIT_BY_NAME[word[2].lower()] * _TIMES.get((word[1] or "").strip().lower(), 1)
        last = word.end()


def _may_dictate(text: str) -> bool:
    """Whether the text has enough words for digits; ten times faster than searching for a run."""
    words = map(_DIGIT_BY_NAME.__contains__, _NO_LETTERS.split(text.lower()))
    return sum(words) >= _MIN_WORDS


def _characters(escape: str, start: int) -> Iterator[Replacement]:
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


def _percent(escape: str, start: int) -> Iterator[Replacement]:
    try:
        plain = bytes.fromhex(escape.replace("%", "")).decode()
    except UnicodeDecodeError:
        return
    for character in plain:
        end = start + 3 * len(character.encode())
        yield start, end, character
        start = end
