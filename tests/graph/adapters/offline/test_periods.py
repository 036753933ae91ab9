"""The periods that questions name, counted from a given day."""

import calendar
import contextlib
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.adapters.offline.date_phrases import AmbiguousPeriod
from graph.adapters.offline.periods import find_periods, without_periods

TODAY = dt.date(2026, 11, 15)
"""A Sunday."""

days = st.dates(dt.date(1950, 1, 1), dt.date(2090, 12, 31))
month_names = st.sampled_from(list(calendar.month_name)[1:])


def named(text: str, today: dt.date | None = TODAY) -> list[tuple[str | None, str | None]]:
    """The periods of a text as ISO dates."""
    return [
        (period.start.isoformat() if period.start else None, period.end.isoformat() if period.end else None)
        for period in find_periods(text, today)
    ]


def only(text: str, today: dt.date) -> tuple[dt.date, dt.date]:
    (period,) = find_periods(text, today)
    assert period.start
    assert period.end
    return period.start, period.end


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("What did I spend today?", "2026-11-15", "2026-11-15"),
        ("yesterday", "2026-11-14", "2026-11-14"),
        ("the day before yesterday", "2026-11-13", "2026-11-13"),
        ("How much this week?", "2026-11-09", "2026-11-15"),
        ("last week", "2026-11-02", "2026-11-08"),
        ("last weekend", "2026-11-07", "2026-11-08"),
        ("on Monday", "2026-11-09", "2026-11-09"),
        ("on Sunday", "2026-11-15", "2026-11-15"),
        ("last Sunday", "2026-11-08", "2026-11-08"),
        ("How much did I spend last month?", "2026-10-01", "2026-10-31"),
        ("this month", "2026-11-01", "2026-11-30"),
        ("last quarter", "2026-07-01", "2026-09-30"),
        ("last year", "2025-01-01", "2025-12-31"),
        ("this year's groceries", "2026-01-01", "2026-12-31"),
        ("in the last 30 days", "2026-10-17", "2026-11-15"),
        ("over the past two weeks", "2026-11-02", "2026-11-15"),
        ("the last 3 months", "2026-08-16", "2026-11-15"),
        ("the past month", "2026-10-16", "2026-11-15"),
        ("2 months ago", "2026-09-01", "2026-09-30"),
        ("a couple of weeks ago", "2026-10-26", "2026-11-01"),
        ("year to date", "2026-01-01", "2026-11-15"),
    ],
)
def test_a_relative_period_is_counted_from_today(text: str, start: str, end: str) -> None:
    assert named(text) == [(start, end)]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("groceries in March", "2026-03-01", "2026-03-31"),
        ("in November", "2026-11-01", "2026-11-30"),
        ("in December", "2025-12-01", "2025-12-31"),
        ("March 2025", "2025-03-01", "2025-03-31"),
        ("2025-03", "2025-03-01", "2025-03-31"),
        ("February 2024", "2024-02-01", "2024-02-29"),
        ("March last year", "2025-03-01", "2025-03-31"),
        ("last December", "2025-12-01", "2025-12-31"),
        ("last March", "2026-03-01", "2026-03-31"),
        ("3 March", "2026-03-03", "2026-03-03"),
        ("March 3rd, 2025", "2025-03-03", "2025-03-03"),
        ("the 3rd of March 2025", "2025-03-03", "2025-03-03"),
        ("on 2025-03-03", "2025-03-03", "2025-03-03"),
        ("on 25/12/2025", "2025-12-25", "2025-12-25"),
        ("on the 20th", "2026-10-20", "2026-10-20"),
        ("29 February", "2024-02-29", "2024-02-29"),
        ("Q1", "2026-01-01", "2026-03-31"),
        ("Q4", "2026-10-01", "2026-12-31"),
        ("Q4 2025", "2025-10-01", "2025-12-31"),
        ("2025 Q1", "2025-01-01", "2025-03-31"),
        ("the second quarter of 2025", "2025-04-01", "2025-06-30"),
        ("the first half of 2025", "2025-01-01", "2025-06-30"),
        ("in 2025", "2025-01-01", "2025-12-31"),
    ],
)
def test_a_calendar_period_without_a_year_is_the_most_recent_that_has_begun(text: str, start: str, end: str) -> None:
    assert named(text) == [(start, end)]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("between 3 March and 10 April", "2026-03-03", "2026-04-10"),
        ("from 3 March until 10 April", "2026-03-03", "2026-04-10"),
        ("3-10 April 2025", "2025-04-03", "2025-04-10"),
        ("March 3 to 10", "2026-03-03", "2026-03-10"),
        ("from November to February 2025", "2024-11-01", "2025-02-28"),
        ("from December 2024 to February", "2024-12-01", "2025-02-28"),
        ("between 2023 and 2024", "2023-01-01", "2024-12-31"),
        ("from March to now", "2026-03-01", "2026-11-15"),
        ("since January", "2026-01-01", "2026-11-15"),
        ("since last month", "2026-10-01", "2026-11-15"),
        ("from January onwards", "2026-01-01", "2026-11-15"),
        ("before April", None, "2026-03-31"),
        ("until 10 April", None, "2026-04-10"),
        ("after 3 March 2025", "2025-03-04", None),
    ],
)
def test_ranges_and_open_periods_hold_both_their_ends(text: str, start: str | None, end: str | None) -> None:
    assert named(text) == [(start, end)]


def test_a_range_that_has_begun_may_end_in_the_future() -> None:
    assert named("between 3 March and 10 April", dt.date(2026, 4, 5)) == [("2026-03-03", "2026-04-10")]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Compare last month and this month", 2),
        ("Compare March to April", 2),
        ("What is the difference between March and April?", 2),
        ("in Q1 2025 versus Q1 2026", 2),
        ("March, and once more March", 1),
    ],
)
def test_periods_that_are_compared_stay_apart_and_each_counts_once(text: str, count: int) -> None:
    assert len(find_periods(text, TODAY)) == count


@pytest.mark.parametrize(
    "text",
    [
        "How much did I spend?",
        "May I ask what is on my account?",
        "purchases between 10 and 20 dollars",
        "purchases over 2000",
        "spent 2000 dollars",
        "my last 5 transactions",
        "the last time I paid",
        "what did Jan pay",
        "",
    ],
)
def test_other_numbers_and_names_are_no_period(text: str) -> None:
    assert named(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "31 April",
        "29 February 2025",
        "2025-13-01",
        "on 03/04/2025",
        "in the last few weeks",
        "this summer",
        "10-3 April",
    ],
)
def test_an_unclear_period_is_an_error_and_not_a_guess(text: str) -> None:
    with pytest.raises(AmbiguousPeriod):
        find_periods(text, TODAY)


@pytest.mark.parametrize("text", ["last month", "in March", "since yesterday", "3 March", "Q1"])
def test_without_todays_date_only_full_dates_are_read(text: str) -> None:
    with pytest.raises(AmbiguousPeriod, match="do not know today's date"):
        find_periods(text, None)
    assert named("March 2025", None) == [("2025-03-01", "2025-03-31")]
    assert named("between 2025-01-03 and 2025-02-10", None) == [("2025-01-03", "2025-02-10")]


def test_the_text_around_a_period_stays() -> None:
    assert without_periods("spent in March at Amazon this summer", "P").split() == ["spent", "P", "at", "Amazon", "P"]


@given(today=days)
def test_last_month_is_the_whole_month_before(today: dt.date) -> None:
    start, end = only("last month", today)
    assert start.day == 1
    assert end + dt.timedelta(1) == today.replace(day=1)
    assert (end.year, end.month) == (start.year, start.month)


@given(today=days, name=month_names)
def test_a_month_without_a_year_has_begun_within_the_last_year_and_is_whole(today: dt.date, name: str) -> None:
    start, end = only(f"in {name}", today)
    assert calendar.month_name[start.month] == name
    assert (start.day, end.day) == (1, calendar.monthrange(start.year, start.month)[1])
    assert start <= today < start.replace(year=start.year + 1)


@given(today=days, number=st.integers(1, 999), unit=st.sampled_from(["days", "weeks", "months", "years"]))
def test_the_last_so_many_units_end_today(today: dt.date, number: int, unit: str) -> None:
    start, end = only(f"the last {number} {unit}", today)
    assert end == today
    assert start <= today
    if unit == "days":
        assert (end - start).days == number - 1


@given(today=days, day=days)
def test_a_full_date_is_that_day_whatever_today_is(today: dt.date, day: dt.date) -> None:
    for text in (day.isoformat(), f"{day:%B} {day.day}, {day.year}", f"{day.day} {day:%b} {day.year}"):
        assert only(f"spent on {text}", today) == (day, day)


@given(today=days, day=days)
def test_a_day_without_a_year_is_the_latest_one_that_is_not_in_the_future(today: dt.date, day: dt.date) -> None:
    found, _ = only(f"on {day.day} {day:%B}", today)
    assert (found.month, found.day) == (day.month, day.day)
    assert found <= today
    assert (today - found).days <= 366 * 8


@given(today=days, text=st.text(alphabet="0123456789 /-marchlsty ondbew", max_size=60))
def test_any_text_gives_periods_in_order_or_says_why_not(today: dt.date, text: str) -> None:
    with contextlib.suppress(AmbiguousPeriod):
        periods = find_periods(text, today)
        assert all(period.start <= period.end for period in periods if period.start and period.end)
