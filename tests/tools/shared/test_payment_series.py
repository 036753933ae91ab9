import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.values.months import add_months, last_day
from tools.shared.payment_series import PaymentSeries, find_series

TODAY = dt.date(2025, 11, 20)


def row(*bookings: tuple[str, str], merchant: str = "Shop") -> dict[str, Any]:
    days, amounts = zip(*((dt.date.fromisoformat(day), Decimal(amount)) for day, amount in bookings), strict=True)
    return {
        "merchant": merchant,
        "description": None,
        "currency": "USD",
        "category": "Utilities",
        "days": list(days),
        "amounts": list(amounts),
    }


def series_of(*bookings: tuple[str, str]) -> list[PaymentSeries]:
    return find_series([row(*bookings)])


def test_three_months_at_one_price_are_a_series() -> None:
    [series] = series_of(("2025-09-14", "-65"), ("2025-10-14", "-65"), ("2025-11-14", "-65"))
    assert (series.cadence, series.usual_amount, series.amount_varies) == ("monthly", Decimal(-65), False)
    assert series.expected_between(TODAY, dt.date(2026, 2, 28)) == [
        dt.date(2025, 12, 14),
        dt.date(2026, 1, 14),
        dt.date(2026, 2, 14),
    ]


def test_two_are_not() -> None:
    assert series_of(("2025-10-14", "-65"), ("2025-11-14", "-65")) == []


def test_a_last_day_of_the_month_stays_the_last_day() -> None:
    [series] = series_of(("2025-09-30", "-9"), ("2025-10-31", "-9"), ("2025-11-30", "-9"))
    assert series.expected_between(dt.date(2025, 12, 1), dt.date(2026, 4, 30)) == [
        dt.date(2025, 12, 31),
        dt.date(2026, 1, 31),
        dt.date(2026, 2, 28),
        dt.date(2026, 3, 31),
        dt.date(2026, 4, 30),
    ]


def test_a_leap_february_has_a_day_more() -> None:
    [series] = series_of(("2027-11-30", "-9"), ("2027-12-31", "-9"), ("2028-01-31", "-9"))
    assert next(series.expected_dates()) == dt.date(2028, 2, 29)


def test_one_that_was_booked_a_day_early_in_the_month_before_is_that_months() -> None:
    [series] = series_of(("2025-09-01", "-9"), ("2025-10-01", "-9"), ("2025-10-31", "-9"))
    assert next(series.expected_dates()) == dt.date(2025, 12, 1)


def test_two_prices_of_one_payee_are_two_series() -> None:
    auto = [(f"2025-{month:02}-06", "-118.40") for month in (8, 9, 10, 11)]
    home = [(f"2025-{month:02}-21", "-19.25") for month in (8, 9, 10)]
    found = series_of(*sorted([*auto, *home]))
    assert sorted((series.cadence, series.usual_amount, len(series.bookings)) for series in found) == [
        ("monthly", Decimal("-118.40"), 4),
        ("monthly", Decimal("-19.25"), 3),
    ]


def test_a_monthly_bill_may_vary_and_says_so() -> None:
    [series] = series_of(("2025-08-09", "-58"), ("2025-09-09", "-134"), ("2025-10-09", "-71"), ("2025-11-10", "-99"))
    assert (series.cadence, series.amount_varies, series.usual_amount) == ("monthly", True, Decimal(-99))


def test_a_price_rise_stays_in_the_series_and_the_new_price_is_expected() -> None:
    [series] = series_of(
        ("2025-07-04", "-9.49"), ("2025-08-04", "-9.49"), ("2025-09-04", "-10.49"), ("2025-10-04", "-10.49"),
        ("2025-11-04", "-10.49"),
    )  # fmt: skip
    assert series.usual_amount == Decimal("-10.49")


@pytest.mark.parametrize(("cadence", "step", "count"), [("weekly", 7, 6), ("biweekly", 14, 6), ("quarterly", 91, 4)])
def test_other_distances(cadence: str, step: int, count: int) -> None:
    first = dt.date(2025, 1, 6)
    bookings = [((first + dt.timedelta(days=step * number)).isoformat(), "-20") for number in range(count)]
    [series] = series_of(*bookings)
    assert series.cadence == cadence


def test_twice_a_month_is_not_every_two_weeks() -> None:
    days = ["2025-08-15", "2025-08-29", "2025-09-15", "2025-09-30", "2025-10-15", "2025-10-31", "2025-11-14"]
    assert series_of(*((day, "3148.62") for day in days)) == []


def test_purchases_now_and_then_are_no_series() -> None:
    days = ["2025-09-01", "2025-09-03", "2025-09-17", "2025-10-20", "2025-10-22", "2025-11-19"]
    assert series_of(*((day, "-30") for day in days)) == []


def test_one_that_did_not_come_again_is_over() -> None:
    [series] = series_of(("2025-06-14", "-65"), ("2025-07-14", "-65"), ("2025-08-14", "-65"))
    assert series.is_over(TODAY)
    assert not series.is_over(dt.date(2025, 9, 20))


@settings(deadline=None)
@given(
    st.dates(dt.date(2020, 1, 1), dt.date(2028, 12, 31)), st.integers(3, 13), st.integers(1, 31), st.integers(1, 10**6)
)
def test_whatever_comes_on_a_day_of_each_month_is_found_and_comes_on_it_again(
    start: dt.date, count: int, day: int, price: int
) -> None:
    months = [add_months(start.replace(day=1), number) for number in range(count + 1)]
    days = [month.replace(day=min(day, last_day(month).day)) for month in months]
    [series] = series_of(*((each.isoformat(), f"-{price}") for each in days[:-1]))
    assert series.cadence == "monthly"
    # Short months may have hidden on which of the last days it comes.
    assert abs((next(series.expected_dates()) - days[-1]).days) <= (0 if day <= 28 else 3)
