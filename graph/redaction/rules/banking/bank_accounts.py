"""Bank details: IBAN by its checksum, routing and account numbers by the words around them."""

import re
from collections.abc import Iterator

from graph.redaction.rules.checksums import mod97, only, routing
from graph.redaction.rules.spans import (
    NUMBER_END,
    NUMBER_START,
    REFERENCE_WORDS,
    Span,
    digits_of,
    followed_by,
    is_money,
    nearest_before,
    preceded_by,
)

IBAN_LENGTHS = {
    **{"NO": 15, "BE": 16, "DK": 18, "FI": 18, "FO": 18, "GL": 18, "NL": 18, "FK": 18, "SD": 18, "MK": 19, "SI": 19},
    **{"AT": 20, "BA": 20, "EE": 20, "KZ": 20, "LT": 20, "LU": 20, "MN": 20, "XK": 20, "CH": 21, "HR": 21, "LI": 21},
    **{"LV": 21, "BG": 22, "BH": 22, "CR": 22, "DE": 22, "GB": 22, "GE": 22, "IE": 22, "ME": 22, "RS": 22, "VA": 22},
    **{"AE": 23, "GI": 23, "IL": 23, "IQ": 23, "OM": 23, "TL": 23, "SO": 23, "AD": 24, "CZ": 24, "ES": 24, "MD": 24},
    **{"PK": 24, "RO": 24, "SA": 24, "SE": 24, "SK": 24, "TN": 24, "VG": 24, "LY": 25, "PT": 25, "ST": 25, "IS": 26},
    **{"TR": 26, "BI": 27, "DJ": 27, "FR": 27, "GR": 27, "IT": 27, "MC": 27, "MR": 27, "SM": 27, "AL": 28, "AZ": 28},
    **{"BY": 28, "CY": 28, "DO": 28, "GT": 28, "HU": 28, "LB": 28, "NI": 28, "PL": 28, "SV": 28, "BR": 29, "EG": 29},
    **{"PS": 29, "QA": 29, "UA": 29, "JO": 30, "KW": 30, "MU": 30, "YE": 30, "MT": 31, "SC": 31, "LC": 32, "RU": 33},
}
"""Characters of an IBAN by country (SWIFT's IBAN registry); other countries are tried at every length."""

_GAP = r"[\s.,;:|/_*-]{0,3}"
_IBAN_HEAD = re.compile(
    rf"(?<![A-Za-z0-9])[A-Z][ .-]?[A-Z]{_GAP}\d{_GAP}\d(?={_GAP}[A-Z0-9])", re.IGNORECASE | re.ASCII
)
_IBAN_CHARACTERS = re.compile(rf"(?:{_GAP}[A-Z0-9]){{11,34}}", re.IGNORECASE | re.ASCII)
_FOURS = re.compile(rf"[^\W_]{{15,34}}|(?:[^\W_]{{4}}{_GAP}){{3,8}}[^\W_]{{1,4}}|[^\W_](?:[ .-][^\W_]){{14,33}}")
_USUAL_GAPS = re.compile(r"[^\W_]{1,34}(?:[ .-]{1,2}[^\W_]{1,34}){0,34}")
_LOOK_ALIKES = str.maketrans("OIL", "011")
"""Letters that are typed for digits."""
_BANK_LETTERS = 8
"""The end of the bank's letters in IBANs that have them."""
_MIN_IBAN_CHARS, _MAX_IBAN_CHARS = 15, 34

_ROUTING_WORDS = re.compile(r"\b(?:routing|aba|rtn|rtng|transit|ach|wire|bank|direct deposit)\b", re.IGNORECASE)
_SAYS_ROUTING = re.compile(
    r"\b(?:routing|aba|rtn)\b(?: ?(?:transit|/aba|aba))?(?: ?(?:number|no|num|nr|code|#))?\.?[^\d\n]{0,6}\Z",
    re.IGNORECASE,
)
_NINE = re.compile(rf"{NUMBER_START}(?:\d{{9}}|\d{{4}}[ -]\d{{4}}[ -]\d){NUMBER_END}")

_SORT_CODE = re.compile(
    r"\b(?:sort ?code|s/c|bsb)\b[^\d\n]{0,12}(\d{2}[ -]?\d{2}[ -]?\d{2}|\d{3}[ -]?\d{3})(?![\w-])", re.IGNORECASE
)
_NUMBER = re.compile(rf"{NUMBER_START}(?<!/)\d(?:[ -]?\d){{6,16}}(?!/\d){NUMBER_END}")
_ACCOUNT_WORDS = re.compile(
    r"(?:\b|_)(?:accounts?|acct|acc|a/c|checking|savings|iban|konto|kontonummer|kto|compte|cuenta|conto|conta|rekening|clabe|nuban|payid|beneficiary|"
    r"policy|member(?:ship)? (?:number|no|id)|loan (?:number|no|id)|customer (?:number|no|id))(?:\b|_|(?=\W))",
    re.IGNORECASE,
)
_SAID = (
    r"(?<![\w@])(?:accounts?|acct|acc|a/c|c/c|nuban|payid|konto|kto|compte|cuenta|conto|conta(?: corrente| poupança)?|"
    r"rekening)"
)
_NUMBER_SAID = (
    r"(?:[ -]?(?:number|no|num|nr|nummer|número|numero|n[°o])\b\.?\s{0,2}(?:is|:|=|#|es|est|ist|è|é)?"
    r"|\s{0,2}(?:is|:|=|#|es|est|ist|è|é))"
)
_NAMED = re.compile(
    rf"(?:(?:{_SAID}{_NUMBER_SAID}|(?<!\w)(?:kontonummer|rekeningnummer|खाता))\s{{0,2}}(?:nr\.?|:|#)?\s{{0,2}}(?P<short>\d{{5,8}})"
    rf"|{_SAID}\W{{0,3}}(?P<checked>\d{{5,12}}-[\dXP]))(?![\w-]|[.,/]\d|\s?[%$€£])",
    re.IGNORECASE,
)
"""Short account numbers right after a word for an account."""
_BEHIND_ROUTING = re.compile(r"[^\w\n]{1,4}(?:(?:account|acct|a/c)\W{1,3})?(\d{6,17})(?![\w-]|[.,]\d)", re.IGNORECASE)
_PREFIXED = re.compile(r"(?:\b|_)(?:acct|account|acc|konto|cuenta|conta)_(\d{6,17})(?![\w-])", re.IGNORECASE)
_ACCOUNT_AFTER = re.compile(
    r"\s{0,2}(?:\(|,|-)?\s{0,2}(?:is|was|as|=|for)?\s{0,2}(?:my|the|our|his|her|their)?\s{0,2}(?:\w{1,12} ){0,2}"
    r"(?:account|acct|a/c)\b",
    re.IGNORECASE,
)
_NOT_AN_ACCOUNT = re.compile(
    r"\b(?:phone|call|cell|mobile|tel|telephone|fax|balance|amount|total|limit|transfer(?:red)?|paid|spent|charged|fees?|premium|costs?|worth|owed?|earned|interest|dated?|on|year|zip|"
    r"ssn|sin|routing|aba|card|cc)\b",
    re.IGNORECASE,
)
_NUMBER_WORD = re.compile(r"(?:\b(?:number|no|num|nr|acct|account|a/c)\b|#)[^\w]{0,3}(?:is )?\Z", re.IGNORECASE)
_DAY = re.compile(r"(?:19|20)\d{2}[ -]?(?:0[1-9]|1[0-2])[ -]?(?:0[1-9]|[12]\d|3[01])")


def ibans(text: str) -> Iterator[Span]:
    end = 0
    for head in _IBAN_HEAD.finditer(text):
        if head.start() >= end and (found := _iban_at(text, head.start(), head.end())):
            yield head.start(), found
            end = found


def _iban_at(text: str, start: int, head_end: int) -> int | None:
    """The end of the IBAN that begins at `start`, or None."""
    body = _IBAN_CHARACTERS.match(text, head_end)
    if body is None:
        return None
    places = [place for place in range(start, body.end()) if text[place].isalnum()][:_MAX_IBAN_CHARS]
    plain = only(text[start : body.end()].upper())[:_MAX_IBAN_CHARS]
    for length in _possible_lengths(plain):
        end = places[length - 1] + 1
        if not text[end : end + 1].isalnum() and _is_iban(plain[:length]) and _is_grouped(text[start:end]):
            return end
    return None


def _is_iban(plain: str) -> bool:
    """Whether the checksum is valid, as written or with look-alike letters read as digits."""
    if mod97(plain):
        return True
    typed = {plain[:place] + plain[place:].translate(_LOOK_ALIKES) for place in (4, _BANK_LETTERS)}
    return plain[:2] in IBAN_LENGTHS and any(mod97(other) for other in typed)


def _is_grouped(number: str) -> bool:
    """Whether the number is written in one piece, in fours, in single characters, or mostly in digits.

    Words of a sentence and rows of a table are not.
    """
    if _FOURS.fullmatch(number):
        return True
    digits = sum(character.isdigit() for character in number)
    in_groups = number[:2].upper() in IBAN_LENGTHS and _USUAL_GAPS.fullmatch(number) is not None
    return in_groups and digits >= 0.6 * len(only(number.upper()))


def _possible_lengths(plain: str) -> Iterator[int]:
    known = IBAN_LENGTHS.get(plain[:2])
    lengths = range(len(plain), _MIN_IBAN_CHARS - 1, -1) if known is None else range(known, known + 1)
    return (length for length in lengths if length <= len(plain))


def routing_numbers(text: str) -> Iterator[Span]:
    for match in _NINE.finditer(text):
        start, end = match.span()
        if preceded_by(_SAYS_ROUTING, text, start, 32) or (_is_routing(match[0]) and _names_a_bank(text, start, end)):
            yield start, end


def _is_routing(number: str) -> bool:
    digits = digits_of(number)
    head = int(digits[:2])
    return routing(digits) and (head <= 12 or 21 <= head <= 32 or 61 <= head <= 72 or head == 80)


def _names_a_bank(text: str, start: int, end: int) -> bool:
    return preceded_by(_ROUTING_WORDS, text, start) or followed_by(_ROUTING_WORDS, text, end, 24)


def account_numbers(text: str) -> Iterator[Span]:
    yield from (match.span(1) for pattern in (_SORT_CODE, _PREFIXED) for match in pattern.finditer(text))
    yield from (
        span for match in _NAMED.finditer(text) if _is_number(text, *(span := match.span(match.lastgroup or 0)))
    )
    yield from (match.span(1) for _, end in routing_numbers(text) if (match := _BEHIND_ROUTING.match(text, end)))
    for match in _NUMBER.finditer(text):
        start, end = match.span()
        if not is_money(text, start, end) and _is_account(text, start, end):
            yield start, end


def _is_number(text: str, start: int, end: int) -> bool:
    return not is_money(text, start, end) and not _DAY.fullmatch(text, start, end)


def _is_account(text: str, start: int, end: int) -> bool:
    said = nearest_before(text, start, 48, _ACCOUNT_WORDS, REFERENCE_WORDS, _NOT_AN_ACCOUNT)
    if said == 0:
        return not _DAY.fullmatch(text, start, end) or preceded_by(_NUMBER_WORD, text, start, 12)
    return said is None and _ACCOUNT_AFTER.match(text, end) is not None
