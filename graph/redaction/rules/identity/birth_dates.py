"""Dates of birth after a word that announces them, in several languages; and geographic coordinates."""

import re
from collections.abc import Iterator

from graph.redaction.rules.spans import Span, any_of

_WORDS = any_of(
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
_YEAR = re.compile(
    r"(?<!\w)(?:birth year|year of birth|born in|geburtsjahr|jahrgang|año de nacimiento|année de naissance)\W{1,4}"
    r"((?:19|20)\d{2})(?![\w-])",
    re.IGNORECASE,
)
_DAY_OF_BIRTH = re.compile(
    r"(?<!\w)(?:(?:my|her|his) (?:birthday|bday)(?:'s| is| on|:){0,2}|cumpleaños|compleanno|"
    r"aniversário|anniversaire|verjaardag)\W{1,3}"
    rf"(?:(?:on|es el|es|el|il|am|le|op|é|è) ){{0,2}}"
    rf"(\d{{1,2}}[/.]\d{{1,2}}|{_DAY} ?(?:de )?{_MONTH}|{_MONTH} {_DAY})(?![\w/.-])",
    re.IGNORECASE,
)
_NAMED_PLACE = re.compile(
    r"\blat(?:itude)?\W{1,3}(-?\d{1,2}\.\d{2,12}\W{1,4}(?:lon|lng|long(?:itude)?)"
    r"\W{1,3}-?\d{1,3}\.\d{2,12})(?!\w)",
    re.IGNORECASE,
)
_DEGREES = re.compile(r"\d{1,2}° ?\d{1,2}' ?[\d.]{1,7}\"? ?[NS],? ?\d{1,3}° ?\d{1,2}' ?[\d.]{1,7}\"? ?[EWO](?!\w)")
_PLACE = re.compile(
    r"(?<![\d.,-])-?(?:[1-8]?\d)\.\d{5,12}°?\s{0,2}[NS]?,\s{0,3}-?(?:1[0-7]\d|[1-9]?\d)\.\d{5,12}°?\s{0,2}[EWO]?(?![\w.])"
)
"""Latitude and longitude to a metre."""


def birth_dates(text: str) -> Iterator[Span]:
    yield from (match.span(1) for pattern in (_YEAR, _DAY_OF_BIRTH) for match in pattern.finditer(text))
    yield from (match.span(1) for match in _BIRTH.finditer(text) if any(character.isdigit() for character in match[1]))


def coordinates(text: str) -> Iterator[Span]:
    yield from (match.span() for pattern in (_PLACE, _DEGREES) for match in pattern.finditer(text))
    yield from (match.span(1) for match in _NAMED_PLACE.finditer(text))
