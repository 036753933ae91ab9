"""Values behind an encoding, and in fields that their names tell."""

import base64
import json

import pytest

from tests.support.masked import left, masked

CARD, SSN = "4111111111111111", "123-45-6789"


@pytest.mark.parametrize(
    "value", [f"card={CARD}", json.dumps({"ssn": SSN}), "jane.doe@example.com", f"x{CARD} and more text"]
)
def test_a_value_in_base64_is_masked_as_it_is_written(value: str) -> None:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        encoded = encode(value.encode()).decode()
        assert left(f"token {encoded} here") == "tokenhere"
        assert left(f"token={encoded.rstrip('=')}") == "token"


def test_a_value_in_hexadecimal_digits_is_masked_as_it_is_written() -> None:
    assert left(f"id {CARD.encode().hex()}") == "id"


def test_a_token_of_a_session_is_masked() -> None:
    head, body = (
        base64.urlsafe_b64encode(part.encode()).decode().rstrip("=")
        for part in ('{"alg":"none"}', f'{{"ssn":"{SSN}"}}')
    )
    assert left(f"bearer is {head}.{body}.") == "beareris"


@pytest.mark.parametrize(
    "text",
    [
        base64.b64encode(b"nothing personal is written here").decode(),
        base64.b64encode(bytes(range(200, 240))).decode(),
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "averyveryverylongwordwithoutmeaning",
        "/usr/local/share/applications/SomeThing",
    ],
)
def test_what_is_encoded_and_not_personal_stays(text: str) -> None:
    assert masked(text) == []


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('{"ssn":"123456789","accountNumber":"12345678"}', ["123456789", "12345678"]),
        ('{"dob": "1987-04-23", "cardNumber": 4111111111111111}', ["1987-04-23", CARD]),
        ("account_number=00123456&iban=DE89370400440532013000", ["00123456", "DE89370400440532013000"]),
        ("<taxId>123456789</taxId><PhoneNumber kind='home'>5552671</PhoneNumber>", ["123456789", "5552671"]),
        ("user_name=jpurcell;db_password=hunter2x", ["jpurcell", "hunter2x"]),
        (
            "id,ssn,phone,amount\n7,123456789,4155552671,12.50\n8,987654321,4155552672,1300",
            ["123456789", "4155552671", "987654321", "4155552672"],
        ),
        ("date;account;total\n2026-11-29;12345678;1.250,00", ["12345678"]),
        ("| card | cvv |\n| 4111111111111111 | 123 |", [CARD, "123"]),
        ("policyNumber: AB-12345-67", ["AB-12345-67"]),
    ],
)
def test_the_name_of_a_field_tells_its_value(text: str, values: list[str]) -> None:
    assert masked(text) == values


@pytest.mark.parametrize(
    "text",
    [
        '{"amount": 123456789, "count": "12345678"}',
        "tax: 12345.50, vat: 20000, total=45000",
        "account: savings, card: debit, phone: none",
        "token: please, password: required",
        "date,amount,merchant\n2026-11-29,1250.00,Target",
        "Account: 12,500.00",
        "mobile: 45.20 a month",
    ],
)
def test_other_fields_stay(text: str) -> None:
    assert masked(text) == []
