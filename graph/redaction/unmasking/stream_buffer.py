"""Releases a stream of text in pieces that can be unmasked and shown one by one.

A token, a citation marker (`[1]`), a Markdown link or image, or a URL that is still being written is held until it is
complete. A token is never cut. The others are released once they are longer than `MAX_HELD_CHARS`, so that an endless
link does not stop the stream.
"""

import re

from graph.redaction.unmasking.unmask import LOOSE_CODE, LOOSE_ENTITY_TYPE, TOKEN_PATTERNS
from graph.redaction.values.entity_types import ENTITY_TYPES
from graph.redaction.values.placeholders import ALPHABET, CODE_LENGTH

MAX_HELD_CHARS = 96
"""Maximum characters that are held; a token is shorter than a quarter of it."""


def _beginnings(*words: str) -> str:
    """A pattern of all proper prefixes of some words, longest first."""
    prefixes = {word[:length] for word in words for length in range(1, len(word))}
    return "|".join(map(re.escape, sorted(prefixes, key=lambda prefix: (-len(prefix), prefix))))


_ENTITY_TYPES = "|".join(sorted(ENTITY_TYPES, key=lambda entity_type: (-len(entity_type), entity_type)))
_OPEN_TOKEN = (
    rf"\\?\[(?:[A-Za-z]{{0,12}}|{LOOSE_ENTITY_TYPE}\\|{LOOSE_ENTITY_TYPE}\\?_{LOOSE_CODE}{{0,{CODE_LENGTH}}}|"
    rf"{LOOSE_ENTITY_TYPE}\\?_{LOOSE_CODE}{{{CODE_LENGTH}}}\\)\Z",
    rf"\\\Z|(?:{_beginnings(*ENTITY_TYPES)})\Z|(?:{_ENTITY_TYPES})(?:\\|\\?_[{ALPHABET}]{{0,{CODE_LENGTH - 1}}})?\Z",
)
_TEXT = r"(?:[^\[\]\n]|\[[^\[\]\n]*\])*"
_TARGET = r"(?:[^()\n]|\([^()\n]*\))*"
_SCHEMES = ("https://", "http://", "mailto:", "www.")
_OPEN_LINK = (
    rf"\\?!?\[{_TEXT}(?:\[[^\[\]\n]*)?\Z",
    rf"\\?!?\[{_TEXT}\](?:\({_TARGET}(?:\([^()\n]*)?)?\Z",
    r"!\Z|<\Z",
    rf"<?(?:{'|'.join(map(re.escape, _SCHEMES))})[^\s<>\"]*\Z",
    rf"(?<![A-Za-z0-9])<?(?:{_beginnings(*_SCHEMES)})\Z",
)
_LINK = (
    rf"\\?!?\[{_TEXT}\](?:\({_TARGET}\))?",
    rf"<?(?:{'|'.join(map(re.escape, _SCHEMES))})[^\s<>\"]+>?",
)


def _either(still_open: tuple[str, ...], complete: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(f"(?P<open>{'|'.join(still_open)})|{'|'.join(complete)}")


_PARTS = _either((*_OPEN_TOKEN, *_OPEN_LINK), (*_LINK, *TOKEN_PATTERNS))
_TOKENS = _either(_OPEN_TOKEN, TOKEN_PATTERNS)


class StreamBuffer:
    """Joins chunks of any size into pieces that cut no token; together the pieces are the stream."""

    def __init__(self, max_chars: int = MAX_HELD_CHARS) -> None:
        self.max_chars = max_chars
        self._held = ""

    def push(self, chunk: str) -> str:
        """Add a chunk and return the text that can be released, which may be empty."""
        text = self._held + chunk
        point = _open_from(_PARTS, text)
        if len(text) - point > self.max_chars:
            point = _open_from(_TOKENS, text)
        self._held = text[point:]
        return text[:point]

    def flush(self) -> str:
        """The rest, at the end of the stream."""
        rest, self._held = self._held, ""
        return rest


def _open_from(parts: re.Pattern[str], text: str) -> int:
    """The start of the unfinished part at the end of the text; the length of the text without one."""
    position = 0
    while match := parts.search(text, position):
        if match["open"] is not None:
            return match.start()
        position = match.end()
    return len(text)
