"""Addresses and keys of crypto currencies, by their checksums; Ethereum's by its form."""

import re
from collections.abc import Iterator

from graph.redaction.rules.checksums import base58check, bech32, is_base58_key, ripple
from graph.redaction.rules.spans import Span

_HEX = re.compile(r"(?<![A-Za-z0-9])0x[0-9a-fA-F]{40}(?:[0-9a-fA-F]{24})?(?![A-Za-z0-9])")
_KEY = re.compile(
    r"(?<![A-Za-z0-9])(?=[1-9A-Za-z]{0,40}\d)(?=[1-9A-Za-z]{0,40}[A-Z])[1-9A-HJ-NP-Za-km-z]{43,44}(?![A-Za-z0-9])"
)
"""Public keys as they are, without a checksum: Solana."""
_RIPPLE = re.compile(r"(?<![A-Za-z0-9])r(?=[a-zA-Z]{0,20}\d)[1-9A-HJ-NP-Za-km-z]{24,34}(?![A-Za-z0-9])")
_BASE58 = re.compile(r"(?<![A-Za-z0-9])[13579DLMTXKtA-Z][1-9A-HJ-NP-Za-km-z]{25,60}(?![A-Za-z0-9])")
_BECH32 = re.compile(r"(?<![A-Za-z0-9])(?:bc|tb|ltc|addr|cosmos|dgb)1[a-z0-9]{11,90}(?![A-Za-z0-9])", re.IGNORECASE)


def crypto_addresses(text: str) -> Iterator[Span]:
    yield from (match.span() for match in _HEX.finditer(text))
    yield from (match.span() for match in _BASE58.finditer(text) if base58check(match[0]))
    yield from (match.span() for match in _RIPPLE.finditer(text) if ripple(match[0]))
    yield from (match.span() for match in _KEY.finditer(text) if is_base58_key(match[0]))
    yield from (match.span() for match in _BECH32.finditer(text) if bech32(match[0]))
