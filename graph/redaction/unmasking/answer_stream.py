"""A model's words on their way to the user: without foreign addresses, and in pieces that are restored one by one.

A piece is restored alone, so it cannot show that an address began in an earlier piece and goes on with its token. Therefore a
token that is a part of an address loses its code here: `evil.example/x?d=[CARD_7K3Q9D]` becomes `evil.example/x?d=[CARD]`.
"""

from graph.redaction.links.link_sanitizer import AllowedAddresses, Defuser
from graph.redaction.links.urls import is_inside_address
from graph.redaction.unmasking.stream_buffer import Holdback
from graph.redaction.unmasking.unmask import kind_of, token_matches

MAX_WORD_HELD = 400
"""Characters of a word with a token that are held until the word has ended."""


class AnswerStream:
    """Takes a model's words in chunks of any size and gives them back as they may be logged and shown."""

    def __init__(self, allowed: AllowedAddresses) -> None:
        self._defuser = Defuser(allowed)
        self._holdback = Holdback()
        self._tokens = AddressTokens()

    def push(self, chunk: str) -> str:
        """Add a chunk; return what can be shown now, which may be nothing."""
        return self._tokens.push(self._holdback.push(self._defuser.push(chunk)))

    def flush(self) -> str:
        """The rest, at the end of the stream."""
        rest = self._holdback.push(self._defuser.flush()) + self._holdback.flush()
        return self._tokens.push(rest) + self._tokens.flush()


class AddressTokens:
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
        if len(text) - begin > MAX_WORD_HELD or not any(token_matches(text[begin:])):
            begin = len(text)
        return self._let_go(text, begin)

    def flush(self) -> str:
        return self._let_go(self._held, len(self._held))

    def _let_go(self, text: str, end: int) -> str:
        whole, start = self._before + text, len(self._before)
        pieces, last = [], start
        for match in token_matches(whole[: start + end]):
            if match.start() >= start and is_inside_address(whole, *match.span()):
                pieces += [whole[last : match.start()], f"[{kind_of(match)}]"]
                last = match.end()
        self._before, self._held = _open_word(whole[: start + end]), text[end:]
        return "".join([*pieces, whole[last : start + end]])


def _open_word(text: str) -> str:
    """The word that the end of a text may leave open."""
    return "" if not text or text[-1].isspace() else text.rsplit(maxsplit=1)[-1]
