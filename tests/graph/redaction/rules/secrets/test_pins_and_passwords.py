"""Secrets: PINs, one-time codes, passwords, keys, and dates of birth."""

import pytest

from tests.support.masked import left, masked

HEX = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("my pin's 4821", "4821"),
        ("PIN-Code 4821", "4821"),
        ("la geheimzahl ist 4821", "4821"),
        ("OTP 829104", "829104"),
        ("the code they texted me: 829104", "829104"),
        ("código de verificación 829104", "829104"),
        ("your verification code is 829-104", "829-104"),
        ("the three digits on the back are 482", "482"),
        ("cryptogramme 482", "482"),
        ("829104 is your verification code", "829104"),
        ("G-829104 is your Google verification code", "829104"),
        ("2FA: 829104", "829104"),
        ("login janeroe77 / hunter22", "hunter22"),
        ("my birthday's 4/23", "4/23"),
        ("birth year 1987", "1987"),
        ("latitude 52.5200, longitude 13.4050", "52.5200, longitude 13.4050"),
        ("passwort Sommer2024!", "Sommer2024!"),
        ("my password is correct#horse", "correct#horse"),
        ("mot de passe : Soleil33", "Soleil33"),
        ("contraseña: gatito99", "gatito99"),
        ("my bday is April 23rd, 1987", "April 23rd, 1987"),
        ("Geburtsdatum 23.04.1987", "23.04.1987"),
        ("né le 23 avril 1987", "23 avril 1987"),
        ("DOB-23APR1987", "23APR1987"),
        ("fecha de nacimiento: 23 de abril de 1987", "23 de abril de 1987"),
        ("data de nascimento 23/04/1987", "23/04/1987"),
        ("nata il 23 aprile 1987", "23 aprile 1987"),
        ("I'm at 52.520008, 13.404954", "52.520008, 13.404954"),
    ],
)
def test_a_code_is_found_behind_its_word(text: str, value: str) -> None:
    assert masked(text) == [value]


@pytest.mark.parametrize(
    "secret",
    [
        "AKIA" + "IOSFODNN7EXAMPLE",
        "ghp_" + "a1B2" * 9,
        "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
        "sk-proj-" + "abcDEF123456" * 3,
        "xoxb-" + "123456789012-abcdefABCDEF",
        "AIza" + "SyA1234567890abcdefghijklmnopqrstuv",
        "SG." + "a1b2c3d4e5f6g7h8i9j0kl" + "." + "a1b2c3d4e5f6g7h8i9j0a1b2c3d4e5f6g7h8i9j0abc",
        "access-sandbox-" + "de3ce8ef-33f8-452c-a685-8671031fc0f6",
        "glpat-" + "a1b2c3d4e5f6g7h8i9j0",
        "-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----",
    ],
)
def test_a_key_is_known_by_the_prefix_of_its_issuer(secret: str) -> None:
    assert left(f"use {secret}") == "use"


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        (f"api_key={HEX}", "apikey"),
        (f"Authorization: Bearer {HEX}", "AuthorizationBearer"),
        ("postgres://app:s3cr3tpw@db/main", "postgresappmain"),
        ("my seed phrase is " + " ".join(["apple"] * 12), "myseedphraseis"),
    ],
)
def test_a_key_is_known_by_the_words_before_it(text: str, rest: str) -> None:
    assert left(text) == rest


@pytest.mark.parametrize(
    "text",
    [
        "Let me pin down 2000 dollars for it",
        "I forgot my password, the old password is wrong",
        "my password is not working",
        "Use promo code 2024 at checkout",
        "tax code 1250 and dress code 5000",
        "the security code on 3 cards",
        "the pass costs 1200",
        "a bus pass is $120.50 and 2024 is the code year",
        "her birthday dinner cost 120/2 each",
        "a token of 5000 thanks",
        "I was born in a small town",
        "the key is to save 2000 a month",
        "rates moved 1.0845, 0.8532",
        "the secret is saving 500",
        "pin the goal of 5000 to the top",
        "merchant code 5411, category code 5812",
    ],
)
def test_ordinary_sentences_hold_no_code(text: str) -> None:
    assert masked(text) == []
