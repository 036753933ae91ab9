"""What is out of the ordinary is found with its evidence, and what is ordinary is not."""

import datetime as dt
import statistics
import uuid
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.tool import ToolContext, ToolError
from tests.support.ledgers import Amount, Ledger, refunded, spent, transferred
from tools.anomalies import Anomalies, anomalies, last_rise
from tools.shared.payment_series import Booking

TODAY = dt.date(2025, 11, 20)


async def call(context: ToolContext, **arguments: Any) -> dict[str, Any]:
    return await anomalies(Anomalies(**arguments), context)


def ago(days: int) -> dt.date:
    return TODAY - dt.timedelta(days=days)


def purchases(amounts: Iterable[Amount], start: int = 200, **more: Any) -> list[dict[str, Any]]:
    """A purchase every third day, the first so many days ago, none of them at a merchant."""
    return [spent(amount, on=ago(start - 3 * number), **more) for number, amount in enumerate(amounts)]


# Unusual amounts ------------------------------------------------------------------------------------------------------


async def test_an_amount_far_from_the_median_of_its_category_is_found_with_the_evidence(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add_transactions(user, [*purchases(range(11, 22)), spent("95.50", merchant="Deli")])
    result = await call(context, kinds=["unusual_amount"])
    [found] = result["anomalies"]
    # 12 purchases, 11 to 21 and 95.50: the lower median is 16, the lower median of the distances is 3.
    assert (found["amount"], found["merchant"], found["date"]) == ("-95.50", "Deli", "2025-11-20")
    assert found["evidence"] == {
        "score": f"{Decimal('0.6745') * Decimal('79.5') / 3:.1f}",
        "usual_amount": "16.00",
        "usual_deviation": "3.00",
        "purchases_compared": 12,
    }
    assert (result["status"], result["found"], result["purchases"]) == ("ok", {"unusual_amount": 1}, 1)


async def test_where_all_cost_the_same_the_mean_distance_is_the_measure(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add_transactions(user, [*purchases([10] * 11), spent("40")])
    [found] = (await call(context, kinds=["unusual_amount"]))["anomalies"]
    assert found["evidence"]["score"] == f"{30 / (1.253314 * 30 / 12):.1f}"
    assert found["evidence"]["usual_deviation"] == "0.00"


@pytest.mark.parametrize(
    "last",
    [
        spent("95.50", "Shopping"),
        spent("95.50", currency="CAD"),
        refunded("95.50"),
        transferred("-95.50"),
        spent("1"),
    ],
    ids=["another category", "another currency", "a refund", "a transfer", "a small one"],
)
async def test_an_amount_is_compared_with_its_like_and_only_large_ones_stand_out(
    ledger: Ledger, user: str, context: ToolContext, last: dict[str, Any]
) -> None:
    await ledger.add_transactions(user, [*purchases(range(11, 22)), spent("12"), last])
    assert (await call(context, kinds=["unusual_amount"]))["status"] == "nothing_unusual"


async def test_few_purchases_are_no_measure_and_a_higher_threshold_finds_less(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add_transactions(user, [*purchases([11, 12, 13]), spent("95.50")])
    assert (await call(context))["status"] == "nothing_unusual"
    await ledger.add_transactions(user, purchases(range(11, 22)))
    assert (await call(context, kinds=["unusual_amount"]))["found"] == {"unusual_amount": 1}
    assert (await call(context, kinds=["unusual_amount"], threshold=40))["found"] == {"unusual_amount": 0}


async def test_all_are_counted_though_few_are_listed(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(user, purchases(range(11, 31)) + [spent("500")] * 5)
    result = await call(context, kinds=["unusual_amount"], limit=2)
    assert (result["found"], len(result["anomalies"])) == ({"unusual_amount": 5}, 2)


# Duplicates -----------------------------------------------------------------------------------------------------------


async def test_the_same_charge_twice_within_two_days_is_a_likely_duplicate(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    first, second = await ledger.add_transactions(
        user, [spent("42.10", on=ago(4), merchant="Fuel"), spent("42.10", on=ago(2), merchant="Fuel")]
    )
    [found] = (await call(context, kinds=["duplicate"]))["anomalies"]
    assert found["transaction_id"] == str(second)
    assert found["evidence"] == {
        "same_as_transaction_id": str(first),
        "same_as_date": "2025-11-16",
        "days_apart": 2,
        "such_repeats_in_the_year_before": 0,
    }


async def test_a_monthly_bill_that_came_twice_is_found_and_a_daily_coffee_is_not(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    coffee = [spent("4.50", on=ago(number), merchant="Cafe") for number in range(90)]
    bill = [spent("60", on=ago(30 * number), merchant="Phone") for number in range(10)]
    await ledger.add_transactions(user, [*coffee, *bill, spent("60", on=ago(0), merchant="Phone")])
    result = await call(context, kinds=["duplicate"])
    assert [each["merchant"] for each in result["anomalies"]] == ["Phone"]


@pytest.mark.parametrize(
    "other",
    [
        {"posted_at": ago(4)},
        spent("42.11"),
        {"currency": "CAD"},
        {"merchant": "Fuel Two"},
        {"is_transfer": True},
    ],
    ids=["three days apart", "another amount", "another currency", "another merchant", "a transfer"],
)
async def test_what_only_resembles_a_charge_is_no_duplicate(
    ledger: Ledger, user: str, context: ToolContext, other: dict[str, Any]
) -> None:
    one = spent("42.10", on=ago(1), merchant="Fuel")
    await ledger.add_transactions(user, [one, one | other])
    assert (await call(context, kinds=["duplicate"]))["anomalies"] == []


async def test_equal_parts_of_one_purchase_are_no_duplicates(ledger: Ledger, user: str, context: ToolContext) -> None:
    [whole] = await ledger.add_transactions(user, [spent("10", merchant="Mart")])
    await ledger.add_transactions(user, [spent("10", merchant="Mart", split_of=whole)])
    assert (await call(context, kinds=["duplicate"]))["anomalies"] == []


async def test_a_person_who_was_paid_twice_is_found_by_the_statement_line(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add_transactions(user, [spent("80", description="ZELLE TO SAM")] * 2)
    [found] = (await call(context, kinds=["duplicate"]))["anomalies"]
    assert (found["merchant"], found["description"]) == (None, "ZELLE TO SAM")


# Price rises ----------------------------------------------------------------------------------------------------------


def monthly(amounts: Sequence[str], merchant: str = "StreamBox") -> list[dict[str, Any]]:
    days = [dt.date(2025, 12 - number, 4) for number in range(len(amounts), 0, -1)]
    return [
        spent(amount, "Entertainment", on=day, merchant=merchant) for amount, day in zip(amounts, days, strict=True)
    ]


async def test_a_subscription_that_costs_more_is_found_with_both_prices(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    ids = await ledger.add_transactions(user, monthly(["9.49"] * 6 + ["10.99"]))
    [found] = (await call(context, kinds=["price_rise"]))["anomalies"]
    assert (found["transaction_id"], found["amount"]) == (str(ids[-1]), "-10.99")
    assert found["evidence"] == {
        "before": "9.49",
        "after": "10.99",
        "percent": "15.8",
        "every": "monthly",
        "last_at_old_price": "2025-10-04",
        "bookings_before": 6,
    }


@pytest.mark.parametrize(
    "amounts",
    [["9.49"] * 7, ["10.99"] * 6 + ["9.49"], ["58", "71", "64", "80", "92"], ["9.49"] * 4 + ["10.99"] * 3],
    ids=["the same", "a fall", "a bill that varies", "before the period"],
)
async def test_other_prices_are_no_rises(ledger: Ledger, user: str, context: ToolContext, amounts: list[str]) -> None:
    await ledger.add_transactions(user, monthly(amounts))
    assert (await call(context, kinds=["price_rise"]))["anomalies"] == []


@settings(deadline=None)
@given(st.lists(st.integers(1, 4), max_size=8))
def test_the_last_rise_is_after_two_equal_prices(prices: list[int]) -> None:
    bookings = [
        Booking(dt.date(2025, 1, 1) + dt.timedelta(days=at), Decimal(-price)) for at, price in enumerate(prices)
    ]
    rises = [at for at in range(2, len(prices)) if prices[at] > prices[at - 1] == prices[at - 2]]
    assert last_rise(bookings) == (rises[-1] if rises else None)


# New merchants --------------------------------------------------------------------------------------------------------


async def test_a_large_first_purchase_at_a_new_merchant_is_found(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add_transactions(
        user,
        [
            *purchases(range(1, 21), merchant="Known"),
            spent("19.99", merchant="Known"),
            spent("30", merchant="Jeweller"),
            spent("2", merchant="Kiosk"),
            spent("900", merchant="KNOWN"),
            spent("900", merchant="Abroad", currency="EUR"),
        ],
    )
    result = await call(context, kinds=["new_merchant"])
    [found] = result["anomalies"]
    assert found["merchant"] == "Jeweller"
    assert found["evidence"] == {"at_least_as_large_as_most": "19.00", "purchases_compared": 20}


async def test_in_the_first_month_nothing_is_new(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(user, [spent("900", merchant="Jeweller")])
    assert (await call(context, kinds=["new_merchant"]))["status"] == "nothing_unusual"


# All of them ----------------------------------------------------------------------------------------------------------


async def test_without_a_purchase_there_is_nothing_to_say(ledger: Ledger, context: ToolContext) -> None:
    await ledger.add_transactions(str(uuid.uuid4()), [spent("5", merchant="Theirs")] * 2)
    result = await call(context)
    assert (result["status"], result["purchases"], result["anomalies"]) == ("no_rows", 0, [])


async def test_the_period_holds_from_its_first_to_its_last_day(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(
        user,
        [spent("7", on=day, merchant="A") for day in (dt.date(2024, 2, 28), dt.date(2024, 2, 29), dt.date(2024, 3, 1))],
    )
    leap = await call(context, start_date="2024-02-29", end_date="2024-02-29", kinds=["duplicate"])
    assert (leap["purchases"], leap["found"]) == (1, {"duplicate": 1})


async def test_a_period_that_cannot_be_looked_through_is_a_fault(context: ToolContext) -> None:
    with pytest.raises(ToolError, match="At most 366 days"):
        await call(context, start_date="2020-01-01")
    with pytest.raises(ToolError, match="before it starts"):
        await call(context, start_date="2025-02-02", end_date="2025-02-01")
    with pytest.raises(ToolError, match="starts before the calendar"):
        await call(context, end_date="0001-03-01")


async def test_the_score_is_the_one_that_statistics_gives(ledger: Ledger, user: str, context: ToolContext) -> None:
    amounts = [3, 3, 4, 8, 9, 10, 12, 12, 13, 15, 21, 22, 30, 140]
    await ledger.add_transactions(user, [*purchases(amounts[:-1]), spent(amounts[-1])])
    [found] = (await call(context, kinds=["unusual_amount"]))["anomalies"]
    centre = statistics.median_low(amounts)
    spread = statistics.median_low(abs(amount - centre) for amount in amounts)
    assert found["evidence"]["score"] == f"{0.6745 * (140 - centre) / spread:.1f}"
