"""Personal values behind base64 and hexadecimal digits: each is looked into once, and masked as it is written."""

import base64
import binascii
import re
from collections.abc import Callable, Iterator

from graph.redaction.rules.spans import Span

_BASE64 = re.compile(
    r"(?<![A-Za-z0-9+/_-])(?=[A-Za-z0-9+/_-]{0,40}[A-Z0-9+/_-])[A-Za-z0-9+/_-]{16,8000}={0,2}(?![A-Za-z0-9+/_=-])"
)
_HEX = re.compile(r"(?:(?<![A-Za-z0-9])|(?<=\b0x))(?:[2-7][0-9a-fA-F]){8,4000}(?![A-Za-z0-9])")
_MAX_LOOKS = 50
"""How many encoded words of a text are looked into."""


def encoded_values(text: str, holds_value: Callable[[str], bool]) -> Iterator[Span]:
    """What is a text when it is decoded, and a text with a personal value."""
    looks = 0
    for match in (*_HEX.finditer(text), *_BASE64.finditer(text)):
        plain = _from_hex(match[0]) if match.re is _HEX else _from_base64(match[0])
        if plain is not None and looks < _MAX_LOOKS:
            looks += 1
            if holds_value(plain):
                yield match.span()


def _from_hex(written: str) -> str | None:
    return _readable(bytes.fromhex(written))


def _from_base64(written: str) -> str | None:
    """The text behind base64 in either alphabet, with its padding or without."""
    bare = written.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return _readable(base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True))
    except binascii.Error:
        return None


def _readable(data: bytes) -> str | None:
    """The text of the bytes, if all of them make up one; bytes that were drawn at random do not."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return text if all(character.isprintable() or character.isspace() for character in text) else None
