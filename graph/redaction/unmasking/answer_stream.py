"""A model's words on their way to the user: without foreign addresses, and in pieces that are restored one by one.

A piece is restored alone, so it cannot show that an address began in an earlier piece and goes on with its token. Therefore a
token that is a part of an address loses its code here: `evil.example/x?d=[CARD_7K3Q9D]` becomes `evil.example/x?d=[CARD]`.
"""

from graph.redaction.links.link_sanitizer import AllowedUrls, LinkSanitizer
from graph.redaction.links.urls import is_inside_url
from graph.redaction.unmasking.stream_buffer import StreamBuffer
from graph.redaction.unmasking.unmask import entity_type_of, token_matches

MAX_HELD_WORD_CHARS = 400
"""Characters of a word with a token that are held until the word has ended."""


class AnswerStream:
    """Takes a model's words in chunks of any size and gives them back as they may be logged and shown."""

    def __init__(self, allowed: AllowedUrls) -> None:
        self._sanitizer = LinkSanitizer(allowed)
        self._buffer = StreamBuffer()
        self._tokens = UrlTokens()

    def push(self, chunk: str) -> str:
        """Add a chunk; return what can be shown now, which may be nothing."""
        return self._tokens.push(self._buffer.push(self._sanitizer.push(chunk)))

    def flush(self) -> str:
        """The rest, at the end of the stream."""
        rest = self._buffer.push(self._sanitizer.flush()) + self._buffer.flush()
        return self._tokens.push(rest) + self._tokens.flush()


class UrlTokens:
    """Takes pieces in which no token is cut, and takes the codes from the tokens that are parts of addresses."""

    def __init__(self) -> None:
        self._before = ""
        """The end of the word that was let go, as far as it has come."""
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
    """The word that the end of a text may leave open."""
    return "" if not text or text[-1].isspace() else text.rsplit(maxsplit=1)[-1]
