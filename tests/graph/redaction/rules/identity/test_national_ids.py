"""Numbers that states issue: found by their check digits or the words before them, and seldom by chance."""

import re
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.redaction.rules.identity.national_ids import DIGITS_ONLY, MAX_BY_CHANCE, PRINTED, Form
from tests.support.masked import masked


@pytest.mark.parametrize(
    "number",
    [
        *("529.982.247-25", "11.222.333/0001-81", "20-26756539-3", "131052-308T", "880320-0016", "12.531.909-2"),
        *("710319/2745", "161175-19997", "971013-9019902", "770305-02-1234", "42201-0397640-8", "001-1391820-5"),
        *("0614-050707-104-8", "85.07.30-033.28", "756.9217.0769.85", "2 95 10 99 126 111 93", "65 070803 B 003"),
        *("1EG4-TE5-MK73", "54362315K", "X2482300W", "6433435F", "RCCMNL83S18D969H", "BOXW310820HNERXN09"),
        *("GODE561231GR8", "27AAPFU0939F1ZV", "ACUPA7085R", "V-11470283-4", "A004416331M", "S1234567D"),
        *("1HGCM82633A004352", "15108695088", "37605030299", "1630615123457", "7503305044089", "0101006500006"),
        *("36574261809", "01013099997", "10000000146", "390.533.447-05", "360426199101010071"),
    ],
)
def test_a_number_with_a_form_or_checks_of_its_own_needs_no_word(number: str) -> None:
    assert masked(f"please note {number} for me") == [number]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Steuernummer 12/345/67890", "12/345/67890"),
        ("mon numéro fiscal est 30 23 217 600 053", "30 23 217 600 053"),
        ("burgerservicenummer: 422.562.166", "422.562.166"),
        ("il mio codice fiscale è RCCMNL83S18D969H", "RCCMNL83S18D969H"),
        ("Personalausweis L01X00T47", "L01X00T47"),
        ("meu título de eleitor 1234 5678 0191", "1234 5678 0191"),
        ("cédula 1.234.567.890", "1.234.567.890"),
        ("UTR 12345 67890 for self assessment", "12345 67890"),
        ("my tax file number is 123 456 782", "123 456 782"),
        ("PESEL 44051401359", "44051401359"),
        ("OIB: 33392005961", "33392005961"),
        ("Kundennummer 4711-0815", "4711-0815"),
        ("policy number HX-4421-99087", "HX-4421-99087"),
        ("student id s20194471", "s20194471"),
        ("employee no E-88213", "E-88213"),
        ("IMEI 490154203237518", "490154203237518"),
        ("आधार 2345 6789 0124", "2345 6789 0124"),
        ("license plate 7ABC123", "7ABC123"),
        ("kennzeichen: KA 01 AB 1234", "KA 01 AB 1234"),
        ("my passport's number is 123456789", "123456789"),
        ("driver license CA D1234567", "D1234567"),
        ("MRN: 00123456", "00123456"),
        ("policy no. POL-123456", "POL-123456"),
        ("frequent flyer BA12345678", "BA12345678"),
        ("VIN: WVWZZZ1JZXW000001", "WVWZZZ1JZXW000001"),
        ("the last four of my ssn are 6789", "6789"),
        ("user_ssn_123-45-6789", "123-45-6789"),
        ("Reisepass C01X0006H", "C01X0006H"),
        ("mon passeport est 12AB34567", "12AB34567"),
        ("Führerschein B072RRE2I55", "B072RRE2I55"),
        ("carnet de conducir 12345678", "12345678"),
    ],
)
def test_a_word_for_a_number_is_enough_in_several_languages(text: str, number: str) -> None:
    assert masked(text) == [number]


@pytest.mark.parametrize(
    "text",
    [
        "Transaction id number 8823917263 was charged twice",
        "order 44051401359 and invoice 7503305044089 are late",
        "HAMPTON INN 40315 DALLAS and EPIC 4021 GAMES",
        "I bought a pan for 1299 and a pin for 1500",
        "on 2026-11-29 I paid 12345678 in total",
        "the policy changed in 2024 and the student fee is 12000",
        "Is a customer number needed for 2500 points?",
        "Invoice 2024-001234-5678, due 2024-03-01",
        "my id is not 18",
        "see RFC-2547 and RFC 7230, the timestamp 1611248400 is wrong",
        "My social life cost 1200 in 2025",
        "the national debt was 36000000000000 in 2025",
        "run 10000 steps, sin 45 is 0.8509",
    ],
)
def test_ordinary_numbers_stay(text: str) -> None:
    assert masked(text) == []


@pytest.mark.parametrize(
    "form", [form for form in DIGITS_ONLY if "(" not in form.pattern], ids=lambda form: form.pattern
)
def test_a_form_of_digits_only_is_seldom_met_by_chance(form: Form) -> None:
    random = Random(20_260_229)
    shape = re.sub(r"\\d\{(\d+)\}", lambda match: "0" * int(match[1]), form.pattern)
    numbers = [re.sub("0", lambda _: random.choice("0123456789"), shape) for _ in range(3000)]
    assert all(re.fullmatch(form.pattern, number) for number in numbers)
    assert sum(map(form.accepts, numbers)) / len(numbers) <= MAX_BY_CHANCE


@pytest.mark.parametrize("form", PRINTED + DIGITS_ONLY, ids=lambda form: form.pattern)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_a_check_answers_for_every_number_of_its_form(form: Form, data: st.DataObject) -> None:
    number = data.draw(st.from_regex(re.compile(form.pattern, re.ASCII), fullmatch=True))
    assert form.accepts(number) in (True, False)
