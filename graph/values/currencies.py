"""Names of currencies, and their decimal places by ISO 4217: 0 for yen, 2 for euros, 3 for Kuwaiti dinars."""

from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache

COMMON_CODES = ("USD", "EUR", "GBP", "CAD")
"""Codes that are also recognised in lower case. Most others are words then: `try`, `pen`, `cop`."""
SPOKEN_NAMES = ("dollars?", "euros?", "pounds?", "bucks")
"""Patterns of the words for a currency that follow an amount."""

DEFAULT_DECIMAL_PLACES = 2
"""For a currency that ISO 4217 does not list, or lists without a minor unit."""


@cache
def is_currency(code: str) -> bool:
    """Whether ISO 4217 lists the code (upper case) with a minor unit, as it does all money that people pay with."""
    from iso4217 import Currency  # as in `decimal_places`

    try:
        return Currency(code).exponent is not None
    except ValueError:
        return False


@cache
def decimal_places(currency: str | None) -> int:
    """The decimal places of amounts in a currency, given by its three-letter code."""
    from iso4217 import Currency  # the import reads a table that few processes need at start

    try:
        places = Currency((currency or "").upper()).exponent
    except ValueError:
        return DEFAULT_DECIMAL_PLACES
    return DEFAULT_DECIMAL_PLACES if places is None else places


@cache
def smallest_unit(currency: str | None) -> Decimal:
    """The smallest amount of a currency, such as `0.01`."""
    return Decimal(1).scaleb(-decimal_places(currency))


def round_amount(amount: Decimal, currency: str | None, rounding: str = ROUND_HALF_EVEN) -> Decimal:
    """The amount, rounded to the decimal places of its currency."""
    return amount.quantize(smallest_unit(currency), rounding)
