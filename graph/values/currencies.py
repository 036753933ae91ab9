"""How people name currencies, and how many decimals their amounts have by ISO 4217: none in yen, three in Kuwaiti dinars."""

from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache

COMMON_CODES = ("USD", "EUR", "GBP", "CAD")
"""Codes that are understood in small letters, too; most others are words of some language: `try`, `pen`, `cop`."""
SPOKEN_NAMES = ("dollars?", "euros?", "pounds?", "bucks")
"""Patterns of what people say after an amount."""

DEFAULT_DECIMAL_PLACES = 2
"""Of a currency that the standard does not list, or lists without a smaller unit."""


@cache
def decimal_places(currency: str | None) -> int:
    """The decimals of an amount in a currency (three letters)."""
    from iso4217 import Currency  # it reads a table, and most processes need none at their start

    try:
        decimals = Currency((currency or "").upper()).exponent
    except ValueError:
        return DEFAULT_DECIMAL_PLACES
    return DEFAULT_DECIMAL_PLACES if decimals is None else decimals


@cache
def smallest_unit(currency: str | None) -> Decimal:
    """The smallest amount of a currency: `0.01`."""
    return Decimal(1).scaleb(-decimal_places(currency))


def round_amount(amount: Decimal, currency: str | None, rounding: str = ROUND_HALF_EVEN) -> Decimal:
    """An amount with the decimals of its currency."""
    return amount.quantize(smallest_unit(currency), rounding)
