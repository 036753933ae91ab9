"""A number is masked whole, whatever stands beside it and however its groups are parted."""

import pytest

from graph.redaction.detection.detect import detect
from tests.support.masked import left

CARD = "4111 1111 1111 1111"


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("2026-11-01,4111111111111111,12.50", "202611011250"),
        ("4111 1111 1111 1111,12/27", "1227"),
        ("378282246310005,12/27", "1227"),
        ("4111111111111111.50 was charged", "wascharged"),
        ("12.50,4111111111111111,CHF", "1250CHF"),
        ("I paid $4111111111111111", "Ipaid"),
        ("4111 1111 1111 1111 USD", "USD"),
        ("row,123-45-6789,12", "row12"),
        ("my ssn is 123456789,12", "myssnis12"),
        ("12,123-45-6789", "12"),
        ("call 415-555-2671,12 times", "call12times"),
        ("x,415-555-2671,y", "xy"),
        ("account,000123456789,12.50", "account1250"),
        ("sin,046454286,12.50", "sin1250"),
        ("routing,021000021,12.50", "routing1250"),
        ("+44 20 7946 0958,12", "12"),
    ],
)
def test_a_number_before_or_behind_another_column_is_masked(text: str, rest: str) -> None:
    assert left(text) == rest


@pytest.mark.parametrize(
    "gap",
    [
        "\n",
        "\r\n",
        "\t",
        "   ",
        "\n\n",
        " | ",
        "|",
        ";",
        "; ",
        ",",
        ", ",
        "*",
        ":",
        "+",
        "%20",
        "%09",
        "&nbsp;",
        "&#32;",
        "&#x20;",
        "\\n",
        "\\t",
        '" "',
        "','",
        "][",
        "\u2003",
        " · ",
        "•",
        "&#8211;",
        "%E2%80%93",
        "=",
        "~",
        "\n- ",
        "<br>",
        "</td><td>",
        " dash ",
        "**",
        " (space) ",
    ],
)
def test_nothing_between_the_groups_of_a_card_hides_it(gap: str) -> None:
    assert left(f"use {CARD.replace(' ', gap)} now") == "usenow"


@pytest.mark.parametrize("digits", ["4111111111111111", "5555555555554444", "378282246310005"])
@pytest.mark.parametrize("prefix", ["txn_", "acct_", "card_", "pi_", "ch_", "ref-", "ORDER", "id:", "pan=", "cus_x"])
def test_a_technical_prefix_hides_no_card(prefix: str, digits: str) -> None:
    assert not any(character.isdigit() for character in left(prefix + digits))


def test_a_technical_prefix_hides_no_iban() -> None:
    assert left("ref_DE89370400440532013000") == "ref"
    assert left("acct_000123456789") == "acct"


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("id 4111111111111111a0b1", "ida0b1"),
        ("41111111-1111-1111-0000-000000000000", ""),
        ("1. 4111\n2. 1111\n3. 1111\n4. 1111", "1"),
        ("card four one one one, one one one one, one one one one, one one one one", "card"),
        ("card 41111111 one one one one one one one one", "card"),
        ("carte quatre un un un un un un un un un un un un un un un", "carte"),
    ],
)
def test_a_card_in_disguise_is_masked(text: str, rest: str) -> None:
    assert left(text) == rest


@pytest.mark.parametrize(
    "text",
    [
        "my CPF is 529.982.247-25",
        "my tax id is 529.982.247-25",
        "CNPJ 11.222.333/0001-81",
        "tax id 12.345.678/0001-95",
        "passport no. X1234567-8",
        "my phone is 415-555-2671/2672",
        "national id 12-34-56-789-012",
    ],
)
def test_a_number_is_masked_to_its_last_digit(text: str) -> None:
    assert not any(character.isdigit() for character in left(text))


@pytest.mark.parametrize(
    "text",
    [
        "Table: 1100 1200 1300 1400 1500 1600",
        "2019, 2020, 2021, 2022 were good years",
        "I paid 1,234,567.89 in 2024",
        "3 x 1200; 1300; 1400; 1500",
        "txn_882391726312 and ord_20260115 are wrong",
        "Q1 1200|1300|1400|1500",
        "balance 4.111.111,50 EUR",
        "order 5500 and 20%20 of it",
        "AT&amp;T charged me 12.50",
        "one two three of them cost twenty one",
    ],
)
def test_series_of_amounts_years_and_ids_stay(text: str) -> None:
    assert detect(text) == []
