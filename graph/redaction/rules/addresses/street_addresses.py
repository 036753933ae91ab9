"""Street addresses, recognised by their words and numbers.

A place alone ("in Denver") is not an address. An address has a house number with a street, a post box, an apartment after a
number and a name, or a postal code. The place and the postal code that follow are part of it.
"""

import re
from collections.abc import Iterator

from graph.redaction.rules.addresses.address_tail import CAPITAL, LETTERS, UNIT, end_with_tail
from graph.redaction.rules.addresses.address_words import (
    ADDRESS_CUE,
    MAX_CUE_CHARS,
    ORDINARY,
    SIDES,
    STREETS,
    WEAK_STREETS,
    YEAR,
    YEAR_BEFORE,
)
from graph.redaction.rules.addresses.announced_addresses import announced_addresses
from graph.redaction.rules.addresses.postal_codes import START, STATES
from graph.redaction.rules.addresses.postal_lines import postal_lines
from graph.redaction.rules.addresses.streets_abroad import is_business, streets_abroad
from graph.redaction.rules.spans import Span, any_of, is_money

_NUMBER = r"\d{1,6}(?:[A-Za-z]|[-/]\d{1,5}[A-Za-z]?| ?1/2)?"
_NAME = rf"(?!{ORDINARY}\b)\w[\w.'-]{{0,24}}"

_NUMBER_THEN_STREET = re.compile(
    rf"{START}(?:{_NUMBER} ){{1,2}}(?:{SIDES}\.? )?(?:{_NAME} ){{1,4}}?{STREETS}\b\.?"
    rf"(?! ?\d{{1,2}}(?:st|nd|rd|th))(?: {SIDES}\b\.?)?",
    re.IGNORECASE,
)
_NUMBER_THEN_WEAK_STREET = re.compile(
    rf"{START}(?:{_NUMBER} ){{1,2}}(?:[NSEW]{{1,2}}\.? )?"
    rf"(?:(?:{CAPITAL}|\d{{1,3}}(?:st|nd|rd|th)) ){{1,4}}?{WEAK_STREETS}\b\.?"
)
_BROADWAY = re.compile(rf"{START}\d{{1,6}} (?:[NSEW]\.? |West |East |North |South )?Broadway\b")
_CORNER = re.compile(
    rf"\b(?:the )?corner of (?:[^\W_][\w.'/-]{{0,24}} ){{1,7}}?and (?:\d{{1,6}} )?(?:(?:ten|van|von|de|den|der) ){{0,2}}"
    rf"{CAPITAL}(?: {CAPITAL}| \d{{1,6}}){{0,3}}"
)
_NOT_BESIDE = any_of("for at on in of and with from to is was days? nights? people rent")
_BESIDE_UNIT = re.compile(
    rf"{START}\d{{1,6}}(?: (?!{_NOT_BESIDE}\b)[^\W_][\w.'/-]{{0,24}}){{1,7}}?"
    rf"(?:,? |,?\n[ >?]{{0,4}}){UNIT}",
    re.IGNORECASE,
)
_NAME_BESIDE_UNIT = re.compile(
    rf"(?<![\w.])(?:{CAPITAL} ){{1,3}}\d{{1,5}}[a-z]?(?: {CAPITAL}){{0,3}}(?:,? |,?\n ?)(?:Suite|Apt\.?|Apartment) \d{{1,5}}\b"
)
_UNIT_FIRST = re.compile(
    rf"(?<!\w)(?:Suite|Apt\.?) \d{{1,5}} (?:\d{{1,6}} )?{CAPITAL}(?: {CAPITAL}){{0,3}} \d{{1,5}}\b"
)
_BOX = re.compile(
    r"(?<!\w)(?:\d{1,6} )?(?:p\.? ?o\.? ?box|post office box|postfach|apartado(?: postal| de correos)?|casilla|"
    r"bo[iî]te postale|caixa postal|postboks|postbus) #?\d{1,6}(?!\w)",
    re.IGNORECASE,
)
_RURAL = re.compile(
    r"(?<!\w)(?:rural route|r\.?r\.?|highway contract|hc) #?\d{1,3},? box \d{1,5}[A-Z]?(?!\w)", re.IGNORECASE
)
_MILITARY = re.compile(
    r"(?<!\w)(?:PSC \d{1,5},? Box \d{1,5}|Unit \d{1,5},? Box \d{1,5}|US(?:NS|S|CGC|NV) [^\W\d_][\w'. -]{1,40}?)"
    r"(?:,? |\n)(?:[AFD]PO) A[AEP] \d{5}(?:-\d{4})?",
    re.IGNORECASE,
)
_NUMBER_THEN_ANY_STREET = re.compile(
    rf"{START}{_NUMBER} (?:(?!{ORDINARY}\b){LETTERS} ){{1,3}}?{WEAK_STREETS}\b", re.IGNORECASE
)
_STATE_AND_CODE = re.compile(rf"[,\n ]{{1,3}}[^\W\d_][\w .'-]{{1,24}},? {STATES},? \d{{5}}(?!\d)", re.IGNORECASE)
_UNIT_BEFORE = re.compile(
    r"(?<!\w)(?:flat|apt|apartment|unit|suite|ste|lot|plot|shop|h\.? ?no|house|door|level)\.?(?: no\.?)? "
    r"(?:(?=[A-Z]?-?\d)[\w/-]{1,8}|[A-Z]),? \Z|(?<!\w)(?:lot|plot) \Z",
    re.IGNORECASE,
)
STREET_PATTERNS = (_NUMBER_THEN_STREET, _NUMBER_THEN_WEAK_STREET)
"""Patterns of streets with numbers, which names of shops and years may also match."""
OTHER_PATTERNS = (_BROADWAY, _CORNER, _BESIDE_UNIT, _NAME_BESIDE_UNIT, _UNIT_FIRST, _BOX, _RURAL, _MILITARY)
"""Patterns that only addresses match."""


def addresses(text: str) -> Iterator[Span]:
    for start, end in _streets_and_boxes(text):
        if not is_money(text, start, end):
            yield _with_unit(text, start), end_with_tail(text, start, end)
    yield from postal_lines(text)


def _streets_and_boxes(text: str) -> Iterator[Span]:
    for pattern in STREET_PATTERNS:
        for match in pattern.finditer(text):
            if not is_business(text, match.end()) and not _begins_with_year(text, *match.span()):
                yield match.span()
    for pattern in OTHER_PATTERNS:
        yield from (match.span() for match in pattern.finditer(text))
    for match in _NUMBER_THEN_ANY_STREET.finditer(text):
        announced = ADDRESS_CUE.search(text, max(0, match.start() - MAX_CUE_CHARS), match.start())
        if announced or _STATE_AND_CODE.match(text, match.end()):
            yield match.span()
    yield from streets_abroad(text)
    yield from announced_addresses(text)


def _begins_with_year(text: str, start: int, end: int) -> bool:
    """Whether the number is a year ("in 2024 Green Valley")."""
    if end_with_tail(text, start, end) > end:
        return False
    return bool(YEAR.match(text, start) and YEAR_BEFORE.search(text, max(0, start - 12), start))


def _with_unit(text: str, start: int) -> int:
    unit = _UNIT_BEFORE.search(text, max(0, start - 24), start)
    return unit.start() if unit else start
