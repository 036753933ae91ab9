"""Postal codes after a word that announces them, or in an unmistakable form."""

import re
from collections.abc import Iterator

from graph.redaction.rules.spans import Span, any_of

START = r"(?<![\w.,$€£/-])"
END = r"(?!\w|[.,]\d)"
STATES = any_of(
    "A[KLRZ] C[AOT] D[CE] FL GA HI I[ADLN] K[SY] LA M[ADEINOST] N[CDEHJMVY] O[HKR] P[AR] RI S[CD] T[NX] UT V[AT]",
    "W[AIVY] AB BC MB N[BLSTU] ON PE QC SK YT NSW VIC QLD TAS ACT",
)
BRITISH = r"[A-PR-UWYZ](?:\d{1,2}|[A-HK-Y]\d{1,2}|\d[A-HJKPSTUW]|[A-HK-Y]\d[A-Z]) \d[ABD-HJLNP-UW-Z]{2}"

_SAID = re.compile(
    r"\b(?:zip(?: ?code)?|post(?:al)? ?code|postcode)(?: number)?\s{0,2}(?:is|was|:|=|to|#){0,2}\s{0,2}"
    rf"((?=[A-Z]{{0,2}}\d)[A-Z\d]{{2,8}}(?:[ -][A-Z\d]{{2,5}})?){END}",
    re.IGNORECASE,
)
_SAID_ABROAD = re.compile(
    rf"\b{any_of('plz postleitzahl code_postal c[óo]digo_postal cep cap pin_?code')}\b"
    rf"\s{{0,2}}(?:is|ist|est|es|é|:|=){{0,2}}\s{{0,2}}(\d{{4,6}}|\d{{5}}-\d{{3}}|\d{{3}} \d{{3}}){END}",
    re.IGNORECASE,
)
_AFTER_STATE = re.compile(rf"(?<!\w){STATES},? (\d{{5}}(?:-\d{{4}})?)(?![\w-]|[.,]\d)")
_ZIP_PLUS_FOUR = re.compile(rf"{START}\d{{5}}-\d{{4}}(?![\w/-]|[.,]\d)")
_CANADIAN = re.compile(r"(?<!\w)[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z][ -]?\d[ABCEGHJ-NPRSTV-Z]\d(?!\w)")
_BRITISH = re.compile(rf"(?<!\w){BRITISH}(?!\w)")


def postal_codes(text: str) -> Iterator[Span]:
    for announced in (_SAID, _SAID_ABROAD, _AFTER_STATE):
        yield from (match.span(1) for match in announced.finditer(text))
    for pattern in (_ZIP_PLUS_FOUR, _CANADIAN, _BRITISH):
        yield from (match.span() for match in pattern.finditer(text))
