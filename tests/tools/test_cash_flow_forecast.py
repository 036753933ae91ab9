import datetime as dt
import uuid
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from graph.tool import ToolContext
from tests.support.ledgers import Ledger
from tools.cash_flow_forecast import CashFlowForecast, cash_flow_forecast, whole_months


async def call(context: ToolContext, **arguments: Any) -> dict[str, Any]:
    return await cash_flow_forecast(CashFlowForecast(**arguments), context)


def row(day: str, amount: str, **more: Any) -> dict[str, Any]:
    return {"posted_at": dt.date.fromisoformat(day), "amount": amount, **more}


def months(*pairs: tuple[str, int], **more: Any) -> list[dict[str, Any]]:
    """Income on an odd day and spending of the months up to October; they differ, so that nothing is regular."""
    rows = []
    for number, (income, spent) in enumerate(reversed(pairs)):
        month = dt.date(2025, 10 - number, 1)
        rows.append(row(month.replace(day=3 + 5 * (number % 3)).isoformat(), income, category="Income", **more))
        rows.append(row(month.replace(day=2 + 7 * (number % 3)).isoformat(), f"-{spent}", category="Shopping", **more))
    return rows


async def test_what_is_not_regular_is_expected_at_its_median_with_the_range_that_was_seen(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    pairs = [("1000", 700), ("1500", 900), ("1200", 600), ("1100", 800), ("1300", 1000), ("1400", 500)]
    await ledger.add_transactions(user, [row("2025-04-02", "-1"), *months(*pairs), row("2025-11-05", "-9999")])
    result = await call(context, months=2)
    [usd] = result["currencies"]
    # Medians 1250 and 750; nets 300, 600, 600, 300, 300, 900.
    assert usd["based_on"] == ["2025-05", "2025-06", "2025-07", "2025-08", "2025-09", "2025-10"]
    expected = {"income": "1250.00", "spent": "750.00", "net": "500.00", "net_low": "300.00", "net_high": "900.00"}
    assert usd["months"] == [{"month": "2025-12", **expected}, {"month": "2026-01", **expected}]
    assert usd["total"] == {name: str(2 * Decimal(amount)) for name, amount in expected.items()}
    assert usd["regular"] == {"series": 0, "income": "0.00", "spent": "0.00", "net": "0.00"}


async def test_what_is_regular_is_expected_on_its_days_and_not_counted_twice(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    rent = [row(f"2025-{month:02}-01", "-500", merchant="Rent", category="Utilities") for month in range(3, 12)]
    weekly = [
        row((dt.date(2025, 9, 3) + dt.timedelta(weeks=number)).isoformat(), "-10", merchant="Box")
        for number in range(12)
    ]
    pairs = [("1000", 100)] * 6
    await ledger.add_transactions(user, [*rent, *weekly, *months(*pairs)])
    [usd] = (await call(context, months=2))["currencies"]
    # Wednesdays: five in December, four in January.
    assert [(month["spent"], month["net"]) for month in usd["months"]] == [("650.00", "350.00"), ("640.00", "360.00")]
    assert usd["other"] == {"income": "1000.00", "spent": "100.00", "net": "900.00"}
    assert usd["regular"]["series"] == 2


@pytest.mark.parametrize(("whole", "status"), [(2, "too_few_months"), (3, "ok")])
async def test_too_few_months_are_said(
    ledger: Ledger, user: str, context: ToolContext, whole: int, status: str
) -> None:
    pairs = [("10", 5)] * whole
    before = row(dt.date(2025, 10 - whole, 20).isoformat(), "-1")  # the month of the first booking is not whole
    await ledger.add_transactions(user, [before, *months(*pairs)])
    [usd] = (await call(context))["currencies"]
    assert (usd["status"], len(usd["based_on"])) == (status, whole)
    assert bool(usd["months"]) == (status == "ok")


def test_a_month_that_begins_with_the_first_booking_is_whole() -> None:
    this_month = dt.date(2025, 3, 1)
    assert whole_months(dt.date(2025, 1, 1), this_month) == [dt.date(2025, 1, 1), dt.date(2025, 2, 1)]
    assert whole_months(dt.date(2025, 1, 2), this_month) == [dt.date(2025, 2, 1)]
    assert whole_months(dt.date(2020, 1, 1), this_month)[0] == dt.date(2024, 9, 1)


async def test_a_month_without_bookings_counts_as_nothing_and_a_refund_lowers_spending(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    rows = [
        row("2025-04-02", "-1"),
        row("2025-06-10", "-90"),
        row("2025-06-20", "30"),
        row("2025-07-10", "100", is_transfer=True),
    ]
    await ledger.add_transactions(user, rows)
    [usd] = (await call(context, months=1))["currencies"]
    assert usd["months"] == [
        {"month": "2025-12", "income": "0.00", "spent": "0.00", "net": "0.00", "net_low": "-60.00", "net_high": "0.00"}
    ]


async def test_balances_that_are_known_are_carried_on_and_currencies_stay_apart(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add_accounts(
        user,
        [
            {"name": "Main", "type": "checking", "balance": "100", "balance_as_of": dt.date(2025, 11, 1)},
            {"name": "Card", "type": "credit", "balance": "-70", "balance_as_of": dt.date(2025, 11, 1)},
            {"name": "Old", "type": "savings"},
            {"name": "Maple", "type": "checking", "currency": "CAD"},
        ],
    )
    pairs = [("30", 10)] * 6
    await ledger.add_transactions(user, [*months(*pairs), *months(*pairs, currency="CAD")])
    cad, usd = (await call(context, months=3))["currencies"]
    assert (cad["starting_balance"], cad["projected_balance"], cad["accounts_unknown"]) == (None, None, 1)
    assert (usd["starting_balance"], usd["projected_balance"], usd["accounts_unknown"]) == ("100.00", "160.00", 1)
    assert [each["currency"] for each in (await call(context, currency="cad"))["currencies"]] == ["CAD"]


async def test_in_january_the_months_before_lie_in_the_old_year(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    rows = [row("2025-06-30", "-1"), *months(*[("30", 10)] * 4), row("2025-11-02", "-10"), row("2025-12-30", "-10")]
    await ledger.add_transactions(user, rows)
    [usd] = (await call(replace(context, today=dt.date(2026, 1, 31)), months=1))["currencies"]
    assert (usd["based_on"][0], usd["based_on"][-1], usd["months"][0]["month"]) == ("2025-07", "2025-12", "2026-02")


async def test_nobody_elses_months_count(ledger: Ledger, context: ToolContext) -> None:
    await ledger.add_transactions(str(uuid.uuid4()), months(*[("30", 10)] * 6))
    assert (await call(context))["status"] == "no_rows"
