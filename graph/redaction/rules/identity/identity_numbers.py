"""Identity numbers of the United States, Canada, the United Kingdom and India. Weak forms need a word that names them."""

import re
from collections.abc import Iterator

from graph.redaction.rules.checksums import luhn, nhs, verhoeff
from graph.redaction.rules.spans import NUMBER_END, NUMBER_START, Span, digits_of, followed_by, is_money, preceded_by

_SSN = re.compile(rf"{NUMBER_START}\d{{3}}([ .-]|\s-\s|\s{{2,4}})\d{{2}}\1\d{{4}}{NUMBER_END}")
_NINE = re.compile(rf"{NUMBER_START}\d{{3}}([ .-]?)\d{{2,3}}\1\d{{3,4}}{NUMBER_END}")
_ONE_BY_ONE = re.compile(rf"{NUMBER_START}\d(?:[ .-]\d){{8}}{NUMBER_END}")
_LAST_FOUR = re.compile(
    r"\blast (?:four|4)(?: digits)?(?: of)?(?: my| the| her| his)? (?:ssn|social(?: security)?)(?: number)?"
    r"\W{0,3}(?:is|are|:)?\W{0,3}(\d{4})(?![\w-])",
    re.IGNORECASE,
)
_SSN_WORDS = re.compile(r"\b(?:ssn|ss#|ss no|soc(?:ial)?(?: security)?|socials?|tax(?:payer)? id)\b", re.IGNORECASE)
_ITIN_WORDS = re.compile(r"\b(?:itin|individual taxpayer|tax(?:payer)? id)", re.IGNORECASE)
_SIN_WORDS = re.compile(r"\b(?:sin|social insurance|nas)\b", re.IGNORECASE)
_SIN_AFTER = re.compile(r"\b(?:SIN|social insurance)\b")
_ITIN_GROUPS = frozenset([*range(50, 66), *range(70, 89), *range(90, 93), *range(94, 100)])
"""The fourth and fifth digits of an ITIN (IRM 3.21.263.4)."""

_EIN = re.compile(rf"{NUMBER_START}\d{{2}}(?:-\d{{7}}|\d{{7}}){NUMBER_END}")
_EIN_WORDS = re.compile(
    r"\b(?:f?ein|employer(?:'?s)? (?:id|identification)|federal (?:tax )?id|tax id|tin)\b", re.IGNORECASE
)
_NINO = re.compile(
    r"(?<![A-Za-z0-9])(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]"
    r"(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_NHS = re.compile(rf"{NUMBER_START}\d{{3}}([ -]?)\d{{3}}\1\d{{4}}{NUMBER_END}")
_NHS_WORDS = re.compile(r"\b(?:nhs|national health)\b", re.IGNORECASE)
_AADHAAR = re.compile(rf"{NUMBER_START}[2-9]\d{{3}}([ -]?)\d{{4}}\1\d{{4}}{NUMBER_END}")
_AADHAAR_WORDS = re.compile(r"\b(?:aadha?ar|uidai)\b", re.IGNORECASE)


def social_security_numbers(text: str) -> Iterator[Span]:
    """US SSN: formatted 3-2-4, issued or not; without separators only beside its name."""
    for match in _SSN.finditer(text):
        digits = digits_of(match[0])
        if not _is_itin(digits) and (match[1] != " " or _may_be_issued(digits) or _says_ssn(text, match.span())):
            yield match.span()
    yield from (match.span(1) for match in _LAST_FOUR.finditer(text))
    for match in (*_NINE.finditer(text), *_ONE_BY_ONE.finditer(text)):
        if len(digits_of(match[0])) == 9 and _says_ssn(text, match.span()):
            yield match.span()


def _says_ssn(text: str, span: Span) -> bool:
    return preceded_by(_SSN_WORDS, text, span[0]) or followed_by(_SSN_WORDS, text, span[1], 20)


def _may_be_issued(digits: str) -> bool:
    """Area, group and serial as the Social Security Administration issues them."""
    return digits[:3] not in ("000", "666") and digits[0] != "9" and digits[3:5] != "00" and digits[5:] != "0000"


def _is_itin(digits: str) -> bool:
    return digits[0] == "9" and int(digits[3:5]) in _ITIN_GROUPS


def taxpayer_numbers(text: str) -> Iterator[Span]:
    """US ITIN: formatted, or named as such."""
    for match in _NINE.finditer(text):
        digits = digits_of(match[0])
        if (
            len(digits) == 9
            and _is_itin(digits)
            and (_SSN.fullmatch(match[0]) or preceded_by(_ITIN_WORDS, text, match.start()))
        ):
            yield match.span()


def employer_numbers(text: str) -> Iterator[Span]:
    """US EIN, named as such."""
    return (match.span() for match in _EIN.finditer(text) if preceded_by(_EIN_WORDS, text, match.start(), 60))


def social_insurance_numbers(text: str) -> Iterator[Span]:
    """Canadian SIN: nine digits with a Luhn check, formatted 3-3-3 or named as such."""
    for match in _NINE.finditer(text):
        digits, (start, end) = digits_of(match[0]), match.span()
        if len(digits) != 9 or not luhn(digits) or is_money(text, start, end):
            continue
        formatted = match[1] in ("-", " ") and match[0][7] == match[1]
        if formatted or preceded_by(_SIN_WORDS, text, start) or followed_by(_SIN_AFTER, text, end, 20):
            yield start, end


def health_numbers(text: str) -> Iterator[Span]:
    """UK NHS number, named as such."""
    for match in _NHS.finditer(text):
        if nhs(digits_of(match[0])) and preceded_by(_NHS_WORDS, text, match.start()):
            yield match.span()


def aadhaar_numbers(text: str) -> Iterator[Span]:
    """Indian Aadhaar: printed 4-4-4, or named as such."""
    for match in _AADHAAR.finditer(text):
        said = preceded_by(_AADHAAR_WORDS, text, match.start())
        if verhoeff(digits_of(match[0])) and (said or match[1]) and not is_money(text, *match.span()):
            yield match.span()


def insurance_numbers(text: str) -> Iterator[Span]:
    """UK national insurance number."""
    return (match.span() for match in _NINO.finditer(text))
