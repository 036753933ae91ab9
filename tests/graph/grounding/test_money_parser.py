"""What of a text is an amount of money, and what it may mean."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.grounding.money_parser import amounts_in, numbers_in


def found(text: str) -> list[tuple[str, ...]]:
    """The values of each amount of a text."""
    return [tuple(str(reading.value) for reading in amount.interpretations) for amount in amounts_in(text)]


def value(text: str) -> Decimal:
    [amount] = amounts_in(text)
    return amount.interpretations[0].value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("You spent $1,234.50 there.", "1234.50"),
        ("1.234,50 €", "1234.50"),
        ("1'234.50 CHF", "1234.50"),
        ("₹12,34,567.00", "1234567.00"),
        ("1 234,50 kr", "1234.50"),
        ("USD 12", "12"),
        ("US$12.50", "12.50"),
        ("R$ 5,00", "5.00"),
        ("12 dollars", "12"),
        ("12.50USD", "12.50"),
        ("**582.63** USD", "582.63"),
        ("`$9.99`", "9.99"),
        ("99 cents", "0.99"),
        ("50¢", "0.50"),
        ("£3k", "3000"),
        ("$1.2 million", "1200000.0"),
        ("2 hundred dollars", "200"),
        ("5 grand", "5000"),
        ("twelve dollars", "12"),
        ("a hundred and fifty euros", "150"),
        ("Twenty-five bucks", "25"),
        ("two thousand three hundred dollars", "2300"),
    ],
)
def test_a_number_with_a_currency_is_an_amount(text: str, expected: str) -> None:
    assert value(text) == Decimal(expected)


@pytest.mark.parametrize(
    "text", ["-12.50 USD", "\u221212.50", "(12.50)", "$-12.50", "-$12.50", "\u2212$12.50", "**-12.50**"]
)
def test_an_amount_has_no_sign(text: str) -> None:
    assert value(text) == Decimal("12.50")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("| Groceries | 582.63 |", "582.63"),
        ("You spent 800 on rent.", "800"),
        ("The balance is 830.", "830"),
        ("That leaves 1,200.", "1200"),
        ("about 1.2k on rent", "1200.0"),
    ],
)
def test_without_a_currency_cents_words_of_money_and_thousands_make_an_amount(text: str, expected: str) -> None:
    assert value(text) == Decimal(expected)


def test_the_second_amount_of_a_range_needs_no_currency() -> None:
    assert found("Plan $10-20, or between 100 and 150 USD.") == [("10",), ("20",), ("150",)]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "12.5 %",
            "12.50%",
            "4.25-4.75%",
            "12.50 percent",
            "25 bps",
            "a rate of 4.25",
            "APR: 19.99",
            "a z-score of 5.32",
        ),
        *(
            "2026-10-31",
            "31.10.2026",
            "10/31/2026",
            "1/2/26",
            "2026-10",
            "in 2026",
            "spent in 2026",
            "total 2026: nothing",
        ),
        *("12:30", "7.30 pm", "2026-10-31T07:30:00"),
        *(
            "3 transactions",
            "1,234 transactions",
            "spent 12 times",
            "a total of 26 payments",
            "3 USD accounts",
            "10k steps",
        ),
        *(
            "[CARD_7K3Q9D]",
            "[PHONE_123456]",
            "as shown in [1]",
            "1. Rent",
            "#4417",
            "ending in 4417",
            "3.50x",
            "2.75 years",
        ),
        *("620bf35e-912d-546a-afec-76333f882122", "your 401k", "your 401(k)", "5TH AVE", "24.00H"),
        *("a few hundred dollars", "hundreds of dollars", "one of the accounts", "1 EUR = the base"),
    ],
)
def test_other_numbers_are_none(text: str) -> None:
    assert found(text) == []


def test_three_digits_behind_a_separator_are_thousands_unless_the_text_has_decimals_behind_it() -> None:
    assert found("€1.234") == [("1234",)]
    assert found("€1.234 and 3,50 €") == [("1234",), ("3.50",)]
    assert found("$1.234 and $3.50") == [("1.234",), ("3.50",)]


@pytest.mark.parametrize("text", ["$12,34.50", "$1.234.50", "$1,23,45", "$1,2345.00"])
def test_an_amount_with_misplaced_separators_means_nothing(text: str) -> None:
    assert found(text) == [()]


def test_three_digits_behind_a_separator_may_be_decimals_of_a_currency_that_has_three() -> None:
    assert found("KWD 1.234") == [("1.234", "1234")]
    assert found("1,234 KWD and USD 1,234") == [("1.234", "1234"), ("1234",)]
    assert found("KWD 1,234.567") == [("1234.567",)]


def test_an_amount_of_three_decimals_is_exact_to_the_third() -> None:
    [amount] = amounts_in("1.23 KWD")
    assert amount.interpretations[0].low > Decimal("1.229")
    assert amount.interpretations[0].high < Decimal("1.234")


def test_a_space_may_part_thousands_or_numbers() -> None:
    assert found("12 500 USD") == [("12500", "500")]


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("$12.50", "12.495", "12.505"),
        ("$12", "11.995", "12.005"),
        ("$583", "582.5", "583.5"),
        ("about $1,200", "1150", "1250"),
        ("roughly **$37**", "36.5", "37.5"),
        ("$1.2k", "1150", "1250"),
        ("over $500", "499.995", "550"),
        ("almost $600", "540", "600.005"),
    ],
)
def test_an_amount_stands_for_what_is_written_so_when_it_is_rounded(text: str, low: str, high: str) -> None:
    [amount] = amounts_in(text)
    assert amount.interpretations[0].low == Decimal(low)
    assert amount.interpretations[0].high == Decimal(high)


def test_an_amount_knows_the_currencies_that_it_may_be_of() -> None:
    dollars, euros, bare = amounts_in("$5, 6 EUR, 7.00")
    assert {"USD", "CAD"} <= dollars.currencies
    assert (euros.currencies, bare.currencies) == (frozenset({"EUR"}), frozenset())


def test_an_amount_is_kept_as_it_is_written() -> None:
    text = "You spent **$1,234.50** and 12,50\u00a0\u20ac."
    assert [amount.text for amount in amounts_in(text)] == ["$1,234.50", "12,50\u00a0\u20ac"]


def test_all_numbers_of_a_text_are_found_in_each_meaning() -> None:
    numbers = set(numbers_in("Can I buy 2 for 1.500, or fifty dollars, before 2026-10-31? I have 3k in A5."))
    assert numbers == {Decimal(2), Decimal(1500), Decimal("1.500"), Decimal(50), Decimal(3000)}


@settings(deadline=None)
@given(st.text(st.sampled_from("0123456789.,' $\u20ackm%-/:()[]_*aUSDEUR\n") | st.characters(), max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    for amount in amounts_in(text):
        assert text[amount.start].isdigit() or text[amount.start].isalpha()
    list(numbers_in(text))
