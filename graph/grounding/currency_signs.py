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
LETTERS = {
    **{code: code for code in CODES.split()},
    **{"US$": "USD", "C$": "CAD", "CA$": "CAD", "A$": "AUD", "AU$": "AUD", "NZ$": "NZD", "HK$": "HKD", "S$": "SGD"},
    **{
        "MX$": "MXN",
        "R$": "BRL",
        "Rs": "INR",
        "Fr": "CHF",
        "zł": "PLN",
        "Kč": "CZK",
        "Ft": "HUF",
        "kr": "SEK NOK DKK ISK",
    },
}
NAMES = {
    **{
        "dollar": DOLLARS,
        "buck": DOLLARS,
        "euro": "EUR",
        "pound": "GBP EGP",
        "quid": "GBP",
        "yen": "JPY",
        "rupee": "INR",
    },
    **{"franc": "CHF", "peso": "", "zloty": "PLN", "krona": "SEK ISK", "kronor": "SEK", "kroner": "NOK DKK"},
    **{"cent": "", "pence": "GBP", "grand": ""},
}
"""What stands at an amount, and the currencies (ISO 4217) that it may mean; none where it does not say."""

CURRENCIES = {sign: frozenset(codes.split()) for sign, codes in (SYMBOLS | LETTERS | NAMES).items()}
PARTS = {"cent": Decimal("0.01"), "pence": Decimal("0.01"), "¢": Decimal("0.01"), "grand": Decimal(1000)}
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


def any_of(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))
