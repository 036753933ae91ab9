"""One merchant: exact sums, and a question back where the name fits several."""

import datetime as dt
import uuid
from typing import Any

from graph.tool import ToolContext
from tests.support.ledgers import Ledger, refunded, spent, transferred
from tools.merchant_insights import MerchantInsights, merchant_insights


async def call(context: ToolContext, merchant: str, **arguments: Any) -> dict[str, Any]:
    return await merchant_insights(MerchantInsights(merchant=merchant, **arguments), context)


async def test_total_count_average_first_last_course_and_category(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add_transactions(
        user,
        [
            spent("10", "Meals & Dining", on=dt.date(2024, 2, 29), merchant="Corner Cafe"),
            spent("5.01", on=dt.date(2025, 9, 30), merchant="corner cafe"),
            spent("5", "Meals & Dining", on=dt.date(2025, 10, 1), merchant="CORNER CAFE"),
            refunded("2", "Meals & Dining", on=dt.date(2025, 10, 2), merchant="Corner Cafe"),
            transferred("-100", merchant="Corner Cafe"),
        ],
    )
    result = await call(context, "corner", months=3)
    assert result["merchant"] == "Corner Cafe"
    assert result["sums"] == [
        {
            "currency": "USD",
            "count": 4,
            "spent_gross": "20.01",
            "refunds": "2.00",
            "spent_net": "18.01",
            "income": "0.00",
            "purchases": 3,
            "average_purchase": "6.67",
            "first_date": "2024-02-29",
            "last_date": "2025-10-02",
        }
    ]
    assert result["usual_category"] == {"category": "Meals & Dining", "count": 3, "of": 4}
    assert [(row["month"], row["spent_net"]) for row in result["months"]] == [
        ("2025-09", "5.01"),
        ("2025-10", "3.00"),
        ("2025-11", "0.00"),
    ]


async def test_the_parts_of_a_split_purchase_are_one_purchase(ledger: Ledger, user: str, context: ToolContext) -> None:
    [whole] = await ledger.add_transactions(user, [spent("70", merchant="Mart")])
    await ledger.add_transactions(user, [spent("30", "Shopping", merchant="Mart", split_of=whole)])
    [sums] = (await call(context, "mart"))["sums"]
    assert (sums["purchases"], sums["average_purchase"], sums["count"]) == (1, "100.00", 2)


async def test_a_name_that_fits_several_lists_them(ledger: Ledger, user: str, context: ToolContext) -> None:
    names = [f"Shop {letter}" for letter in "ABCDEFGHIJKL"]
    await ledger.add_transactions(user, [spent("1", merchant=name) for name in [*names, "Shop B"]])
    result = await call(context, "shop")
    assert (result["status"], result["found"], len(result["candidates"])) == ("ambiguous", 12, 10)
    assert result["candidates"][0] == {"merchant": "Shop B", "count": 2, "last_date": "2025-11-20"}


async def test_the_exact_name_goes_before_those_that_contain_it(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add_transactions(user, [spent("1", merchant="Amber"), *[spent("9", merchant="Amber Music")] * 3])
    result = await call(context, "AMBER")
    assert (result["status"], result["sums"][0]["spent_net"]) == ("ok", "1.00")
    assert result["similar"] == ["Amber Music"]


async def test_an_unknown_name_and_another_users_merchant_are_the_same(ledger: Ledger, context: ToolContext) -> None:
    await ledger.add_transactions(str(uuid.uuid4()), [spent("1", merchant="Secret Shop")])
    theirs, nobodys = await call(context, "Secret Shop"), await call(context, "Nobodys Shop")
    assert theirs["status"] == nobodys["status"] == "unknown"
    assert theirs.keys() == nobodys.keys()


async def test_no_character_of_a_name_is_a_wildcard(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(user, [spent("1", merchant="Abc")])
    for words in ("%", "_bc", "a.c", "\\", "a\0bc'--"):
        assert (await call(context, words))["status"] == "unknown"


async def test_currencies_stay_apart(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(user, [spent("1", merchant="Air"), spent("2", merchant="Air", currency="EUR")])
    assert [(each["currency"], each["spent_net"]) for each in (await call(context, "air"))["sums"]] == [
        ("EUR", "2.00"),
        ("USD", "1.00"),
    ]


async def test_a_merchant_with_transfers_only_has_no_rows(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(user, [transferred("-1", merchant="Bank")])
    result = await call(context, "bank")
    assert (result["status"], result["sums"], result["usual_category"]) == ("no_rows", [], None)
