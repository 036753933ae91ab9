"""Addresses recognised by their postal code and place, whatever the street line looks like."""

import re
from collections.abc import Iterator

from graph.redaction.rules.addresses.postal_codes import BRITISH
from graph.redaction.rules.spans import Span, any_of
from graph.redaction.rules.vocabulary.word_lists import common_words

_CAPITAL = r"[^\W\d_a-z][\w.'-]{0,24}"
_LINKS = any_of(
    "de da do das dos del der den dem am an im zum zur van von du des la las los le les el y e u en sur upon on of the"
)
_CITY = rf"{_CAPITAL}(?:(?: {_LINKS}){{0,2}} {_CAPITAL}){{0,2}}"
_CODE_THEN_CITY = re.compile(
    rf"(?<![\w.,$€£/-])(?:[A-Z]{{1,2}}-)?(?:\d{{5}}|\d{{4}} ?[A-Z]{{2}}|\d{{2}}-\d{{3}}|"
    rf"\d{{4}}-\d{{3}}|\d{{3}} \d{{2}}) {_CITY}"
)
_CITY_THEN_CODE = re.compile(
    rf"(?<!\w){_CITY}(?:,? |\n)(?:{BRITISH}|(?:- ?)?[1-8]\d{{2}} ?\d{{3}}|(?:- )?[A-Z]{{2}},? \d{{5}}-\d{{3}})"
    rf"(?![\w-]|[.,]\d)"
)
_CITY_THEN_STATE = re.compile(
    rf"(?<!\w){_CITY} ?(?:-|/|,) ?(?:AC|AL|AM|AP|BA|CE|DF|ES|GO|MA|MG|MS|MT|PA|PB|PE|PI|PR|RJ|RN|RO|RR|RS|SC|SE|SP|TO)(?!\w)"
)
_BRITISH_ALONE = re.compile(rf"(?<!\w){BRITISH}(?!\w)")

_TOKEN = rf"(?:{_CAPITAL}|#?\d{{1,5}}(?:[-/]\d{{1,5}}){{0,3}}(?:st|nd|rd|th|[A-Za-zºª°])?|{_LINKS}|n[º°o]\.?)"
_SEGMENT = rf"{_TOKEN}(?: {_TOKEN}){{0,6}}"
_BEFORE = re.compile(rf"(?<![\w.,$€£/@-])(?:{_SEGMENT}(?:, ?|,?\n {{0,4}}| - )){{1,6}}\Z")
_REACH = 130
_HOUSE = re.compile(
    r"\b"
    + any_of(
        "cottage house farm rectory lodge barn mill manor hall villa court lane road street close green grove",
        "gardens nagar colony residency towers? apartments? society enclave layout sector plot flat setor quadra",
        "lote bairro jardim vila lieu-dit lieudit hameau r[ée]sidence urbanizaci[óo]n pol[íi]gono hof haus marg",
        "salai vicarage terrace row place mews",
    )
    + r"\b",
    re.IGNORECASE,
)
_HOUSE_NUMBER = re.compile(r"(?<![\w.,])#?\d{1,4}(?:[-/]\d{1,4}){0,3}[A-Za-z]?(?![\w.])")
_CUE = re.compile(
    r"\A(?:(?:address|adresse|anschrift|home|direcci[óo]n|endere[çc]o|deliver|send|ship|my|i)\b(?: (?:is|to|at))?[ :]*)+",
    re.IGNORECASE,
)


def postal_lines(text: str) -> Iterator[Span]:
    for pattern in (_CODE_THEN_CITY, _CITY_THEN_CODE, _CITY_THEN_STATE, _BRITISH_ALONE):
        for match in pattern.finditer(text):
            if span := _line(text, match):
                yield span


def _line(text: str, anchor: re.Match[str]) -> Span | None:
    """The address that ends with the postal code, if the text before it can be a street line."""
    floor = max(0, anchor.start() - _REACH)
    before = _BEFORE.search(text, floor, anchor.start())
    if before is None:
        return None
    start = before.start()
    if cue := _CUE.match(before[0]):
        start += cue.end()
    line = text[start : anchor.start()]
    if not (_HOUSE_NUMBER.search(line) or _HOUSE.search(line)) or _is_money_talk(text[start : anchor.end()]):
        return None
    return start, anchor.end()


def _is_money_talk(phrase: str) -> bool:
    return any(word.casefold() in _MONEY_WORDS for word in re.findall(r"[^\W\d_]{3,}", phrase))


_MONEY_WORDS = common_words() - frozenset(["the", "new", "house", "home", "property", "may", "flat", "court"])
