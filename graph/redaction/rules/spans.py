"""The spans that rules yield, and the helpers for the words around a span."""

import re
from collections.abc import Callable, Iterator

from graph.values.currencies import COMMON_CODES, SPOKEN_NAMES

Span = tuple[int, int]
"""Start and end offsets."""

Rule = Callable[[str], Iterator[Span]]

CONTEXT_CHARS = 40
"""How many characters before a number are searched for a word that names it."""


def any_of(*lists: str) -> str:
    """A pattern that matches any of the patterns listed, which blanks separate; `_` stands for a blank in one."""
    alternatives = " ".join(lists).split()
    return f"(?:{'|'.join(alternatives)})".replace("_", " ")


REFERENCE_WORDS = re.compile(
    r"(?<![^\W_])"
    + any_of(
        "transactions? txns? trans orders? ref(?:erence)? invoices? confirmation tracking receipts? tickets? cases?",
        "claims? che(?:ck|que)s? uuid guid hash session batch po sku isbn model serial payment_id order_id timestamps? epoch",
        "(?:tx|tr|pi|ch|cus|sub|ord|inv|evt|req|run|msg)(?=\\_)",
    )
    + r"(?![^\W_])",
    re.IGNORECASE,
)
"""Words before numbers that identify things and not people."""

NUMBER_START = r"(?<![^\W_])(?<!-)(?<!\d\.)"
NUMBER_END = r"(?![\w-]|\.\d)"
"""Lookarounds of a number that is not part of a longer one. A comma is allowed, since it ends a column."""

_SIGNS = "[$€£¥₹₩₽฿]"
_CURRENCIES = " ".join((*COMMON_CODES, "AUD INR JPY CHF"))
MONEY_BEFORE = re.compile(rf"(?:{_SIGNS}|\b{any_of(_CURRENCIES, 'rs')})\s{{0,2}}-?\Z", re.IGNORECASE)
MONEY_AFTER = re.compile(rf"\s{{0,2}}(?:{_SIGNS}|%|{any_of(_CURRENCIES, *SPOKEN_NAMES, 'cents')}(?!\w))", re.IGNORECASE)
_DECIMALS = re.compile(r"[.,]\d{2}(?!\d|[.,/]\d)")
_AMOUNT = re.compile(r"\d{1,9}|\d{1,3}(?:[ ,.]\d{3}){1,3}")
"""The digits before decimals; amounts have at most nine."""


def preceded_by(words: re.Pattern[str], text: str, start: int, reach: int = CONTEXT_CHARS) -> bool:
    """Whether one of the words occurs within `reach` characters before the offset."""
    return words.search(text, max(0, start - reach), start) is not None


def followed_by(words: re.Pattern[str], text: str, end: int, reach: int = CONTEXT_CHARS) -> bool:
    """Whether one of the words occurs within `reach` characters after the offset."""
    return words.search(text, end, min(len(text), end + reach)) is not None


def is_money(text: str, start: int, end: int) -> bool:
    """Whether a currency beside the number, or two decimals, make it an amount."""
    if MONEY_BEFORE.search(text, max(0, start - 6), start) or MONEY_AFTER.match(text, end):
        return True
    return _AMOUNT.fullmatch(text, start, end) is not None and _DECIMALS.match(text, end) is not None


def nearest_before(text: str, start: int, reach: int, *words: re.Pattern[str]) -> int | None:
    """The position in the arguments of the pattern that matches last before the offset, or None."""
    latest, winner = -1, None
    for index, pattern in enumerate(words):
        for match in pattern.finditer(text, max(0, start - reach), start):
            if match.end() > latest:
                latest, winner = match.end(), index
    return winner


def digits_of(text: str) -> str:
    return "".join(character for character in text if character.isdigit())
