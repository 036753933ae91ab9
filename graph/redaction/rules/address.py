"""Street addresses and postal codes, by the words and numbers of which they are made.

A place alone ("in Denver") is no address. An address is a house number beside a street, a post box, or a number and a
name followed by an apartment; the place and the postal code that follow belong to it.
"""

import re
from collections.abc import Iterator

from graph.redaction.rules.spans import Span, is_money, one_of, said_before

_STREETS = one_of(
    "street avenue ave road rd boulevard blvd lane ln highway hwy parkway pkwy terrace crescent cres circle cir",
    "turnpike expressway freeway causeway esplanade alley bypass trafficway square sq st",
)
"""Words after which a number with a name is an address, however it is written."""

_WEAK_STREETS = one_of(
    "Drive Dr Way Court Ct Place Pl Trail Trl Loop Run Path Plaza Plz Point Pt Ridge Row Walk Close Grove Gardens",
    "Green Heights Hill Hollow Island Junction Mews Park Pass Pike Rise Spur Station Vale Valley View Villas? Vista",
    "Wharf Wynd Crossing Commons? Cove Creek Estates? Falls Field Flats? Ford Forge Fork Glen Harbor Haven Isle",
    "Knolls? Lakes? Landing Manor Meadows? Mills? Mission Mount Orchard Oval Parade Prairie Ranch Rapids Shores?",
    "Springs? Summit Union Viaduct",
)
"""Words that only in capitals end the name of a street."""

_BEFORE_NUMBER_FIRST = one_of(
    "[Rr]ue [Aa]venue [Bb]oulevard [Cc]hemin [Aa]ll[ée]e [Ii]mpasse [Qq]uai [Cc]alle [Aa]venida Via [Vv]iale [Cc]orso",
    r"[Pp]iazza [Rr]ua [Cc]arrer [Rr]uelle",
)
_STREET_BEFORE = one_of(
    r"[Rr]ue RUE [Cc]alle CALLE [Aa]venida [Aa]vda\.? [Pp]aseo [Pp]iazza [Vv]iale [Rr][uú]a [Uu]l\. [Uu]lica [Uu]lice",
    "[Cc]arrer [Cc]hemin [Ii]mpasse [Rr]uelle [Tt]ravessa [Ss]tra(?:ss|ß)e [Jj]alan Boulevard All[ée]e Quai C/ Via",
    r"Corso Largo Plaza Camino Estrada Aleja N[aá]m\. Strada Rruga An_der Auf_der Vicolo Praceta Place_d[eu] R\.",
)
"""Words that begin the name of a street; some of them only in capitals, being ordinary words elsewhere."""

_GLUED_END = one_of(
    r"stra(?:ß|ss)e str\.? gasse weg platz allee ufer damm ring hof straat laan plein gracht kade dijk dreef steeg",
    "v[äa]gen gatan gata veien vegen vej vejen gade gaten all[ée]n katu kuja tie polku kaari ranta vík v[eé]gur",
    "stíg(?:ur)? braut gr[äa]nd stigen stien gränden singel pad hofje utca tee maantee puiestee sokak caddesi",
)
"""What ends a name of one word that is a street: Hauptstraße, Storgatan."""

_MORE = one_of(r"utca u\. út útja tér krt\. körút mt\. pst\. tee mnt sk\. cad\. sok\. g\. iela")
_UNNAMED = one_of("at on in the for to of and from with is was a an per my your by or dollars? bucks usd times?")
_SIDES = one_of("north south east west ne nw se sw n s e w")

_PARTICLES = r"(?:(?:d(?:e|es|u|el|ella|i|o|a|os|as)|la|le|les|los|las) |[ld]'){0,3}"
_NUMBER = r"\d{1,6}(?:[A-Za-z]|[-/]\d{1,5}[A-Za-z]?| ?1/2)?"
_START = r"(?<![\w.,$€£/-])"
_END = r"(?!\w|[.,]\d)"
_CAPITAL = r"[^\W\d_a-z][\w.'-]{0,24}"
_LETTERS = r"[^\W\d_][\w.'-]{0,24}"

_UNIT = (
    r"(?:(?:apt|apartment|suite|ste|unit|flat|room|rm|bldg|building|lot)\b\.?(?: |#|no\.?){0,3}[A-Z]?-?\d{1,5}[A-Z]?\b|"
    r"#\s?\d{1,5}[A-Z]?\b|(?:apt|apartment|suite|ste|unit|flat)\.? [A-Z]\b|"
    r"(?:floor|fl) \d{1,3}\b|\d{1,3}(?:st|nd|rd|th) (?:floor|fl)\b)"
)

_NUMBER_THEN_STREET = re.compile(
    rf"{_START}(?:{_NUMBER} ){{1,2}}(?:{_SIDES}\.? )?(?:(?!{_UNNAMED}\b)\w[\w.'-]{{0,24}} ){{1,4}}?{_STREETS}\b\.?"
    rf"(?! ?\d{{1,2}}(?:st|nd|rd|th))(?: {_SIDES}\b\.?)?",
    re.IGNORECASE,
)
_NUMBER_THEN_WEAK_STREET = re.compile(
    rf"{_START}(?:{_NUMBER} ){{1,2}}(?:[NSEW]{{1,2}}\.? )?"
    rf"(?:(?:{_CAPITAL}|\d{{1,3}}(?:st|nd|rd|th)) ){{1,4}}?{_WEAK_STREETS}\b\.?"
)
_NUMBER_THEN_PREFIX = re.compile(
    rf"{_START}\d{{1,5}}(?: ?(?:bis|ter|[a-dA-D]))?,? {_BEFORE_NUMBER_FIRST} {_PARTICLES}"
    rf"[^\W_][\w.'-]{{0,24}}(?: {_CAPITAL}){{0,3}}"
)
_PREFIX_THEN_NUMBER = re.compile(
    rf"(?<![\w.])(?:{_NUMBER},? )?{_STREET_BEFORE} {_PARTICLES}{_LETTERS}(?: {_LETTERS}){{0,5}}?,? ?(?:n[ºo°]\.? ?)?"
    rf"(?<=[ ,])\d{{1,5}}[a-z]?{_END}"
)
_GLUED = re.compile(
    rf"(?<![\w.])(?:{_NUMBER} )?(?:{_CAPITAL} ){{0,2}}(?:[^\W\d_][\w'-]{{1,24}}?{_GLUED_END}|{_CAPITAL} {_MORE}),? "
    rf"\d{{1,5}} ?[a-zA-Z]?{_END}"
)
_BROADWAY = re.compile(rf"{_START}\d{{1,6}} (?:[NSEW]\.? |West |East |North |South )?Broadway\b")
_CORNER = re.compile(
    rf"\bcorner of (?:[^\W_][\w.'/-]{{0,24}} ){{1,7}}?and (?:\d{{1,6}} )?{_CAPITAL}(?: {_CAPITAL}| \d{{1,6}}){{0,3}}"
)
_BESIDE_UNIT = re.compile(
    rf"{_START}\d{{1,6}}(?: [^\W_][\w.'/-]{{0,24}}){{1,7}}?(?:,? |,?\n[ >?]{{0,4}}){_UNIT}", re.IGNORECASE
)
_BOX = re.compile(
    r"(?<!\w)(?:\d{1,6} )?(?:p\.? ?o\.? ?box|post office box|postfach|apartado(?: postal)?|casilla|bo[iî]te postale|"
    r"postboks|postbus) #?\d{1,6}(?!\w)",
    re.IGNORECASE,
)
_MILITARY = re.compile(
    r"(?<!\w)(?:PSC \d{1,5},? Box \d{1,5}|Unit \d{1,5},? Box \d{1,5}|US(?:NS|S|CGC|NV) [^\W\d_][\w'. -]{1,40}?)"
    r"(?:,? |\n)(?:[AFD]PO) A[AEP] \d{5}(?:-\d{4})?",
    re.IGNORECASE,
)
_NUMBER_THEN_ANY_STREET = re.compile(
    rf"{_START}{_NUMBER} (?:(?!{_UNNAMED}\b)[^\W\d_][\w.'-]{{0,24}} ){{1,3}}?{_WEAK_STREETS}\b", re.IGNORECASE
)
_SAYS_ADDRESS = re.compile(
    r"\b"
    + one_of("live[sd]? living addresse?s? moved? moving ship mail send house apartment home office property mortgage")
    + r"\b",
    re.IGNORECASE,
)
_UNIT_BEFORE = re.compile(r"(?<!\w)(?:flat|apt|apartment|unit|suite|ste)\.? \w{1,5},? \Z", re.IGNORECASE)
CORES = (
    _NUMBER_THEN_STREET,
    _NUMBER_THEN_WEAK_STREET,
    _NUMBER_THEN_PREFIX,
    _PREFIX_THEN_NUMBER,
    _GLUED,
    _BROADWAY,
    _CORNER,
    _BESIDE_UNIT,
    _BOX,
    _MILITARY,
)
"""What makes a text an address."""

_STATES = one_of(
    "A[KLRZ] C[AOT] D[CE] FL GA HI I[ADLN] K[SY] LA M[ADEINOST] N[CDEHJMVY] O[HKR] P[AR] RI S[CD] T[NX] UT V[AT]",
    "W[AIVY] AB BC MB N[BLSTU] ON PE QC SK YT NSW VIC QLD TAS ACT",
)
_POSTAL = one_of(
    r"\d{5}(?:-\d{4})? [A-Z]\d[A-Z]_?\d[A-Z]\d [A-Z]{1,2}\d[A-Z\d]?_\d[A-Z]{2} \d{3}_\d{2} \d{4}(?:_[A-Z]{2})?",
    r"\d{5}-\d{3} \d{6}",
)
_PLACE = rf"{_LETTERS}(?: [^\W\d_(][\w.'-]{{0,24}}| \([^\W\d_]{{2,12}}\)){{0,3}}"
_BREAK = r"(?:[ ,]{1,3}|[ ,]{0,2}\n[ >?,]{0,5}){1,2}"
_SENTENCE = one_of(
    "can how what please is i my and but so then where when why do does could would thanks update we he she the",
    "thanks thank best regards sincerely cheers yours kind love phone tel email",
)
_CITY = rf"(?-i:(?!(?i:{_SENTENCE})\b){_CAPITAL}(?: {_CAPITAL}){{0,2}})"
_TAIL = re.compile(
    rf"\.?(?:{_BREAK}{_UNIT}){{0,2}}(?:(?:{_BREAK}{_PLACE}){{0,3}}{_BREAK}{_POSTAL}{_END}(?: {_CITY})?|"
    rf"{_BREAK}{_LETTERS}(?: {_LETTERS}){{0,2}},? {_STATES}\b|(?:, {_CITY}){{1,2}})|"
    rf"(?:{_BREAK}{_UNIT}){{1,2}}(?:{_BREAK}{_CITY}){{0,2}}",
    re.IGNORECASE,
)
"""What belongs to an address after the street: apartment, places, postal code."""

_POSTAL_SAID = re.compile(
    r"\b(?:zip(?: ?code)?|post(?:al)? ?code|postcode)(?: number)?\s{0,2}(?:is|was|:|=|to|#){0,2}\s{0,2}"
    rf"((?=[A-Z]{{0,2}}\d)[A-Z\d]{{2,8}}(?:[ -][A-Z\d]{{2,5}})?){_END}",
    re.IGNORECASE,
)
_POSTAL_AFTER_STATE = re.compile(rf"(?<!\w){_STATES},? (\d{{5}}(?:-\d{{4}})?)(?![\w-]|[.,]\d)")
_ZIP_PLUS_FOUR = re.compile(rf"{_START}\d{{5}}-\d{{4}}(?![\w/-]|[.,]\d)")
_CANADIAN = re.compile(r"(?<!\w)[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z][ -]?\d[ABCEGHJ-NPRSTV-Z]\d(?!\w)")
_BRITISH = re.compile(
    r"(?<!\w)[A-PR-UWYZ](?:\d{1,2}|[A-HK-Y]\d{1,2}|\d[A-HJKPSTUW]|[A-HK-Y]\d[A-Z]) \d[ABD-HJLNP-UW-Z]{2}(?!\w)"
)


def addresses(text: str) -> Iterator[Span]:
    for core in CORES:
        for match in core.finditer(text):
            start, end = match.span()
            if not is_money(text, start, end):
                yield _with_unit(text, start), _with_tail(text, end)
    for match in _NUMBER_THEN_ANY_STREET.finditer(text):
        if said_before(_SAYS_ADDRESS, text, match.start(), 24):
            yield match.start(), _with_tail(text, match.end())


def _with_unit(text: str, start: int) -> int:
    unit = _UNIT_BEFORE.search(text, max(0, start - 20), start)
    return unit.start() if unit else start


def _with_tail(text: str, end: int) -> int:
    tail = _TAIL.match(text, end)
    return tail.end() if tail else end


def postal_codes(text: str) -> Iterator[Span]:
    yield from (match.span(1) for match in _POSTAL_SAID.finditer(text))
    yield from (match.span(1) for match in _POSTAL_AFTER_STATE.finditer(text))
    for pattern in (_ZIP_PLUS_FOUR, _CANADIAN, _BRITISH):
        yield from (match.span() for match in pattern.finditer(text))
