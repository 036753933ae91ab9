"""What comes regularly is found, what does not is left alone, and what it costs a month is exact."""

import datetime as dt
import uuid
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.tool import ToolContext
from tests.support.ledgers import Ledger, earned, refunded, spent, transferred
from tools.recurring_payments import RecurringPayments, monthly_cost, recurring_payments
from tools.shared.payment_series import payee_series


async def call(context: ToolContext, **arguments: Any) -> dict[str, Any]:
    return await recurring_payments(RecurringPayments(**arguments), context)


def monthly_rows(merchant: str, amount: str, day: int, months: Iterable[int], **more: Any) -> list[dict[str, Any]]:
    """A booking on this day of each of the months of 2025, or its last day."""
    return [
        {"merchant": merchant, "amount": amount, "posted_at": dt.date(2025, month, min(day, 28)), **more}
        for month in months
    ]


async def test_a_subscription_with_its_next_day_and_what_it_costs(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add_transactions(user, monthly_rows("StreamBox", "-9.49", 12, range(6, 12), category="Entertainment"))
    result = await call(context)
    assert result["recurring"] == [
        {
            "merchant": "StreamBox",
            "description": None,
            "category": "Entertainment",
            "currency": "USD",
            "every": "monthly",
            "usual_amount": "9.49",
            "last_amount": "9.49",
            "amount_varies": False,
            "monthly_cost": "9.49",
            "seen": 6,
            "first_date": "2025-06-12",
            "last_date": "2025-11-12",
            "active": True,
            "next_expected_date": "2025-12-12",
            "subscription": True,
        }
    ]
    assert result["totals"] == [
        {
            "currency": "USD",
            "count": 1,
            "monthly_cost": "9.49",
            "subscriptions": 1,
            "subscriptions_monthly_cost": "9.49",
        }
    ]


async def test_a_price_that_rose_does_not_make_two_of_one_series(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add_transactions(
        user,
        monthly_rows("StreamBox", "-9.99", 4, range(1, 8), category="Entertainment")
        + monthly_rows("StreamBox", "-14.99", 4, range(8, 12), category="Entertainment"),
    )
    [found] = (await call(context, subscriptions_only=True))["recurring"]
    assert (found["usual_amount"], found["seen"], found["first_date"]) == ("14.99", 11, "2025-01-04")


async def test_what_has_stopped_is_over_and_only_listed_when_asked_for(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add_transactions(user, monthly_rows("Gym", "-39", 3, range(2, 9), category="Personal Care"))
    result = await call(context)
    assert (result["status"], result["ended"], result["recurring"]) == ("no_rows", 1, [])
    [ended] = (await call(context, include_ended=True))["recurring"]
    assert (ended["active"], ended["next_expected_date"], ended["last_date"]) == (False, None, "2025-08-03")
    assert (await call(context, include_ended=True))["totals"] == []


async def test_rent_is_regular_and_no_subscription(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(
        user,
        monthly_rows("Cedar Court", "-1850", 1, range(5, 12), category="Bills & Services")
        + monthly_rows("CloudVault", "-9.99", 2, range(5, 12), category="Bills & Services")
        + monthly_rows("City Light", "-80", 9, range(5, 12), category="Utilities"),
    )
    result = await call(context)
    assert [(row["merchant"], row["subscription"]) for row in result["recurring"]] == [
        ("Cedar Court", False),
        ("City Light", False),
        ("CloudVault", True),
    ]
    [totals] = result["totals"]
    assert (totals["monthly_cost"], totals["subscriptions_monthly_cost"]) == ("1939.99", "9.99")


async def test_two_policies_at_one_insurer_are_two_series(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(
        user,
        monthly_rows("Evergreen", "-118.40", 6, range(6, 12), category="Insurance")
        + monthly_rows("Evergreen", "-19.25", 21, range(5, 11), category="Insurance"),
    )
    assert [row["usual_amount"] for row in (await call(context))["recurring"]] == ["118.40", "19.25"]


async def test_a_yearly_fee_is_found_by_its_third_booking(ledger: Ledger, user: str, context: ToolContext) -> None:
    days = [dt.date(2023, 3, 1), dt.date(2024, 2, 29), dt.date(2025, 3, 1)]
    await ledger.add_transactions(user, [spent("25", "Business Expenses", on=day, merchant="Domains") for day in days])
    [found] = (await call(context))["recurring"]
    assert (found["every"], found["monthly_cost"], found["next_expected_date"]) == ("yearly", "2.08", "2026-03-01")


@pytest.mark.parametrize(
    ("days", "amounts"),
    [
        ([10, 40], ["-9", "-9"]),
        ([10, 13, 71, 90], ["-9", "-9", "-9", "-9"]),
        ([10, 40, 70, 100], ["-9", "-90", "-31", "-300"]),
        ([10, 10, 10], ["-9", "-9", "-9"]),
    ],
    ids=["twice only", "irregular days", "irregular amounts", "one day"],
)
async def test_what_is_not_regular_is_not_found(
    ledger: Ledger, user: str, context: ToolContext, days: list[int], amounts: list[str]
) -> None:
    await ledger.add_transactions(
        user,
        [
            {"merchant": "Shop", "amount": amount, "posted_at": context.today - dt.timedelta(days=ago)}
            for ago, amount in zip(days, amounts, strict=True)
        ],
    )
    assert (await call(context, include_ended=True))["status"] == "no_rows"


async def test_income_is_asked_for_apart_and_transfers_and_refunds_are_neither(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    fortnights = [context.today - dt.timedelta(days=14 * number) for number in range(6)]
    await ledger.add_transactions(
        user,
        [
            row
            for day in fortnights
            for row in (
                earned("1200", on=day, merchant="Employer"),
                transferred("-100", on=day, merchant="Bank"),
                refunded("5", on=day, merchant="Shop"),
            )
        ],
    )
    assert (await call(context))["status"] == "no_rows"
    [found] = (await call(context, type="income"))["recurring"]
    assert (found["every"], found["monthly_cost"]) == ("biweekly", "2607.14")  # 1200 * 365 / 168


async def test_currencies_stay_apart_and_totals_cover_what_is_not_listed(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add_transactions(
        user,
        monthly_rows("A", "-10", 5, range(6, 12))
        + monthly_rows("B", "-20", 6, range(6, 12))
        + monthly_rows("C", "-30", 7, range(6, 12), currency="CAD"),
    )
    result = await call(context, limit=1)
    assert (result["found"], result["listed"]) == (3, 1)
    assert [(each["currency"], each["monthly_cost"]) for each in result["totals"]] == [
        ("CAD", "30.00"),
        ("USD", "30.00"),
    ]


async def test_another_users_payments_are_not_seen(ledger: Ledger, context: ToolContext) -> None:
    await ledger.add_transactions(str(uuid.uuid4()), monthly_rows("StreamBox", "-9.49", 12, range(6, 12)))
    assert (await call(context, include_ended=True))["status"] == "no_rows"


CADENCES = {"weekly": 7, "biweekly": 14}


@settings(deadline=None)
@given(
    st.sampled_from(["weekly", "biweekly", "monthly", "quarterly"]),
    st.dates(dt.date(2023, 1, 1), dt.date(2024, 12, 31)),
    st.integers(3, 12),
    st.decimals("0.01", "9999", places=2),
)
def test_whatever_comes_regularly_is_found_whole_and_expected_after_its_last_day(
    cadence: str, start: dt.date, count: int, amount: Decimal
) -> None:
    months = {"monthly": 1, "quarterly": 3}.get(cadence)
    days = [
        start + dt.timedelta(days=CADENCES[cadence] * number) if months is None else shifted(start, months * number)
        for number in range(count)
    ]
    row = {"merchant": "M", "description": None, "currency": "USD", "category": "Shopping"}
    [series] = payee_series(row | {"days": days, "amounts": [-amount] * count})
    assert (series.cadence, len(series.bookings), -series.usual_amount) == (cadence, count, amount)
    step = shifted(start, months * count) if months else start + dt.timedelta(days=CADENCES[cadence] * count)
    assert abs((next(series.expected_dates()) - step).days) <= 3
    exact = amount / months if months else amount * 365 / (12 * CADENCES[cadence])
    assert abs(monthly_cost(series) - exact) <= Decimal("0.005")


def shifted(day: dt.date, months: int) -> dt.date:
    """The same day so many months later, or the last one of that month."""
    count = day.year * 12 + day.month - 1 + months
    for last in (31, 30, 29, 28):
        try:
            return dt.date(count // 12, count % 12 + 1, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError
