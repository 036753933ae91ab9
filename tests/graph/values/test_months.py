"""Months are counted over the ends of years and of the calendar."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.adapters.offline.calendar_math import shift
from graph.values.months import add_months, last_day

first_days = st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1)).map(lambda day: day.replace(day=1))


@given(first_days, st.integers(-600, 600))
def test_so_many_months_later_and_back_is_the_same_month(first: dt.date, count: int) -> None:
    assert add_months(add_months(first, count), -count) == first


@given(first_days)
def test_the_day_after_the_last_day_of_a_month_is_the_first_of_the_next(first: dt.date) -> None:
    assert last_day(first) + dt.timedelta(days=1) == add_months(first, 1)


@given(st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1)), st.integers(-600, 600))
def test_a_day_that_is_moved_by_months_stays_in_the_month_it_is_moved_to(day: dt.date, count: int) -> None:
    moved = shift(day, "month", count)
    assert moved.replace(day=1) == add_months(day.replace(day=1), count)
    assert moved.day == min(day.day, last_day(moved).day)


def test_the_calendar_ends() -> None:
    with pytest.raises(ValueError, match="year"):
        add_months(dt.date(9999, 12, 1), 1)
