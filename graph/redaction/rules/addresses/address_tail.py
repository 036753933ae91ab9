"""The parts of an address after its street: apartment, places, state and postal code."""

import re

from graph.redaction.rules.addresses.postal_codes import BRITISH, END, STATES
from graph.redaction.rules.spans import any_of

CAPITAL = r"[^\W\d_a-z][\w.'∆-]{0,24}"
LETTERS = r"[^\W\d_][\w.'∆-]{0,24}"
PARTICLES = r"(?:(?:d(?:e|es|u|el|ella|i|o|a|os|as)|la|le|les|los|las|lo|y|e) |[ld]'){0,3}"
UNIT = (
    r"(?:(?:apt|apartment|suite|ste|unit|flat|room|rm|bldg|building|lot|apto|ap|bloco|bl|sala|casa|piso|puerta|wohnung|whg|appt?)"
    r"\b\.?(?: |#|no\.?|n[º°]){0,3}[A-Z]?-?\d{1,5}[A-Z]?\b|"
    r"#\s?\d{1,5}[A-Z]?\b|(?:apt|apartment|suite|ste|unit|flat)\.? [A-Z]\b|"
    r"(?:floor|fl|stock|og|[ée]tage) \d{1,3}\b|\d{1,3}(?:st|nd|rd|th|\.|[ºª°]|er|e|[èe]me)? ?"
    r"(?:floor|fl|stock|og|[ée]tage|piso)\b|"
    r"\d{1,3}[ºª°oa]\b(?: ?(?:izq|dcha|der|esq|[A-Z])\b\.?)?|"
    r"(?:bajo|[ée]tage|b[âa]t(?:iment)?)\b\.? ?[A-Z]?\b|\d{1,2}-\d{1,2}\b)"
)
_POSTAL = any_of(
    r"\d{5}-\d{3,4} \d{4}-\d{3} \d{5} [A-Z]\d[A-Z]_?\d[A-Z]\d",
    r"[A-Z]{1,2}\d[A-Z\d]?_\d[A-Z]{2} \d{3}_\d{2} \d{4}(?:_(?-i:[A-Z]{2}))?",
    r"\d{3}_\d{3} \d{6}",
)
_PLACE = rf"{LETTERS}(?: [^\W\d_(][\w.'∆-]{{0,24}}| \([^\W\d_]{{2,12}}\)){{0,3}}"
_BREAK = r"(?:[ ,]{1,3}|[ ,]{0,2}\n[ >?,]{0,5}|,? - ){1,2}"
SENTENCE = any_of(
    "can how what please is i my and but so then where when why do does could would thanks update we he she the",
    "thanks thank best regards sincerely cheers yours kind love phone tel email e-mail total amount date balance",
    "account card iban visa name order invoice jan feb mar apr may jun jul aug sep oct nov dec if or it this that",
    "after before since until for",
)
_CITY_LINK = (
    r"(?:(?:am|an der|im|in der|u|nad|pod|na|sur|sous|de la|de|del|do|da|dos|du|upon|on|le|en|la|los|las|of) )?"
)
_CITY = rf"(?-i:(?!(?i:{SENTENCE})\b){CAPITAL}(?: {_CITY_LINK}{CAPITAL}){{0,3}})"
_TAILS = (
    re.compile(
        rf"\.?(?:{_BREAK}{UNIT}){{0,2}}(?:(?:{_BREAK}{_PLACE}){{0,3}}{_BREAK}{_POSTAL}{END}(?: {_CITY})?|"
        rf"{_BREAK}{LETTERS}(?: {LETTERS}){{0,2}},? {STATES}\b|(?:, {_CITY}){{1,2}})|"
        rf"(?:{_BREAK}{UNIT}){{1,2}}(?:{_BREAK}{_CITY}){{0,2}}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\.?(?:(?:,? - |, ?|,?\n {{0,4}}(?={UNIT}))(?:{UNIT}|{_CITY})){{1,5}}(?:{_BREAK}{_POSTAL}{END}(?: {_CITY})?)?",
        re.IGNORECASE,
    ),
)
_SMALL = re.compile(
    rf"(?:{_BREAK}{UNIT}){{0,2}},?(?: (?!{SENTENCE}\b)[^\W\d_]{{3,20}}){{1,3}}(?= ?[.?!]?\Z|[.]?\n)", re.IGNORECASE
)
"""Places in lower case, up to the end of the line."""


def end_with_tail(text: str, start: int, end: int) -> int:
    """The end of the address whose street is at `text[start:end]`."""
    ends = [tail.end() for pattern in _TAILS if (tail := pattern.match(text, end))]
    if text[start:end].islower() and (tail := _SMALL.match(text, end)):
        ends.append(tail.end())
    return max(ends, default=end)


def has_postal_code(text: str, end: int) -> bool:
    """Whether a postal code and a place follow directly."""
    return _CODE_AND_CITY.match(text, end) is not None


_CODE_AND_CITY = re.compile(
    rf"[,\n ]{{1,3}}(?:(?:[A-Z]{{1,2}}-)?\d{{4,6}} [^\W\d_a-z]{{1}}[^\W\d_]{{2}}|{BRITISH}|\d{{5}}-\d{{3}})"
)
