"""IP and MAC addresses."""

import ipaddress
import re
from collections.abc import Iterator

from graph.redaction.rules.spans import Span

_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?(?!\w|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]{3,40}(?![\w:])")
_MAC = re.compile(r"(?<![\w:-])[0-9A-F]{2}([:-])(?:[0-9A-F]{2}\1){4}[0-9A-F]{2}(?![\w:-])", re.IGNORECASE)
_MIN_IPV6_DIGITS = 5
"""Below this a string of colons and hexadecimal digits is more often a time or a piece of code."""


def ip_addresses(text: str) -> Iterator[Span]:
    for match in _IPV4.finditer(text):
        if _is_ip(match[0].partition("/")[0]):
            yield match.span()
    for match in _IPV6.finditer(text):
        found = match[0].rstrip(".:") if not match[0].endswith("::") else match[0]
        if sum(character not in ":." for character in found) >= _MIN_IPV6_DIGITS and _is_ip(found):
            yield match.start(), match.start() + len(found)


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def mac_addresses(text: str) -> Iterator[Span]:
    return (match.span() for match in _MAC.finditer(text))
