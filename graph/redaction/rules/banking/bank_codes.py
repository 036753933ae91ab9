"""Bank codes and national account numbers that are recognised by their form, without a word beside them."""

import re
from collections.abc import Iterator

from stdnum.ar import cbu
from stdnum.cz import bankaccount as czech
from stdnum.es import ccc
from stdnum.no import kontonr
from stdnum.nz import bankaccount as new_zealand

from graph.redaction.rules.banking.bank_accounts import IBAN_LENGTHS
from graph.redaction.rules.checksums import clabe, rib
from graph.redaction.rules.spans import NUMBER_END, NUMBER_START, REFERENCE_WORDS, Span, digits_of, preceded_by

_PAIR = re.compile(
    rf"{NUMBER_START}(\d{{2}}-\d{{2}}-\d{{2}}|\d{{3}}-\d{{3}})"
    rf"(?:[ ,;/|:]{{1,3}}|\s{{1,2}}(?:a/c|acc(?:oun)?t)\W{{0,3}})(\d{{6,9}}){NUMBER_END}",
    re.IGNORECASE,
)
"""A sort code (United Kingdom, Ireland) or BSB (Australia) and an account number."""

_NATIONAL = (
    (re.compile(rf"{NUMBER_START}\d{{4}}[ -]?\d{{4}}[ -]?\d{{2}}[ -]?\d{{10}}{NUMBER_END}"), ccc.is_valid),
    (re.compile(rf"{NUMBER_START}\d{{7}}[ -]?\d[ -]?\d{{13}}[ -]?\d{NUMBER_END}"), cbu.is_valid),
    (re.compile(rf"{NUMBER_START}\d{{2}}-\d{{4}}-\d{{7}}-\d{{2,3}}{NUMBER_END}"), new_zealand.is_valid),
    (re.compile(rf"{NUMBER_START}\d{{4}}\.\d{{2}}\.\d{{5}}{NUMBER_END}"), kontonr.is_valid),
    (re.compile(rf"{NUMBER_START}(?:\d{{2,6}}-\d{{6,10}}|\d{{9,10}})/\d{{4}}{NUMBER_END}"), czech.is_valid),
    (re.compile(rf"{NUMBER_START}\d{{5}}[ -]?\d{{5}}[ -]?\d{{11}}[ -]?\d{{2}}{NUMBER_END}"), rib),
    (re.compile(rf"{NUMBER_START}\d{{3}}[ -]?\d{{3}}[ -]?\d{{11}}[ -]?\d{NUMBER_END}"), clabe),
)
"""Form and check of Spain, Argentina, New Zealand, Norway, the Czech Republic, France and Mexico."""

_SWIFT_FIELD = re.compile(r"(?<!\w):5\d[A-Z]?:/{1,2}([A-Z0-9]{5,34})(?!\w)")
"""The account in a field of a SWIFT message."""
_ELSEWHERE = (
    "US",
    "CA",
    "AU",
    "NZ",
    "IN",
    "JP",
    "CN",
    "HK",
    "SG",
    "KR",
    "ZA",
    "MX",
    "TH",
    "MY",
    "ID",
    "PH",
    "AR",
    "CL",
    "CO",
)
_COUNTRIES = "|".join((*IBAN_LENGTHS, *_ELSEWHERE))
_BIC = rf"[A-Z]{{4}}(?:{_COUNTRIES})"
_BIC_BARE = re.compile(rf"(?<![\w-]){_BIC}(?:[A-Z0-9]{{2}}XXX|[A-Z]?[0-9][A-Z0-9]?(?:[A-Z0-9]{{3}})?)(?![\w-])")
_BIC_NAMED = re.compile(
    rf"\b(?:bic|swift(?:[-/ ]?bic)?)(?:[- ]?(?:code|number))?\s{{0,2}}(?:is|:|=|#)?\s{{0,2}}"
    rf"({_BIC}[A-Z0-9]{{2}}(?:[A-Z0-9]{{3}})?)(?!\w)",
    re.IGNORECASE,
)
_IFSC = re.compile(r"(?<![\w-])[A-Z]{4}0(?=[A-Z]{0,5}\d)[A-Z0-9]{6}(?![\w-])")
_IFSC_NAMED = re.compile(r"\bifsc(?: ?code)?\s{0,2}(?:is|:|=|#|-)?\s{0,2}([A-Z]{4}0[A-Z0-9]{6})(?!\w)", re.IGNORECASE)


def bank_codes(text: str) -> Iterator[Span]:
    """BIC and IFSC, which identify a bank and its branch."""
    for bare in (_BIC_BARE, _IFSC):
        yield from (match.span() for match in bare.finditer(text))
    for named in (_BIC_NAMED, _IFSC_NAMED):
        yield from (match.span(1) for match in named.finditer(text))


def national_accounts(text: str) -> Iterator[Span]:
    """Account numbers recognised by their form and check digits."""
    for match in _PAIR.finditer(text):
        yield match.span(1)
        yield match.span(2)
    yield from (match.span(1) for match in _SWIFT_FIELD.finditer(text))
    for pattern, check in _NATIONAL:
        for match in pattern.finditer(text):
            number = match[0] if "/" in match[0] else match[0].replace(" ", "")
            if (
                check(number)
                and len(set(digits_of(number))) > 1
                and not preceded_by(REFERENCE_WORDS, text, match.start())
            ):
                yield match.span()
