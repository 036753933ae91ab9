"""Signs, codes and names of currencies, and words that multiply an amount."""

import re
from collections.abc import Iterable
from decimal import Decimal

DOLLARS = "USD CAD AUD NZD SGD HKD TWD MXN ARS CLP COP"
CODES = (
    f"{DOLLARS} EUR GBP JPY CHF SEK NOK DKK ISK PLN CZK HUF RON BGN TRY ILS INR CNY KRW THB IDR MYR PHP VND BRL PEN ZAR EGP"
    " NGN KES AED SAR RUB UAH KWD BHD OMR JOD TND IQD LYD"
)
SYMBOLS = {
    "$": DOLLARS,
    "€": "EUR",
    "£": "GBP EGP",
    "¥": "JPY CNY",
    "₹": "INR",
    "₩": "KRW",
    "₺": "TRY",
    "₽": "RUB",
    "₪": "ILS",
    "฿": "THB",
    "₱": "PHP",
    "₫": "VND",
    "₴": "UAH",
    "₦": "NGN",
    "¢": "",
}
ABBREVIATIONS = {
    "US$": "USD",
    "C$": "CAD",
    "CA$": "CAD",
    "A$": "AUD",
    "AU$": "AUD",
    "NZ$": "NZD",
    "HK$": "HKD",
    "S$": "SGD",
    "MX$": "MXN",
    "R$": "BRL",
    "Rs": "INR",
    "Fr": "CHF",
    "zł": "PLN",
    "Kč": "CZK",
    "Ft": "HUF",
    "kr": "SEK NOK DKK ISK",
}
CODES_AND_ABBREVIATIONS = {code: code for code in CODES.split()} | ABBREVIATIONS
CURRENCY_NAMES = {
    "dollar": DOLLARS,
    "buck": DOLLARS,
    "euro": "EUR",
    "pound": "GBP EGP",
    "quid": "GBP",
    "yen": "JPY",
    "rupee": "INR",
    "franc": "CHF",
    "peso": "",
    "zloty": "PLN",
    "krona": "SEK ISK",
    "kronor": "SEK",
    "kroner": "NOK DKK",
    "cent": "",
    "pence": "GBP",
    "grand": "",
}
"""The words before or after an amount, and the currencies (ISO 4217) that each may mean; empty where it names none."""

CURRENCIES = {
    sign: frozenset(codes.split()) for sign, codes in (SYMBOLS | CODES_AND_ABBREVIATIONS | CURRENCY_NAMES).items()
}
SUBUNITS = {"cent": Decimal("0.01"), "pence": Decimal("0.01"), "¢": Decimal("0.01"), "grand": Decimal(1000)}
"""What an amount with such a sign is multiplied by to be in units of its currency."""
SCALES = {
    "k": 10**3,
    "hundred": 100,
    "thousand": 10**3,
    "m": 10**6,
    "mn": 10**6,
    "million": 10**6,
    "bn": 10**9,
    "billion": 10**9,
}
"""What a number before such a word or letter is multiplied by."""


def any_of(words: Iterable[str]) -> str:
    """A regular expression for one of the words, the longest first."""
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))
