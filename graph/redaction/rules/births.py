"""Dates of birth, announced as such in the languages of our users, and places on the map."""

import re
from collections.abc import Iterator

from graph.redaction.rules.spans import Span, one_of

_WORDS = one_of(
    "d\\.?o\\.?b\\.? date_of_birth birth_?date birthday b-?day born(?:_on|_in)? geburtsdatum geburtstag",
    "geboren(?:_am|_op)? geb\\. née?\\(?e?\\)?(?:_le)? date_de_naissance fecha_de_nacimiento",
    "nacid[oa]_el nací_el nat[oa]_il data_di_nascita",
    "nascid[oa]_em nasci_em data_de_nascimento geboortedatum जन्मतिथि जन्म",
)
_MONTH = (
    r"(?:jan|ene|gen|feb|f[eé]v|fev|mar|mär|maa|mrt|apr|abr|avr|mai|may|maj|mag|mei|jun|jui|giu|jul|lug|aug|ago|ao[uû]|sep|set|"
    r"oct|okt|out|ott|nov|dec|dez|dic|d[eé]c)[^\W\d_]{0,7}\.?"
)
_DAY = r"\d{1,2}(?:st|nd|rd|th|er|\.|º)?"
_BIRTH = re.compile(
    rf"(?<!\w){_WORDS}[^\d\n]{{0,14}}?(?:the )?"
    rf"((?:19|20)\d{{2}}[01]\d[0-3]\d|\d{{1,4}}[/. -]\d{{1,2}}[/. -]\d{{2,4}}"
    rf"|(?:{_DAY}[ -]?(?:of |de |d')?)?{_MONTH},?[ -]?(?:(?:the )?{_DAY},? ?)?(?:(?:de |del )?\d{{2,4}})?)(?![\w-])",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"(?<![\d.,-])-?(?:[1-8]?\d)\.\d{5,12}°?\s{0,2}[NS]?,\s{0,3}-?(?:1[0-7]\d|[1-9]?\d)\.\d{5,12}°?\s{0,2}[EWO]?(?![\w.])"
)
"""Latitude and longitude to a metre."""


def birth_dates(text: str) -> Iterator[Span]:
    return (match.span(1) for match in _BIRTH.finditer(text) if any(character.isdigit() for character in match[1]))


def places(text: str) -> Iterator[Span]:
    return (match.span() for match in _PLACE.finditer(text))
