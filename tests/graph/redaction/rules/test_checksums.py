"""Check digits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.redaction.rules import checksums


@pytest.mark.parametrize(
    "number", ["4111111111111111", "378282246310005", "046454286", "6304000000000000", "30569309025904"]
)
def test_luhn_accepts_real_numbers(number: str) -> None:
    assert checksums.luhn(number)


@given(st.text("0123456789", min_size=12, max_size=19), st.integers(0, 18), st.integers(1, 9))
def test_luhn_notices_every_single_wrong_digit(number: str, place: int, step: int) -> None:
    place %= len(number)
    wrong = number[:place] + str((int(number[place]) + step) % 10) + number[place + 1 :]
    assert not (checksums.luhn(number) and checksums.luhn(wrong))


@pytest.mark.parametrize("iban", ["DE89370400440532013000", "GB29NWBK60161331926819", "FR1420041010050500013M02606"])
def test_mod97_accepts_ibans(iban: str) -> None:
    assert checksums.mod97(iban)
    assert not checksums.mod97(iban[:-1] + ("1" if iban[-1] != "1" else "2"))


def test_other_checks() -> None:
    assert checksums.routing("021000021")
    assert not checksums.routing("021000022")
    assert checksums.nhs("9434765919")
    assert not checksums.nhs("9434765918")
    assert checksums.verhoeff("234123412346")
    assert not checksums.verhoeff("234123412345")


def test_crypto_checks() -> None:
    assert checksums.base58check("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa")
    assert not checksums.base58check("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb")
    assert checksums.bech32("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4")
    assert checksums.bech32("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0")
    assert not checksums.bech32("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5")
