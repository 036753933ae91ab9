"""Charts show what their rows say: exact, one currency, refunds off, transfers out."""

import datetime as dt
import random
import uuid
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.tool import ToolContext, ToolError
from graph.values.months import add_months
from graph.values.profile import Profile
from tests.support.fakes.ports import FakeFiles
from tests.support.ledgers import Ledger, UserRows, earned, refunded, spent, transferred, user_transaction
from tools.chart_budget_burn_down import ChartBudgetBurnDown, chart_budget_burn_down
from tools.chart_by_category import MAX_BARS, OTHERS, ChartByCategory, chart_by_category
from tools.chart_by_month import ChartByMonth, chart_by_month
from tools.chart_debt_payoff import ChartDebtPayoff, chart_debt_payoff
from tools.shared.interest import payment_schedule


async def by_category(context: ToolContext, **arguments: Any) -> dict[str, Any]:
    return await chart_by_category(ChartByCategory(**arguments), context)


async def by_month(context: ToolContext, **arguments: Any) -> dict[str, Any]:
    return await chart_by_month(ChartByMonth(**arguments), context)


async def burn_down(context: ToolContext, **arguments: Any) -> dict[str, Any]:
    return await chart_budget_burn_down(ChartBudgetBurnDown(**arguments), context)


async def payoff(context: ToolContext, **arguments: Any) -> dict[str, Any]:
    return await chart_debt_payoff(ChartDebtPayoff(**arguments), context)


async def run(address: str, user: str, query: str, **values: object) -> None:
    async with user_transaction(address, user) as connection:
        await connection.execute(query.encode(), values)


@pytest.fixture
def add_budget(database_url: str, user: str) -> Callable[..., Any]:
    async def add(category: str, amount: str, currency: str = "USD") -> None:
        query = "insert into budgets (category, monthly_amount, currency) values (%(c)s, %(a)s, %(u)s)"
        await run(database_url, user, query, c=category, a=amount, u=currency)

    return add


# By category ----------------------------------------------------------------------------------------------------------


async def test_categories_are_drawn_with_refunds_off_and_the_picture_is_kept(
    ledger: Ledger, user: str, context: ToolContext, files: FakeFiles
) -> None:
    await ledger.add_transactions(
        user,
        [spent("80.10", "Shopping"), refunded("5.05", "Shopping"), spent("24.95"), transferred("-999"), earned("3000")],
    )
    result = await by_category(context)
    assert [(bar["category"], bar["total"], bar["share_percent"]) for bar in result["categories"]] == [
        ("Shopping", "75.05", "75.0"),
        ("Groceries", "24.95", "25.0"),
    ]
    assert result["totals"][0]["spent_net"] == "100.00"
    assert result["display"] == {
        "type": "chart",
        "title": "Spending by category",
        "kind": "bar",
        "file_id": "file-1",
        "media_type": "image/png",
        "alt": result["summary"],
        "currency": "USD",
        "labels": ["Shopping", "Groceries"],
        "series": [{"name": "Spending", "amounts": ["75.05", "24.95"]}],
    }
    [(name, media_type, content)] = files.kept
    assert (name, media_type) == ("spending-by-category-2025-11-20.png", "image/png")
    assert content.startswith(b"\x89PNG")


async def test_small_categories_are_drawn_as_one_and_nothing_is_lost(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    names = [f"own-{number:02}" for number in range(20)]
    await ledger.add_categories(user, names)
    await ledger.add_transactions(user, [spent(f"{number + 1}.01", name) for number, name in enumerate(names)])
    result = await by_category(context)
    bars = result["categories"]
    assert len(bars) == MAX_BARS
    assert bars[-1]["category"] == OTHERS
    assert bars[-1]["count"] == 9
    assert sum(Decimal(bar["total"]) for bar in bars) == Decimal(result["totals"][0]["spent_net"]) == Decimal("210.20")


async def test_income_and_a_period_can_be_drawn(ledger: Ledger, user: str, context: ToolContext) -> None:
    rows = [earned("10", on=day) for day in ("2025-02-28", "2025-03-01")]
    await ledger.add_transactions(user, rows)
    result = await by_category(context, type="income", start_date="2025-03-01", end_date="2025-03-31")
    assert [bar["total"] for bar in result["categories"]] == ["10.00"]
    assert result["display"]["title"] == "Income by category, 2025-03-01 to 2025-03-31"


async def test_where_there_is_nothing_to_draw_no_picture_is_made(context: ToolContext, files: FakeFiles) -> None:
    for result in (await by_category(context), await by_month(context)):
        assert result["status"] == "no_rows"
        assert "display" not in result
    assert files.kept == []


async def test_two_currencies_are_ambiguous_until_one_is_named_or_the_main_one(
    ledger: Ledger, user: str, context: ToolContext, database_url: str, files: FakeFiles
) -> None:
    await ledger.add_transactions(user, [spent("1"), spent("2", currency="CAD")])
    for result in (await by_category(context), await by_month(context)):
        assert (result["status"], result["currencies"]) == ("ambiguous", ["CAD", "USD"])
    assert files.kept == []
    named = await by_category(context, currency="cad")
    assert ([bar["total"] for bar in named["categories"]], named["other_currencies"]) == (["2.00"], ["USD"])
    context = replace(context, profile=Profile(currency="USD"))
    assert [bar["total"] for bar in (await by_category(context))["categories"]] == ["1.00"]


async def test_a_currency_without_rows_has_nothing_to_draw(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(user, [spent("1")])
    result = await by_category(context, currency="EUR")
    assert (result["status"], result["other_currencies"]) == ("no_rows", ["USD"])


async def test_nobody_elses_rows_are_drawn(
    ledger: Ledger, user: str, context: ToolContext, add_budget: Callable[..., Any], rows_of: Callable[[str], UserRows]
) -> None:
    await ledger.add_transactions(user, [spent("1")])
    await add_budget("Groceries", "100")
    stranger = replace(context, rows=rows_of(str(uuid.uuid4())))
    results = [await by_category(stranger), await by_month(stranger), await burn_down(stranger)]
    assert [result["status"] for result in results] == ["no_rows", "no_rows", "unknown"]


# By month -------------------------------------------------------------------------------------------------------------


async def test_each_month_is_there_and_the_current_one_is_marked_as_not_over(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add_transactions(
        user,
        [
            spent("10.50", on="2025-09-30"),
            spent("4", on="2025-11-01"),
            refunded("1.25", on="2025-11-20"),
            earned("100", on="2025-11-02"),
            spent("7", on="2025-08-31"),
            transferred("-50"),
        ],
    )
    result = await by_month(context, months=3)
    assert [tuple(row.values()) for row in result["months"]] == [
        ("2025-09", 1, "0.00", "10.50", "-10.50", True),
        ("2025-10", 0, "0.00", "0.00", "0.00", True),
        ("2025-11", 3, "100.00", "2.75", "97.25", False),
    ]
    assert (result["totals"][0]["spent_net"], result["totals"][0]["income"]) == ("13.25", "100.00")


async def test_one_category_is_drawn_by_month_under_its_stored_name(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add_transactions(user, [spent("10"), spent("20", "Shopping")])
    result = await by_month(context, months=2, category="shopping")
    assert [row["spent"] for row in result["months"]] == ["0.00", "20.00"]
    assert result["filters"]["category"] == "Shopping"
    assert [series["name"] for series in result["display"]["series"]] == ["Spent"]
    with pytest.raises(ToolError, match="no category"):
        await by_month(context, category="Nonsense")


@pytest.mark.parametrize(
    ("first", "months", "expected"),
    [("2025-01-01", -1, "2024-12-01"), ("2024-12-01", 2, "2025-02-01"), ("2024-02-01", 12, "2025-02-01")],
)
def test_months_are_counted_over_the_turn_of_the_year(first: str, months: int, expected: str) -> None:
    assert add_months(dt.date.fromisoformat(first), months) == dt.date.fromisoformat(expected)


async def test_month_sums_are_exact_on_a_random_ledger(ledger: Ledger, user: str, context: ToolContext) -> None:
    dice = random.Random("months")
    rows: list[dict[str, Any]] = [
        {
            "amount": Decimal(dice.randrange(-9999, 3000) or 1) / 100,
            "posted_at": dt.date(2025, 11, 20) - dt.timedelta(days=dice.randrange(400)),
            "category": dice.choice(["Groceries", "Shopping", "Income"]),
            "is_transfer": dice.random() < 0.1,
        }
        for _ in range(500)
    ]
    await ledger.add_transactions(user, rows)
    result = await by_month(context, months=12)
    for row in result["months"]:
        own = [each for each in rows if f"{each['posted_at']:%Y-%m}" == row["month"] and not each["is_transfer"]]
        net = sum((each["amount"] for each in own), Decimal())
        assert (row["count"], row["net"]) == (len(own), f"{net:.2f}")


# Budget ---------------------------------------------------------------------------------------------------------------


async def test_a_budget_burns_down_day_by_day_beside_an_even_pace(
    ledger: Ledger, user: str, context: ToolContext, add_budget: Callable[..., Any]
) -> None:
    await add_budget("Groceries", "300")
    await ledger.add_transactions(
        user,
        [
            spent("100.10", on="2025-11-02"),
            refunded("0.10", on="2025-11-04"),
            spent("250", on="2025-11-20"),
            spent("7", on="2025-10-31"),
            spent("7", "Shopping", on="2025-11-03"),
            spent("7", on="2025-11-03", currency="CAD"),
        ],
    )
    result = await burn_down(context, category="groceries")
    assert (result["budget"], result["spent"], result["left"]) == ("300.00", "350.00", "-50.00")
    days = {day["date"]: day for day in result["days"]}
    assert len(days) == 20
    assert days["2025-11-01"] == {"date": "2025-11-01", "left": "300.00", "even_pace": "290.00"}
    assert [days[f"2025-11-{day:02}"]["left"] for day in (2, 3, 4, 19, 20)] == [
        "199.90",
        "199.90",
        "200.00",
        "200.00",
        "-50.00",
    ]


async def test_all_budgets_of_a_currency_are_taken_together(
    ledger: Ledger, user: str, context: ToolContext, add_budget: Callable[..., Any]
) -> None:
    await add_budget("Groceries", "300")
    await add_budget("Shopping", "50.50")
    await ledger.add_transactions(user, [spent("10", name) for name in ("Groceries", "Shopping")])
    result = await burn_down(context)
    assert (result["budget"], result["spent"], result["left"]) == ("350.50", "20.00", "330.50")
    assert result["categories_budgeted"] == ["Groceries", "Shopping"]


async def test_a_leap_february_is_drawn_to_its_end(context: ToolContext, add_budget: Callable[..., Any]) -> None:
    await add_budget("Groceries", "290")
    result = await burn_down(context, month="2024-02")
    assert (len(result["days"]), result["days"][-1]["even_pace"]) == (29, "0.00")


async def test_without_a_budget_it_is_unknown_and_nothing_is_invented(context: ToolContext) -> None:
    result = await burn_down(context, category="Groceries")
    assert (result["status"], result["days"]) == ("unknown", [])


async def test_budgets_in_two_currencies_are_ambiguous(context: ToolContext, add_budget: Callable[..., Any]) -> None:
    await add_budget("Groceries", "300")
    await add_budget("Groceries", "300", "CAD")
    assert (await burn_down(context))["status"] == "ambiguous"


@pytest.mark.parametrize("month", ["2025-12", "0000-01"])
async def test_a_month_that_has_not_begun_or_does_not_exist_is_refused(context: ToolContext, month: str) -> None:
    with pytest.raises(ToolError):
        await burn_down(context, month=month)


# Debt -----------------------------------------------------------------------------------------------------------------


async def test_a_debt_is_paid_off_as_worked_by_hand(context: ToolContext) -> None:
    """1000 at 12 %: 1 % a month. 1010.00 - 400 = 610.00; 616.10 - 400 = 216.10; 218.26 is the last payment."""
    result = await payoff(context, balance="1000", annual_rate_percent="12", monthly_payment="400")
    assert [row["balance"] for row in result["rows"]] == ["1000.00", "610.00", "216.10", "0.00"]
    assert [row["month"] for row in result["rows"]] == ["2025-11", "2025-12", "2026-01", "2026-02"]
    assert (result["months"], result["payoff_month"], result["last_payment"]) == (3, "2026-02", "218.26")
    assert (result["total_paid"], result["total_interest"]) == ("1018.26", "18.26")
    assert "half to even" in result["method"]


async def test_a_payment_below_the_interest_never_pays_the_debt(context: ToolContext, files: FakeFiles) -> None:
    result = await payoff(context, balance="1000", annual_rate_percent="12", monthly_payment="10")
    assert (result["status"], result["interest_first_month"]) == ("never_paid", "10.00")
    assert result["within_months"] == 1200
    assert files.kept == []


async def test_a_long_run_is_shown_by_the_year_and_to_its_end(context: ToolContext) -> None:
    result = await payoff(context, balance="1000", annual_rate_percent="0", monthly_payment="10")
    assert (result["months"], result["total_interest"], len(result["rows"])) == (100, "0.00", 10)
    assert result["rows"][-1] == {"month": "2034-03", "balance": "0.00"}


AMOUNTS = st.decimals("0.01", "100000", places=2)


@settings(deadline=None)
@given(AMOUNTS, st.decimals("0", "40", places=2), AMOUNTS)
def test_what_is_paid_is_the_debt_and_its_interest(balance: Decimal, rate: Decimal, payment: Decimal) -> None:
    """Forwards the plan pays; backwards each balance follows from the next one and the interest, in whole cents."""
    plan = payment_schedule(balance, rate, payment, "USD")
    if plan is None:
        return
    owed = [balance, *(each.left for each in plan)]
    assert owed[-1] == 0
    assert all(each.paid <= payment for each in plan)
    charged = [each.left + each.paid - before for before, each in zip(owed, plan, strict=False)]
    assert sum(each.paid for each in plan) == balance + sum(charged)
    for before, interest in zip(owed, charged, strict=False):
        assert abs(interest - before * rate / 1200) <= Decimal("0.005")
