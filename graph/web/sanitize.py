"""Sanitizes the text of requests before anything else reads or stores it."""

import re
import unicodedata

from graph.values.text import storable

MAX_CHARS = 100_000
"""A longer text is not normalised: no field takes that many characters, so the request is refused anyway."""

INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters except tab and line ends, and the characters that change the direction of all following text (UAX #9, 2.1
to 2.4), which make a text look unlike its content. Marks for one position, such as the right-to-left mark, stay."""

MAX_MARKS = 30
"""Combining marks on one character, as in the Stream-Safe Text Format (UAX #15, 13). No language needs more. The time to
normalise a text grows with the square of their number."""

MARK_PLANES = range(0x20000)
"""The two planes in which Unicode has combining marks."""


def is_combining_mark(character: str) -> bool:
    """Whether the character attaches to the one before, so that normalisation may have to reorder it."""
    if not unicodedata.category(character).startswith("M"):
        return False
    return unicodedata.combining(unicodedata.normalize("NFD", character)[0]) > 0


MARKS = "".join(mark for mark in map(chr, MARK_PLANES) if is_combining_mark(mark))
TOO_MANY_MARKS = re.compile(f"([{MARKS}]{{{MAX_MARKS}}})[{MARKS}]+")


def sanitize(text: str) -> str:
    """The text in NFC, without characters that cannot be stored or seen, and with at most `MAX_MARKS` marks on each one."""
    visible = INVISIBLE.sub("", storable(text))
    if visible.isascii() or len(visible) > MAX_CHARS:
        return visible
    return unicodedata.normalize("NFC", TOO_MANY_MARKS.sub(r"\1", visible))
