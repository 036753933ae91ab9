"""Personal values in base64 and hexadecimal text. Each text is decoded once, and masked in its encoded form."""

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
"""Maximum encoded words that are decoded in a text."""


def encoded_values(text: str, holds_value: Callable[[str], bool]) -> Iterator[Span]:
    """The spans whose decoded text has a personal value."""
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
    """The text encoded in base64, in either alphabet, with or without padding."""
    bare = written.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return _readable(base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True))
    except binascii.Error:
        return None


def _readable(data: bytes) -> str | None:
    """The bytes as UTF-8 text, or None if they are not printable, as random bytes are not."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return text if all(character.isprintable() or character.isspace() for character in text) else None
