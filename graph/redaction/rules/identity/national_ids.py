"""National identity numbers, recognised by their check digits with python-stdnum.

These forms need no word beside them: letters, marks or check digits distinguish them from order numbers. Other numbers are
recognised by the words before them (`labelled_numbers`).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module

from graph.redaction.rules.checksums import singapore, vehicle
from graph.redaction.rules.spans import NUMBER_END, NUMBER_START, REFERENCE_WORDS, Span, is_money, preceded_by

Check = Callable[[str], bool]

MAX_BY_CHANCE = 0.035
"""The maximum share of random numbers that a form of digits only may accept."""
_MIN_DIFFERENT = 3
"""Fewer different characters are a filler such as 000000."""


@dataclass(frozen=True, slots=True)
class Form:
    """How numbers are printed, and the checks of the countries that print them so."""

    pattern: str
    checks: tuple[Check, ...]

    def accepts(self, number: str) -> bool:
        return any(check(number) for check in self.checks)


def _form(pattern: str, *modules: str) -> Form:
    return Form(pattern, tuple(import_module(f"stdnum.{module}").is_valid for module in modules))


def _as_printed(number: str) -> bool:
    """Accept the printed form, since the number has no public check digit."""
    return True


PRINTED = (
    _form(r"\d{3}\.\d{3}\.\d{3}-\d{2}", "br.cpf"),
    _form(r"\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2}", "br.cnpj"),
    Form(r"\d{1,2}\.\d{3}\.\d{3}-[\dKX]", (_as_printed,)),  # Chile's RUT, Brazil's RG
    _form(r"\d{2}-\d{8}-\d", "ar.cuit"),
    _form(r"\d{6}[-+A-F]\d{3}[0-9A-Y]", "fi.hetu", "se.personnummer", "dk.cpr", "is_.kennitala"),
    _form(r"(?:19|20)\d{6}-\d{4}", "se.personnummer"),
    _form(r"\d{6}/\d{3,4}", "cz.rc", "sk.rc"),
    _form(r"\d{6}-\d{5}", "lv.pvn"),
    _form(r"\d{6}-\d{7}", "kr.rrn"),
    _form(r"\d{6}-\d{2}-\d{4}", "my.nric"),
    _form(r"\d{5}-\d{7}-\d", "pk.cnic"),
    _form(r"\d{3}-\d{7}-\d", "do.cedula"),
    _form(r"\d{4}-\d{6}-\d{3}-\d", "sv.nit"),
    _form(r"\d-\d{4}-\d{5}-\d{2}-\d", "th.pin"),
    _form(r"\d{2}\.\d{2}\.\d{2}[- ]\d{3}[.-]\d{2}", "be.nn"),
    _form(r"756\.\d{4}\.\d{4}\.\d{2}", "ch.ssn"),
    Form(r"\d{3}-\d{3}-\d{3} \d{2}", (_as_printed,)),  # Russia, SNILS
    _form(r"[12] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}", "fr.nir"),
    Form(r"\d{2} ?(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d{2} ?[A-Z] ?\d{3}", (_as_printed,)),  # Germany, pensions
    Form(  # the United States, Medicare
        r"[1-9][AC-HJ-NP-RT-Y][0-9AC-HJ-NP-RT-Y]\d-?[AC-HJ-NP-RT-Y][0-9AC-HJ-NP-RT-Y]\d-?[AC-HJ-NP-RT-Y]{2}\d{2}",
        (_as_printed,),
    ),
    _form(r"\d{8}-?[A-Z]", "es.dni"),
    _form(r"[XYZ]-?\d{7}-?[A-Z]", "es.nie"),
    _form(r"\d{7}[A-W][A-IW]?", "ie.pps"),
    _form(r"\d{8} ?\d ?[A-Z]{2}\d", "pt.cc"),
    _form(r"[A-Z]{6}[0-9LMNP-V]{2}[A-EHLMPRST][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]", "it.codicefiscale"),
    _form(r"[A-Z]{4}\d{6}[HMX][A-Z]{5}[0-9A-Z]\d", "mx.curp"),
    _form(r"[A-ZÑ&]{3,4}-?\d{6}-?[0-9A-Z]{3}", "mx.rfc"),
    _form(r"\d{2}[A-Z]{5}\d{4}[A-Z][0-9A-Z]Z[0-9A-Z]", "in_.gstin"),
    _form(r"[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]", "in_.pan"),
    _form(r"[VEJPG]-?\d{8}-?\d", "ve.rif"),
    _form(r"A\d{9}[A-Z]", "ke.pin"),
    _form(r"[PCGQV]00\d{8}", "gh.tin"),
    _form(r"[A-Z]\d{13}", "mu.nid"),
    Form(r"[STFGM]\d{7}[A-Z]", (singapore,)),
    Form(r"[A-HJ-NPR-Z0-9]{8}[0-9X][A-HJ-NPR-Z0-9]{8}", (vehicle,)),
)
"""Numbers with letters or marks of their own."""

DIGITS_ONLY = (
    _form(r"\d{10}", "se.personnummer", "is_.kennitala", "bg.egn"),
    _form(r"\d{11}", "no.fodselsnummer", "ee.ik", "be.nn", "de.idnr", "gr.amka", "br.cpf", "tr.tckimlik"),
    _form(r"\d{12}", "se.personnummer"),
    _form(r"\d{13}", "ro.cnp", "za.idnr", "si.emso", "kr.rrn", "fr.nif"),
    _form(r"\d{14}", "br.cnpj"),
    _form(r"\d{6}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dX]", "iso7064.mod_11_2"),  # China
    _form(r"\d{2} \d{3} \d{3} \d{3}", "de.idnr"),
)
"""Numbers of digits only, whose checksums few random numbers pass."""


def _any_of(forms: tuple[Form, ...]) -> re.Pattern[str]:
    shapes = "|".join(f"(?P<f{place}>{form.pattern})" for place, form in enumerate(forms))
    return re.compile(rf"{NUMBER_START}(?:{shapes}){NUMBER_END}", re.IGNORECASE | re.ASCII)


_PRINTED, _DIGITS_ONLY = _any_of(PRINTED), _any_of(DIGITS_ONLY)
_LETTERS = re.compile(r"[A-Za-z]")


def printed_ids(text: str) -> Iterator[Span]:
    """Numbers in a form of their own."""
    return (match.span() for match in _PRINTED.finditer(text) if _is_valid(PRINTED, match))


def bare_ids(text: str) -> Iterator[Span]:
    """Numbers of digits only, except references to things and amounts."""
    for match in _DIGITS_ONLY.finditer(text):
        start, end = match.span()
        if (
            _is_valid(DIGITS_ONLY, match)
            and not preceded_by(REFERENCE_WORDS, text, start)
            and not is_money(text, start, end)
        ):
            yield start, end


def _is_valid(forms: tuple[Form, ...], match: re.Match[str]) -> bool:
    number = match[0]
    if number.isalpha() or not match.lastgroup or len(set(number)) < _MIN_DIFFERENT:
        return False
    return forms[int(match.lastgroup[1:])].accepts(number.upper())
