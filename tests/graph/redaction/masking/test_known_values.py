"""A value that was masked once is found again wherever it appears, bare and spelt differently; amounts and years are not it."""

import time

import pytest

from graph.redaction.masking.known_values import KnownValues, exact_values, merge_detections
from graph.redaction.values.detection import Detection


def known(*values: tuple[str, str], exact: bool = False) -> KnownValues:
    found = KnownValues(exact=exact)
    for entity_type, value in values:
        found.add(entity_type, value)
    return found


def texts(found: list[Detection]) -> list[str]:
    return [detection.value for detection in found]


@pytest.mark.parametrize(
    ("entity_type", "value", "spelling"),
    [
        ("CARD", "4111 1111 1111 1111", "4111111111111111"),
        ("CARD", "4111111111111111", "4111-1111-1111-1111"),
        ("CARD", "4111111111111111", "4111\t1111 |\n 1111 | 1111"),
        ("CARD", "4111111111111111", "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"),
        ("IBAN", "DE89 3704 0044 0532 0130 00", "de89370400440532013000"),
        ("SSN", "123-45-6789", "123456789"),
        ("ACCOUNT", "0049-291-2345", "00492912345"),
        ("PASSPORT", "C01X00T47", "c01x 00t47"),
        ("PIN", "482193", "482193"),
        ("PIN", "4821", "4821"),
        ("CVV", "731", "731"),
        ("PHONE", "+49 30 1234567", "030 / 123 45 67"),
        ("PHONE", "+1 (415) 555-2671", "415.555.2671"),
        ("PHONE", "415-555-2671", "1 415 555 2671"),
        ("EMAIL", "Jane.Doe@example.org", "JANE.DOE@EXAMPLE.ORG"),
        ("EMAIL", "jane.doe@example.org", "jane dot doe at example dot org"),
        ("PERSON", "Jane Doe", "JANE DOE"),
        ("PERSON", "Jane Doe", "doe, jane"),
        ("PERSON", "Jane Mary Doe", "Jane Doe"),
        ("PERSON", "Marisol", "MARISOL"),
        ("ADDRESS", "12 Elm Street, Springfield", "12 ELM STREET\nSPRINGFIELD"),
        ("BIRTHDATE", "1984-03-12", "12 March 1984"),
        ("BIRTHDATE", "March 12, 1984", "1984-03-12"),
        ("BIRTHDATE", "12.03.1984", "12th of March 84"),
        ("BIRTHDATE", "12/03/1984", "19840312"),
        ("PASSWORD", "hunter2!", "hunter2!"),
        ("CRYPTO", "0xAbC123def4567890", "0xabc123DEF4567890"),
    ],
)
def test_a_value_is_found_in_another_spelling(entity_type: str, value: str, spelling: str) -> None:
    for text in (spelling, f"and {spelling}, again {spelling}.", f'{{"merchant":"{spelling}"}}'):
        assert texts(known((entity_type, value)).detect(text)) == [spelling] * text.count(spelling)


@pytest.mark.parametrize(
    ("entity_type", "value", "text"),
    [
        ("PIN", "4821", "you spent 4821 USD, $4821 and 4,821.00; 4821.50, 4821 EUR, 4821 dollars, 4821 times"),
        ("PIN", "2024", "in 2024 and 2024"),
        ("PIN", "4821", "order X4821 and 14821"),
        ("CVV", "731", "731 USD, 731.50, 1731 and 731 days"),
        ("ACCOUNT", "49291234", "149291234 and 492912345"),
        ("PERSON", "Li Nan", "Linan"),
        ("PERSON", "Will", "I will pay"),
        ("PERSON", "May", "in May"),
        ("PASSWORD", "password", "reset my password"),
        ("PASSWORD", "hunter2", "hunter2000"),
        ("IP", "10.0.0.1", "10001"),
    ],
)
def test_what_only_looks_like_a_value_is_not_found(entity_type: str, value: str, text: str) -> None:
    assert known((entity_type, value)).detect(text) == []


@pytest.mark.parametrize(
    ("token", "value", "text", "found"),
    [
        ("[PIN_7K3Q9D]", "4821", "target 4821.00", ["4821"]),
        ("[PIN_7K3Q9D]", "2024", "in 2024", ["2024"]),
        ("[CVV_7K3Q9D]", "123", "no row for 123", ["123"]),
        ("[PERSON_7K3Q9D]", "Will", "nobody is called will", ["will"]),
        ("[PASSWORD_7K3Q9D]", "sunshine", "sunshine", ["sunshine"]),
    ],
)
def test_a_value_that_a_tool_was_given_is_found_however_ordinary_it_is(
    token: str, value: str, text: str, found: list[str]
) -> None:
    assert texts(exact_values({token: value}).detect(text)) == found


def test_a_number_is_found_although_a_technical_prefix_touches_it() -> None:
    assert texts(known(("ACCOUNT", "4929123456")).detect("acct4929123456 ok")) == ["4929123456"]


def test_places_are_those_of_the_text_as_it_was_written() -> None:
    spelling = "".join(chr(ord(digit) + 0xFEE0) for digit in "4111") + "\u200b1111 1111\u00a01111"
    text = f"card {spelling}!"
    [found] = known(("CARD", "4111111111111111")).detect(text)
    assert text[found.start : found.end] == found.value == spelling
    assert (found.entity_type, found.key) == ("CARD", "4111111111111111")


def test_the_longer_of_two_findings_counts_and_what_sticks_out_stays_found() -> None:
    text = "Jane Doe Smith 4111"
    rules = [Detection("PERSON", 5, 14, "Doe Smith", "doe smith")]
    values = [Detection("PERSON", 0, 8, "Jane Doe", "jane doe"), Detection("PIN", 15, 19, "4111", "4111")]
    assert texts(merge_detections(text, rules, values)) == ["Jane ", "Doe Smith", "4111"]
    assert merge_detections(text, rules, []) == rules


def test_of_two_equal_findings_the_known_value_counts() -> None:
    rules, values = [Detection("ACCOUNT", 0, 4, "4821", "4821")], [Detection("PIN", 0, 4, "4821", "4821")]
    assert merge_detections("4821", rules, values) == values


def test_time_grows_with_the_text_and_not_with_the_number_of_values() -> None:
    many = known(*(("ACCOUNT", str(10**11 + 7919 * n)) for n in range(20_000)))
    begun = time.process_time()
    for text in ("1" * 8_000, "1 " * 4_000, "10000 " * 1_300, "a1" * 4_000):
        many.detect(text)
    assert time.process_time() - begun < 2
