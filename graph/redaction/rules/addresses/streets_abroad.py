"""Streets outside the English-speaking world: the number follows the name, or the word for a street begins the name."""

import re
from collections.abc import Iterator

from graph.redaction.rules.addresses.address_tail import CAPITAL, LETTERS, PARTICLES, has_postal_code
from graph.redaction.rules.addresses.address_words import ADDRESS_CUE, BUSINESS_AFTER, MAX_CUE_CHARS, ORDINARY
from graph.redaction.rules.addresses.postal_codes import END
from graph.redaction.rules.spans import Span, any_of

_NUMBER = r"\d{1,6}(?:[A-Za-z]|[-/]\d{1,5}[A-Za-z]?| ?1/2)?"

_GLUED_END = any_of(
    r"stra(?:ß|ss)e str\.? gasse weg platz allee ufer damm chaussee straat laan plein gracht dijk dreef steeg",
    "v[äa]gen gatan veien vegen vej vejen gaten allén katu kuja polku kaari ranta vík v[eé]gur",
    "stíg(?:ur)? braut gränd stigen gränden singel hofje utca maantee puiestee sokak caddesi",
)
"""Endings of streets whose name is one word: Hauptstraße, Storgatan."""
_DOUBTFUL_END = any_of("ring hof kade gata gade grand tie stien pad tee markt põik")
"""Endings that streets share with ordinary words: Lindenring, during; Parktee, committee."""
_MORE = any_of(
    r"Stra(?:ß|ss)e Str\. Gasse Allee Platz Damm Ufer Weg Steig utca u\.",
    r"út útja tér krt\. körút mt\. pst\. mnt sk\. sok\. g\. iela",
)
_DOUBTFUL_MORE = any_of(r"tee cad\. Ring Markt Hof Graben Berg")

_BEGINNINGS = any_of(
    r"[Rr]ue RUE [Cc]alle CALLE [Aa]venida AVENIDA [Aa]vda\.? Av\. [Pp]iazza [Vv]iale [Rr][uú]a RUA [Uu]l\. [Uu]lica [Uu]lice",
    "[Cc]arrer [Cc]hemin [Ii]mpasse [Rr]uelle [Tt]ravessa [Ss]tra(?:ss|ß)e [Jj]alan All[ée]e Quai C/ Al\\. Trav\\. Rod\\.",
    r"Aleja N[aá]m\. Rruga An_der Auf_der Unter_den Vicolo Praceta Pra[çc]a Place_d[eu] P\.º",
    "Rodovia Glorieta Trg Jl\\. Route_de",
)
_DOUBTFUL_BEGINNINGS = any_of(
    r"Boulevard Via Corso Largo Plaza Camino Estrada Paseo R\. Am Im Zum Zur Strada Cours Alameda Ronda Rambla"
)
"""Words that begin names of streets and also names of shops and places."""
_NUMBER_FIRST = any_of(
    "[Rr]ue [Aa]venue [Bb]oulevard [Bb]d\\.? [Cc]hemin [Aa]ll[ée]e [Ii]mpasse [Qq]uai [Cc]alle [Aa]venida [Vv]iale [Cc]orso",
    r"[Pp]iazza [Rr]ua [Cc]arrer [Rr]uelle [Pp]lace_d(?:e|u|es) [Rr]oute_d(?:e|u|es) [Cc]ours [Ss]quare_d(?:e|u|es)",
)

_WORD = rf"(?!(?i:{ORDINARY})\b){LETTERS}"
_GLUED = re.compile(
    rf"(?<![\w.])(?:{_NUMBER} )?(?:{CAPITAL} ){{0,2}}(?:[^\W\d_][\w'-]{{1,24}}?{_GLUED_END}|{CAPITAL} {_MORE}),? "
    rf"\d{{1,5}} ?[a-zA-Z]?{END}"
)
_DOUBTFUL_GLUED = re.compile(
    rf"(?<![\w.])(?:{_NUMBER} )?(?:{CAPITAL} ){{0,2}}(?:[^\W\d_a-z][\w'-]{{1,24}}?{_DOUBTFUL_END}|"
    rf"{CAPITAL} {_DOUBTFUL_MORE}),? \d{{1,4}} ?[a-zA-Z]?{END}"
)
_PREFIXED = re.compile(
    rf"(?<![\w.])(?:{_NUMBER},? )?{_BEGINNINGS} {PARTICLES}{_WORD}(?: {_WORD}){{0,5}}?,? ?(?:n[ºo°]\.? ?)?"
    rf"(?<=[ ,º°.])\d{{1,5}}[a-z]?{END}"
)
_DOUBTFUL_PREFIXED = re.compile(
    rf"(?<![\w.])(?:{_NUMBER},? )?{_DOUBTFUL_BEGINNINGS} {PARTICLES}{CAPITAL}(?: {PARTICLES}{CAPITAL}){{0,4}}?,? ?"
    rf"(?:n[ºo°]\.? ?)?(?<=[ ,º°.])\d{{1,5}}[a-z]?{END}"
)
_NUMBERED_PREFIX = re.compile(
    rf"(?<![\w.,$€£/-])\d{{1,5}}(?: ?(?:bis|ter|[a-dA-D]))?,? {_NUMBER_FIRST} {PARTICLES}"
    rf"[^\W_][\w.'-]{{0,24}}(?: {PARTICLES}{CAPITAL}){{0,3}}"
)
_NUMBERED_VIA = re.compile(rf"(?<![\w.,$€£/-])\d{{1,5}} Via {PARTICLES}{CAPITAL}(?: {CAPITAL}){{0,3}}")
SURE = (_GLUED, _PREFIXED, _NUMBERED_PREFIX)
DOUBTFUL = (_DOUBTFUL_GLUED, _DOUBTFUL_PREFIXED, _NUMBERED_VIA)
_AND_BEFORE = re.compile(rf"(?<!\w)(?:the corner of )?{CAPITAL} and \Z")


def streets_abroad(text: str) -> Iterator[Span]:
    """Streets with their numbers. Doubtful ones count only if they are announced or a postal code follows."""
    for pattern in SURE:
        yield from (_with_other(text, *match.span()) for match in pattern.finditer(text))
    for pattern in DOUBTFUL:
        for match in pattern.finditer(text):
            start, end = match.span()
            if has_postal_code(text, end) or _is_announced(text, start):
                yield start, end


def _is_announced(text: str, start: int) -> bool:
    return ADDRESS_CUE.search(text, max(0, start - MAX_CUE_CHARS), start) is not None


def _with_other(text: str, start: int, end: int) -> Span:
    """The street and the one that crosses it ("Oak and Hauptstr. 5")."""
    other = _AND_BEFORE.search(text, max(0, start - 45), start)
    return (other.start() if other else start), end


def is_business(text: str, end: int) -> bool:
    """Whether the next word makes the street the name of a shop."""
    return BUSINESS_AFTER.match(text, end) is not None
