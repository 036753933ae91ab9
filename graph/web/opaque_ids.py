"""Ids that others send with a request, for its log lines and spans: taken only if they look drawn at random.

Anything can be sent as an id, a card number too, and whatever is taken is written down.
"""

import re

from graph.redaction.rules.checksums import luhn

UUID = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}|[0-9a-f]{32}", re.IGNORECASE
)
"""A UUID (RFC 9562), or 16 bytes in hexadecimal as proxies write them."""
SHORT_HEX = re.compile(r"(?!.*\d{6})(?=.*[a-f])(?:[0-9a-f]{2}){4,15}")
"""Fewer bytes, in which no number is as long as a date of birth or an account."""
LONG_NUMBER = re.compile(r"\d{13,}")
MIN_CARD_DIGITS, MAX_CARD_DIGITS = 13, 19


def is_request_id(text: str) -> bool:
    """Whether this is an id that a client or a proxy may have drawn for a request."""
    return bool(UUID.fullmatch(text) or SHORT_HEX.fullmatch(text)) and is_random(text.replace("-", ""))


def is_random(digits: str) -> bool:
    """Whether these hexadecimal digits are no decimal number, hold no card number and spell no text."""
    return not digits.isdecimal() and not bytes.fromhex(digits).isascii() and not contains_card_number(digits)


def contains_card_number(digits: str) -> bool:
    return any(luhn(part) for number in LONG_NUMBER.findall(digits) for part in card_length_runs(number))


def card_length_runs(number: str) -> list[str]:
    """All stretches of a number that are as long as a card's."""
    lengths = range(MIN_CARD_DIGITS, MAX_CARD_DIGITS + 1)
    return [number[start : start + length] for length in lengths for start in range(len(number) - length + 1)]
