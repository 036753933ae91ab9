"""Amounts, numbers, days and periods as the user's locale writes them."""

import datetime as dt

import pytest

from tools.shared.sentences.lists import join_names
from tools.shared.sentences.wording import Wording

TODAY = dt.date(2025, 11, 20)


def wording(locale: str = "en-US") -> Wording:
    return Wording(locale, TODAY)


@pytest.mark.parametrize(
    ("locale", "currency", "written"),
    [
        ("en-US", "USD", "$1,234.50"),
        ("en-US", "CAD", "CA$1,234.50"),
        ("en", "USD", "$1,234.50"),
        ("en-CA", "CAD", "$1,234.50"),
        ("en-CA", "USD", "US$1,234.50"),
        ("en-GB", "GBP", "£1,234.50"),
        ("en-GB", "PLN", "PLN\u00a01,234.50"),
        ("en-IN", "INR", "₹1,234.50"),
        ("de-DE", "EUR", "1.234,50\u00a0€"),
        ("de-AT", "EUR", "€1.234,50"),
        ("de-DE", "CAD", "1.234,50\u00a0CA$"),
        ("de-CH", "CHF", "CHF\u00a01'234.50"),
        ("fr-FR", "EUR", "1\u00a0234,50\u00a0€"),
        ("pt-BR", "BRL", "R$1.234,50"),
        ("es-MX", "MXN", "$1,234.50"),
        ("zh-Hant-TW", "USD", "$1,234.50"),
        ("xx-YY", "EUR", "€1,234.50"),
    ],
)
def test_an_amount_follows_the_locale(locale: str, currency: str, written: str) -> None:
    assert wording(locale).money("1234.50", currency) == written


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        ("-1234567.89", "USD", "-$1,234,567.89"),
        ("0.00", "USD", "$0.00"),
        ("1250", "JPY", "¥1,250"),
        ("1.234", "KWD", "KWD\u00a01.234"),
        ("999", None, "999"),
        ("-12.50", "", "-12.50"),
    ],
)
def test_an_amount_keeps_its_sign_and_its_decimals(amount: str, currency: str | None, written: str) -> None:
    assert wording().money(amount, currency) == written


def test_an_amount_can_be_written_without_its_sign() -> None:
    assert wording().size("-12.50", "USD") == "$12.50"


def test_indian_groups_have_two_digits_after_the_first_three() -> None:
    assert wording("hi-IN").number("12345678.9") == "1,23,45,678.9"


def test_a_percentage_has_no_needless_zeros() -> None:
    assert [wording().percent(percent) for percent in ("75.0", "-12.50", "0.0", "1234.5")] == [
        "75%",
        "12.5%",
        "0%",
        "1,234.5%",
    ]
    assert wording("de-DE").percent("19.99") == "19,99%"


def test_a_count_agrees_with_its_noun() -> None:
    assert [wording().count(number, "transaction") for number in (0, 1, 1204)] == [
        "no transactions",
        "1 transaction",
        "1,204 transactions",
    ]


@pytest.mark.parametrize(
    ("locale", "start", "end", "written"),
    [
        ("en-US", None, None, "in all your records"),
        ("en-US", "2025-10-01", None, "since October 1"),
        ("en-US", None, "2024-10-01", "up to October 1, 2024"),
        ("en-US", "2025-10-03", "2025-10-03", "on October 3"),
        ("en-US", "2025-10-01", "2025-10-31", "in October"),
        ("en-US", "2024-10-01", "2024-10-31", "in October 2024"),
        ("en-US", "2025-01-01", "2025-12-31", "in 2025"),
        ("en-US", "2025-01-01", "2025-03-31", "from January to March"),
        ("en-US", "2024-11-01", "2025-02-28", "from November 2024 to February 2025"),
        ("en-US", "2025-11-01", "2025-11-15", "from November 1 to 15"),
        ("en-US", "2024-11-01", "2024-11-15", "from November 1 to 15, 2024"),
        ("en-US", "2025-10-21", "2025-11-20", "from October 21 to November 20"),
        ("en-US", "2024-12-21", "2025-01-20", "from December 21, 2024 to January 20, 2025"),
        ("en-GB", "2025-11-01", "2025-11-15", "from 1 to 15 November"),
        ("en-GB", "2024-11-01", "2024-12-15", "from 1 November to 15 December 2024"),
        ("de-DE", "2025-11-03", "2025-11-03", "on 3 November"),
    ],
)
def test_a_period_is_said_in_days_and_months(locale: str, start: str | None, end: str | None, written: str) -> None:
    assert wording(locale).period(start, end) == written


def test_a_list_says_how_many_more_there_are() -> None:
    names = list("abcdefg")
    assert wording().listing(names[:2]) == "a and b"
    assert wording().listing(names, limit=2) == "a, b and 5 more"
    assert wording().listing(names[:3], total=1204) == "a, b, c and 1,201 more"
    assert join_names(["a"]) == "a"
