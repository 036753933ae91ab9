"""Sums by month, merchant and account are exact, and nothing that was booked is in them twice or not at all."""

import datetime as dt
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from graph.tool import ToolContext, ToolError
from tests.support.ledgers import Ledger, earned, refunded, spent, transferred
from tools.spending_by_account import SpendingByAccount, spending_by_account
from tools.spending_by_merchant import SpendingByMerchant, spending_by_merchant
from tools.spending_by_month import SpendingByMonth, spending_by_month


async def by_month(context: ToolContext, **arguments: Any) -> dict[str, Any]:
    return await spending_by_month(SpendingByMonth(**arguments), context)


async def by_merchant(context: ToolContext, **arguments: Any) -> dict[str, Any]:
    return await spending_by_merchant(SpendingByMerchant(**arguments), context)


async def by_account(context: ToolContext, **arguments: Any) -> dict[str, Any]:
    return await spending_by_account(SpendingByAccount(**arguments), context)


# By month -------------------------------------------------------------------------------------------------------------


async def test_the_last_day_of_february_and_the_first_of_march_are_in_their_own_months(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    days = [dt.date(2024, 2, 1), dt.date(2024, 2, 29), dt.date(2024, 3, 1)]
    await ledger.add_transactions(user, [spent(f"{number}.01", on=day) for number, day in enumerate(days, 1)])
    result = await by_month(context, start_date="2024-02-01", end_date="2024-03-31")
    assert [(row["month"], row["count"], row["spent_net"]) for row in result["months"]] == [
        ("2024-02", 2, "3.02"),
        ("2024-03", 1, "3.01"),
    ]


async def test_a_month_without_transactions_is_there_with_nothing(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add_transactions(user, [spent("5", on=dt.date(2025, month, 3)) for month in (7, 9)])
    result = await by_month(context, start_date="2025-07-01", end_date="2025-09-30")
    assert [(row["month"], row["spent_net"]) for row in result["months"]] == [
        ("2025-07", "5.00"),
        ("2025-08", "0.00"),
        ("2025-09", "5.00"),
    ]


async def test_the_current_month_is_not_complete_and_not_in_the_average(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add_transactions(
        user,
        [
            spent("100", on=dt.date(2025, 9, 30)),
            spent("50.01", on=dt.date(2025, 10, 1)),
            spent("7", on=dt.date(2025, 11, 20)),
        ],
    )
    result = await by_month(context, months=3)
    assert [row["complete"] for row in result["months"]] == [True, True, False]
    assert result["monthly_average"] == [
        {"currency": "USD", "complete_months": 2, "income": "0.00", "spent_net": "75.00"}  # 75.005, half to even
    ]
    assert result["totals"][0]["spent_net"] == "157.01"


async def test_a_month_that_the_period_cuts_is_not_complete(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(user, [spent("1", on=dt.date(2025, 3, 15))])
    result = await by_month(context, start_date="2025-03-02", end_date="2025-03-31")
    assert [row["complete"] for row in result["months"]] == [False]
    assert result["monthly_average"][0]["spent_net"] is None


async def test_months_keep_refunds_income_transfers_and_currencies_apart(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add_transactions(
        user, [spent("80"), refunded("30"), earned("2000"), transferred("-500"), spent("9", currency="CAD")]
    )
    result = await by_month(context, months=1)
    assert [(row["currency"], row["income"], row["spent_net"], row["net"]) for row in result["months"]] == [
        ("CAD", "0.00", "9.00", "-9.00"),
        ("USD", "2000.00", "50.00", "1950.00"),
    ]


async def test_months_can_be_of_one_category_or_merchant(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(user, [spent("1", merchant="100% Juice_Bar"), spent("2", "Shopping")])
    assert (await by_month(context, months=1, category="shopping"))["totals"][0]["spent_net"] == "2.00"
    found = await by_month(context, months=1, merchant="% juice_")
    assert (found["totals"][0]["spent_net"], found["filters"]["merchant_contains"]) == ("1.00", "% juice_")
    assert (await by_month(context, months=1, merchant="100%%"))["status"] == "no_rows"


async def test_months_without_any_row_say_so_with_their_period(context: ToolContext) -> None:
    assert await by_month(context, months=2) == {
        "summary": "I found no transactions from October 1 to November 20.",
        "status": "no_rows",
        "filters": {"start_date": "2025-10-01", "end_date": "2025-11-20"},
        "totals": [],
        "monthly_average": [],
        "months": [],
    }


async def test_too_many_months_are_a_fault(context: ToolContext) -> None:
    with pytest.raises(ToolError, match="At most 36 months"):
        await by_month(context, start_date="2010-01-01")
    assert (await by_month(context, end_date="0001-01-05"))["filters"]["start_date"] == "0001-01-01"


async def test_what_the_screen_shows_is_what_the_result_says(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(user, [spent("1")])
    result = await by_month(context, months=1)
    [shown] = result["display"]["rows"]
    assert shown.items() <= result["months"][0].items()
    assert list(shown) == result["display"]["columns"]


# By merchant ----------------------------------------------------------------------------------------------------------


async def test_totals_cover_all_merchants_and_not_only_the_top(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(
        user, [spent(f"{number}.10", merchant=f"Shop {number:02}") for number in range(1, 21)]
    )
    result = await by_merchant(context, limit=2)
    assert [row["merchant"] for row in result["merchants"]] == ["Shop 20", "Shop 19"]
    assert result["totals"] == [
        {
            "currency": "USD",
            "count": 20,
            "total": "212.00",
            "merchants": 20,
            "without_merchant": {"count": 0, "total": "0.00"},
        }
    ]
    assert result["merchants"][0]["share_percent"] == "9.5"


async def test_a_merchant_is_one_however_it_is_written(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(
        user,
        [
            spent("1", on=dt.date(2025, 1, 1), merchant="GREENLEAF"),
            spent("2", on=dt.date(2025, 2, 1), merchant="Greenleaf"),
        ],
    )
    [entry] = (await by_merchant(context))["merchants"]
    assert entry == {
        "merchant": "Greenleaf",
        "currency": "USD",
        "count": 2,
        "total": "3.00",
        "share_percent": "100.0",
        "first_date": "2025-01-01",
        "last_date": "2025-02-01",
        "paid": "3.00",
        "refunds": "0.00",
    }


async def test_refunds_lower_what_a_merchant_got(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(
        user, [spent("50", merchant="Outfitters"), refunded("60", merchant="Outfitters"), spent("5", merchant="Cafe")]
    )
    result = await by_merchant(context)
    assert [(row["merchant"], row["total"], row["share_percent"]) for row in result["merchants"]] == [
        ("Cafe", "5.00", "100.0"),
        ("Outfitters", "-10.00", "0.0"),
    ]
    assert result["totals"][0]["total"] == "-5.00"


async def test_what_has_no_merchant_is_said_apart(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(user, [spent("40", description="CHECK"), spent("2", merchant="A")])
    [totals] = (await by_merchant(context))["totals"]
    assert totals["without_merchant"] == {"count": 1, "total": "40.00"}
    assert (totals["total"], totals["merchants"]) == ("42.00", 1)


async def test_merchants_rank_within_their_currency_and_type(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(
        user,
        [
            spent("1", merchant="A"),
            spent("99", merchant="B", currency="CAD"),
            earned("3000", merchant="Employer"),
            transferred("-7", merchant="Bank"),
        ],
    )
    result = await by_merchant(context, limit=1)
    assert [(row["merchant"], row["currency"]) for row in result["merchants"]] == [("B", "CAD"), ("A", "USD")]
    income = await by_merchant(context, type="income")
    assert [(row["merchant"], row["total"]) for row in income["merchants"]] == [("Employer", "3000.00")]
    assert (await by_merchant(context, category="Travel & Transportation"))["status"] == "no_rows"


# By account -----------------------------------------------------------------------------------------------------------


async def test_each_account_has_its_own_sums_and_transfers_stand_apart(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    checking, card = await ledger.add_accounts(
        user, [{"name": "Everyday", "type": "checking", "number_last4": "1234"}, {"name": "Card", "type": "credit"}]
    )
    await ledger.add_transactions(
        user,
        [
            transferred("-300", account_id=checking),
            transferred("300", account_id=card),
            spent("20.50", account_id=card),
            earned("1000", account_id=checking),
            spent("3"),
        ],
    )
    result = await by_account(context)
    assert [
        (row["account"], row["number_last4"], row["net"], row["transfers_in"], row["transfers_out"])
        for row in result["accounts_used"]
    ] == [
        ("Card", None, "-20.50", "300.00", "0.00"),
        ("Everyday", "1234", "1000.00", "0.00", "300.00"),
        (None, None, "-3.00", "0.00", "0.00"),
    ]
    assert [(row["net"], row["spent_net"], row["transfers"], row["count"]) for row in result["totals"]] == [
        ("976.50", "23.50", "0.00", 5)
    ]


async def test_an_account_with_two_currencies_has_two_lines(ledger: Ledger, user: str, context: ToolContext) -> None:
    [account] = await ledger.add_accounts(user, [{"name": "Everyday", "type": "checking"}])
    await ledger.add_transactions(
        user, [spent("1", account_id=account), spent("2", account_id=account, currency="CAD")]
    )
    result = await by_account(context)
    assert [(row["currency"], row["spent_net"]) for row in result["accounts_used"]] == [
        ("CAD", "2.00"),
        ("USD", "1.00"),
    ]
    assert [row["currency"] for row in result["totals"]] == ["CAD", "USD"]


# All of them ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ask", [by_month, by_merchant, by_account])
async def test_another_users_rows_are_never_seen(ledger: Ledger, context: ToolContext, ask: Callable[..., Any]) -> None:
    await ledger.add_transactions(str(uuid.uuid4()), [spent("1", merchant="Shop")])
    assert (await ask(context))["status"] == "no_rows"


@pytest.mark.parametrize("ask", [by_month, by_merchant, by_account])
async def test_an_inverted_period_and_an_unknown_category_are_faults(
    context: ToolContext, ask: Callable[..., Any]
) -> None:
    with pytest.raises(ToolError, match="before it starts"):
        await ask(context, start_date="2025-02-02", end_date="2025-02-01")
    with pytest.raises(ToolError, match="no category of that name"):
        await ask(context, category="Yachts")


async def test_the_parts_of_a_purchase_are_the_purchase_by_every_sum(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    [whole] = await ledger.add_transactions(user, [spent("70", merchant="Mart")])
    await ledger.add_transactions(user, [spent("30", "Shopping", merchant="Mart", split_of=whole)])
    [merchant] = (await by_merchant(context))["merchants"]
    assert (merchant["total"], merchant["count"]) == ("100.00", 2)
    totals = [(await ask(context))["totals"][0] for ask in (by_month, by_account)]
    assert {Decimal(each["spent_net"]) for each in totals} == {Decimal(100)}
