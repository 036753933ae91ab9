"""What changed between two periods, by how much, and which days were compared."""

import datetime as dt
import uuid
from typing import Any

import pytest

from graph.tool import ToolContext, ToolError
from tests.support.ledgers import Ledger, earned, refunded, spent, transferred
from tools.compare_periods import ComparePeriods, DateRange, compare_periods, preceding_range

OCTOBER, NOVEMBER = dt.date(2025, 10, 10), dt.date(2025, 11, 10)


async def call(context: ToolContext, **arguments: Any) -> dict[str, Any]:
    return await compare_periods(ComparePeriods(**arguments), context)


async def test_without_dates_the_same_days_of_the_month_before_are_compared(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add_transactions(
        user, [spent("10", on=OCTOBER), spent("99", on=dt.date(2025, 10, 21)), spent("12.50", on=NOVEMBER)]
    )
    result = await call(context)
    assert result["periods"] == {
        "before": {"start_date": "2025-10-01", "end_date": "2025-10-20", "days": 20},
        "after": {"start_date": "2025-11-01", "end_date": "2025-11-20", "days": 20},
    }
    assert result["categories"] == [
        {
            "category": "Groceries",
            "type": "expense",
            "currency": "USD",
            "before": "10.00",
            "after": "12.50",
            "difference": "2.50",
            "percent": "25.0",
            "count_before": 1,
            "count_after": 1,
        }
    ]


async def test_income_spending_and_what_is_left_are_compared_with_refunds_taken_off(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add_transactions(
        user,
        [
            earned("1000", on=OCTOBER),
            spent("400", on=OCTOBER),
            earned("1100", on=NOVEMBER),
            spent("500", on=NOVEMBER),
            refunded("200", on=NOVEMBER),
            transferred("-50", on=NOVEMBER),
        ],
    )
    [totals] = (await call(context))["totals"]
    assert totals == {
        "currency": "USD",
        "count": {"before": 2, "after": 3},
        "income": {"before": "1000.00", "after": "1100.00", "difference": "100.00", "percent": "10.0"},
        "spent_net": {"before": "400.00", "after": "300.00", "difference": "-100.00", "percent": "-25.0"},
        "net": {"before": "600.00", "after": "800.00", "difference": "200.00", "percent": "33.3"},
    }


async def test_there_is_no_percentage_of_nothing_or_of_less(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(
        user, [refunded("5", on=OCTOBER), spent("5", on=NOVEMBER), spent("3", "Shopping", on=NOVEMBER)]
    )
    assert [(row["before"], row["after"], row["percent"]) for row in (await call(context))["categories"]] == [
        ("-5.00", "5.00", None),
        ("0.00", "3.00", None),
    ]


async def test_the_largest_difference_comes_first_and_the_totals_cover_what_is_not_listed(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add_transactions(
        user, [spent("5", on=NOVEMBER), spent("90", "Shopping", on=OCTOBER), spent("1", "Education", on=NOVEMBER)]
    )
    result = await call(context, limit=1)
    assert [row["category"] for row in result["categories"]] == ["Shopping"]
    assert (result["listed"], result["all_categories"]) == (1, 3)
    assert result["totals"][0]["spent_net"]["difference"] == "-84.00"


async def test_currencies_and_types_are_compared_apart(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(
        user, [spent("1", on=OCTOBER, currency="CAD"), spent("2", on=NOVEMBER), earned("7", on=NOVEMBER)]
    )
    result = await call(context, type="expense")
    assert [(row["currency"], row["difference"]) for row in result["categories"]] == [("USD", "2.00"), ("CAD", "-1.00")]
    assert [row["currency"] for row in result["totals"]] == ["CAD", "USD"]
    assert result["totals"][1]["income"]["after"] == "7.00"


async def test_periods_may_be_given_and_may_overlap(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(user, [spent("1", on=OCTOBER)])
    result = await call(
        context,
        start_date="2025-10-01",
        end_date="2025-10-31",
        compare_start_date="2025-01-01",
        compare_end_date="2025-12-31",
        category="groceries",
    )
    assert result["categories"][0]["before"] == result["categories"][0]["after"] == "1.00"
    assert result["filters"] == {"type": "all", "category": "Groceries"}


@pytest.mark.parametrize(
    ("first", "last", "before"),
    [
        ("2025-03-01", "2025-03-31", ("2025-02-01", "2025-02-28")),
        ("2024-03-01", "2024-03-31", ("2024-02-01", "2024-02-29")),
        ("2025-01-01", "2025-12-31", ("2024-01-01", "2024-12-31")),
        ("2025-01-01", "2025-03-31", ("2024-10-01", "2024-12-31")),
        ("2025-03-01", "2025-03-30", ("2025-02-01", "2025-02-28")),
        ("2024-02-29", "2024-02-29", ("2024-02-28", "2024-02-28")),
        ("2025-03-03", "2025-03-09", ("2025-02-24", "2025-03-02")),
    ],
)
def test_the_period_before(first: str, last: str, before: tuple[str, str]) -> None:
    found = preceding_range(DateRange(dt.date.fromisoformat(first), dt.date.fromisoformat(last)))
    assert (found.first.isoformat(), found.last.isoformat()) == before


async def test_two_empty_periods_say_so(ledger: Ledger, context: ToolContext) -> None:
    await ledger.add_transactions(str(uuid.uuid4()), [spent("1", on=NOVEMBER)])
    result = await call(context)
    assert (result["status"], result["totals"], result["categories"]) == ("no_rows", [], [])
    assert "display" not in result


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"start_date": "2025-01-01"}, "or neither"),
        ({"compare_end_date": "2025-01-01"}, "or neither"),
        ({"start_date": "2025-02-02", "end_date": "2025-02-01"}, "before it starts"),
        ({"compare_start_date": "2025-02-02", "compare_end_date": "2025-02-01"}, "before it starts"),
        ({"start_date": "0001-01-01", "end_date": "0001-01-31"}, "no such period"),
        ({"category": "Yachts"}, "no category"),
    ],
)
async def test_what_cannot_be_compared_is_a_fault(context: ToolContext, arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ToolError, match=words):
        await call(context, **arguments)
