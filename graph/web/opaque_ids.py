"""Decides whether an id that a client sent may be written to log lines and spans: only if it looks random.

A client can send anything as an id, a card number too, and an accepted id is logged.
"""

import re

from graph.redaction.rules.checksums import luhn

UUID = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}|[0-9a-f]{32}", re.IGNORECASE
)
"""A UUID (RFC 9562), or 16 bytes in hexadecimal as proxies write them."""
SHORT_HEX = re.compile(r"(?!.*\d{6})(?=.*[a-f])(?:[0-9a-f]{2}){4,15}")
"""4 to 15 bytes in hexadecimal. Runs of six digits are refused: a date of birth or an account number could be one."""
LONG_NUMBER = re.compile(r"\d{13,}")
MIN_CARD_DIGITS, MAX_CARD_DIGITS = 13, 19


def is_request_id(text: str) -> bool:
    """Whether a client or a proxy may have drawn this id for a request."""
    return bool(UUID.fullmatch(text) or SHORT_HEX.fullmatch(text)) and is_random(text.replace("-", ""))


def is_random(digits: str) -> bool:
    """Whether hexadecimal digits are neither a decimal number nor ASCII text, and contain no card number."""
    return not digits.isdecimal() and not bytes.fromhex(digits).isascii() and not contains_card_number(digits)


def contains_card_number(digits: str) -> bool:
    """Whether some run of decimal digits has the length and the checksum of a card number."""
    return any(luhn(part) for number in LONG_NUMBER.findall(digits) for part in card_length_runs(number))


def card_length_runs(number: str) -> list[str]:
    """All substrings of a number that are as long as a card number."""
    lengths = range(MIN_CARD_DIGITS, MAX_CARD_DIGITS + 1)
    return [number[start : start + length] for length in lengths for start in range(len(number) - length + 1)]
