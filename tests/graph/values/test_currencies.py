"""How many decimals a currency has, and that nobody pays for the table before it is needed."""

import subprocess
import sys
from decimal import ROUND_CEILING, Decimal

import pytest

from graph.values.currencies import decimal_places, is_currency, round_amount, smallest_unit


@pytest.mark.parametrize(
    ("currency", "decimals"),
    [("USD", 2), ("EUR", 2), ("JPY", 0), ("KRW", 0), ("CLP", 0), ("KWD", 3), ("TND", 3), ("CLF", 4), ("jpy", 0)],
)
def test_a_currency_has_the_decimals_of_the_standard(currency: str, decimals: int) -> None:
    assert decimal_places(currency) == decimals
    assert smallest_unit(currency) == Decimal(10) ** -decimals


@pytest.mark.parametrize("currency", ["ZZZ", "XAU", "", "a currency", None])
def test_what_the_standard_does_not_know_has_two(currency: str | None) -> None:
    assert decimal_places(currency) == 2


def test_a_currency_is_one_that_people_pay_with() -> None:
    assert [is_currency(code) for code in ("EUR", "JPY", "CLF", "XAU", "XXX", "ZZZ", "eur", "")] == [True] * 3 + [
        False
    ] * 5


def test_half_a_unit_goes_to_the_even_one_unless_another_way_is_asked_for() -> None:
    assert [round_amount(Decimal(text), "JPY") for text in ("0.5", "1.5", "2.4")] == [0, 2, 2]
    assert round_amount(Decimal("0.0005"), "KWD") == Decimal("0.000")
    assert round_amount(Decimal("0.1"), "JPY", ROUND_CEILING) == 1


def test_the_table_is_not_read_at_the_start() -> None:
    check = "import sys, tools.catalog, graph.grounding.amount_check; sys.exit('iso4217' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
