"""Streams a model's answer without foreign URLs, in pieces that can be unmasked one by one.

Each piece is unmasked alone, so a URL that began in an earlier piece cannot be seen then. Therefore a token that is part of a
URL loses its code here: `evil.example/x?d=[CARD_7K3Q9D]` becomes `evil.example/x?d=[CARD]`.
"""

from graph.redaction.links.link_sanitizer import AllowedUrls, LinkSanitizer
from graph.redaction.links.urls import is_inside_url
from graph.redaction.unmasking.stream_buffer import StreamBuffer
from graph.redaction.unmasking.unmask import entity_type_of, token_matches

MAX_HELD_WORD_CHARS = 400
"""Characters of a word with a token that are held until the word has ended."""


class AnswerStream:
    """Turns chunks of any size into text that may be logged and shown."""

    def __init__(self, allowed: AllowedUrls) -> None:
        self._sanitizer = LinkSanitizer(allowed)
        self._buffer = StreamBuffer()
        self._tokens = UrlTokens()

    def push(self, chunk: str) -> str:
        """Add a chunk and return the text that can be shown, which may be empty."""
        return self._tokens.push(self._buffer.push(self._sanitizer.push(chunk)))

    def flush(self) -> str:
        """The rest, at the end of the stream."""
        rest = self._buffer.push(self._sanitizer.flush()) + self._buffer.flush()
        return self._tokens.push(rest) + self._tokens.flush()


class UrlTokens:
    """Removes the codes of tokens that are parts of URLs, from pieces that cut no token."""

    def __init__(self) -> None:
        self._before = ""
        """The released beginning of the current word."""
        self._held = ""

    def push(self, piece: str) -> str:
        if not self._held and "_" not in piece:  # no token: most pieces
            self._before = _open_word(self._before + piece)
            return piece
        text = self._held + piece
        begin = len(text) - len(_open_word(text))
        if len(text) - begin > MAX_HELD_WORD_CHARS or not any(token_matches(text[begin:])):
            begin = len(text)
        return self._let_go(text, begin)

    def flush(self) -> str:
        return self._let_go(self._held, len(self._held))

    def _let_go(self, text: str, end: int) -> str:
        whole, start = self._before + text, len(self._before)
        pieces, last = [], start
        for match in token_matches(whole[: start + end]):
            if match.start() >= start and is_inside_url(whole, *match.span()):
                pieces += [whole[last : match.start()], f"[{entity_type_of(match)}]"]
                last = match.end()
        self._before, self._held = _open_word(whole[: start + end]), text[end:]
        return "".join([*pieces, whole[last : start + end]])


def _open_word(text: str) -> str:
    """The unfinished word at the end of a text."""
    return "" if not text or text[-1].isspace() else text.rsplit(maxsplit=1)[-1]
