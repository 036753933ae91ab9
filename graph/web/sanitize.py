"""What a caller's text is rid of at the door, before anything reads or keeps it."""

import re
import unicodedata

from graph.values.text import storable

MAX_CHARS = 100_000
"""No field takes more characters than that: a longer text is refused, and not worth the time that tidying takes."""

INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters but for tab and line ends, and those that turn the direction of all that follows (UAX #9, 2.1 to 2.4):
with them a text looks unlike what it says. Marks for one place, such as the right-to-left mark, stay."""

MAX_MARKS = 30
"""Combining marks on one character, as in the Stream-Safe Text Format (UAX #15, 13). No language needs more, and the time that
normalising takes grows with the square of their number."""

MARK_PLANES = range(0x20000)
"""Where Unicode keeps its marks."""


def is_combining_mark(character: str) -> bool:
    """Whether this attaches itself to the character before, so that normalising may have to sort it."""
    if not unicodedata.category(character).startswith("M"):
        return False
    return unicodedata.combining(unicodedata.normalize("NFD", character)[0]) > 0


MARKS = "".join(each for each in map(chr, MARK_PLANES) if is_combining_mark(each))
TOO_MANY_MARKS = re.compile(f"([{MARKS}]{{{MAX_MARKS}}})[{MARKS}]+")


def sanitize(text: str) -> str:
    """The text in NFC, without what cannot be stored or seen, and with a bounded number of marks on each character."""
    seen = INVISIBLE.sub("", storable(text))
    if seen.isascii() or len(seen) > MAX_CHARS:
        return seen
    return unicodedata.normalize("NFC", TOO_MANY_MARKS.sub(r"\1", seen))
