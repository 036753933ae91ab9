"""The types of personal values, and for each the form in which two spellings of one value are equal."""

import unicodedata
from collections.abc import Callable, Mapping

KeyForm = Callable[[str], str]


def digits(value: str) -> str:
    return "".join(character for character in value if character.isdecimal())


def characters(value: str) -> str:
    """Letters and digits in capitals: numbers that are printed in groups."""
    return "".join(character for character in value.upper() if character.isalnum())


def exact(value: str) -> str:
    """Values in which capitals differ from small letters."""
    return value


def words(value: str) -> str:
    """Small letters, one space between words, no punctuation at the ends of words."""
    parts = (part.strip(".,;:>?#") for part in unicodedata.normalize("NFC", value).casefold().split())
    return " ".join(part for part in parts if part)


def phone_digits(value: str) -> str:
    """Digits without the prefix of a country whose numbers are written both ways: +1."""
    found = digits(value.lower().partition("x")[0])
    return found[1:] if len(found) == 11 and found[0] == "1" else found


ENTITY_TYPES: Mapping[str, KeyForm] = {
    "CARD": digits,
    "IBAN": characters,
    "SSN": digits,
    "ITIN": digits,
    "SIN": digits,
    "ROUTING": digits,
    "ACCOUNT": digits,
    "EMAIL": str.casefold,
    "PHONE": phone_digits,
    "IP": str.casefold,
    "MAC": characters,
    "ADDRESS": words,
    "POSTAL": characters,
    "CRYPTO": exact,
    "PASSPORT": characters,
    "LICENSE": characters,
    "TAXID": characters,
    "ID": characters,
    "BIRTHDATE": words,
    "CVV": digits,
    "PIN": digits,
    "PASSWORD": exact,
    "PERSON": words,
    "BANKCODE": characters,
    "HANDLE": str.casefold,
    "SECRET": exact,
    "ENCODED": exact,
    "LOCATION": words,
}
"""Every kind by its name in tokens, with its key form. A kind is never taken away: tokens of it are stored."""
