from decimal import Decimal
from typing import Any

import pytest

from graph.tool import ToolContext, ToolError
from tools.loan_amortisation import LoanAmortisation, loan_amortisation
from tools.savings_forecast import SavingsForecast, savings_forecast


async def loan(context: ToolContext, **arguments: Any) -> dict[str, Any]:
    return await loan_amortisation(LoanAmortisation(**arguments), context)


async def test_a_textbook_mortgage(context: ToolContext) -> None:
    result = await loan(context, principal=200000, annual_rate_percent=6, months=360)
    # 1,199.10 by the annuity formula; its total interest is 360 * 1199.1011 - 200,000 = 231,676.38.
    assert (result["monthly_payment"], result["months"], result["payoff_month"]) == ("1199.10", 360, "2055-11")
    assert abs(Decimal(result["total_interest"]) - Decimal("231676.38")) < 2
    assert result["with_extra"] is None
    assert len(result["schedule"]) == 30


async def test_a_schedule_by_hand(context: ToolContext) -> None:
    # 1000 at 12 %: 10.00 of 1000, then 5.05 of 505, then 0.05 of 5.05.
    result = await loan(context, principal=1000, annual_rate_percent=12, monthly_payment=505, currency="usd")
    assert (result["months"], result["payoff_month"], result["last_payment"]) == (3, "2026-02", "5.10")
    assert (result["total_interest"], result["total_paid"], result["currency"]) == ("15.10", "1015.10", "USD")
    assert result["schedule"] == [
        {"year": 1, "payments": 3, "interest": "15.10", "principal": "1000.00", "balance": "0.00"}
    ]


async def test_years_add_up_to_the_whole(context: ToolContext) -> None:
    result = await loan(context, principal="12345.67", annual_rate_percent="7.25", months=40)
    years = result["schedule"]
    assert [year["payments"] for year in years] == [12, 12, 12, 4]
    assert sum(Decimal(year["principal"]) for year in years) == Decimal("12345.67")
    assert sum(Decimal(year["interest"]) for year in years) == Decimal(result["total_interest"])
    assert (result["months"], years[-1]["balance"]) == (40, "0.00")


async def test_extra_payments_save_months_and_interest(context: ToolContext) -> None:
    plain = await loan(context, principal=10000, annual_rate_percent=9, months=60)
    extra = await loan(context, principal=10000, annual_rate_percent=9, months=60, extra_payment=100)
    faster = await loan(
        context, principal=10000, annual_rate_percent=9, monthly_payment=Decimal(plain["monthly_payment"]) + 100
    )
    assert extra["total_interest"] == plain["total_interest"]
    assert extra["with_extra"]["months"] == faster["months"]
    assert extra["with_extra"]["total_interest"] == faster["total_interest"]
    assert extra["with_extra"]["months_saved"] == 60 - faster["months"] > 0
    assert Decimal(extra["with_extra"]["interest_saved"]) == Decimal(plain["total_interest"]) - Decimal(
        faster["total_interest"]
    )


async def test_a_payment_that_does_not_cover_the_interest_is_said(context: ToolContext) -> None:
    result = await loan(context, principal=10000, annual_rate_percent=12, monthly_payment=100)
    assert (result["status"], result["interest_first_month"]) == ("never_paid", "100.00")
    assert result["within_months"] == 1200


@pytest.mark.parametrize("given", [{}, {"months": 12, "monthly_payment": 10}])
async def test_term_or_payment_is_given_one_of_them(context: ToolContext, given: dict[str, Any]) -> None:
    with pytest.raises(ToolError, match="exactly one of"):
        await loan(context, principal=100, annual_rate_percent=1, **given)


async def test_a_loan_without_interest_is_divided_evenly(context: ToolContext) -> None:
    result = await loan(context, principal=100, annual_rate_percent=0, months=3)
    assert (result["monthly_payment"], result["last_payment"], result["total_interest"]) == ("33.33", "33.34", "0.00")


# Savings --------------------------------------------------------------------------------------------------------------


async def test_savings_of_a_textbook(context: ToolContext) -> None:
    # 100 a month at 6 % for 10 years: the future value factor is 163.879347.
    arguments = SavingsForecast(monthly_contribution=100, annual_rate_percent=6, months=120)
    result = await savings_forecast(arguments, context)
    assert (result["final_balance"], result["contributed"], result["interest"]) == ("16387.93", "12000.00", "4387.93")
    assert (result["end_month"], len(result["years"])) == ("2035-11", 10)


async def test_savings_without_interest_are_what_was_put_in(context: ToolContext) -> None:
    arguments = SavingsForecast(starting_balance="5.05", monthly_contribution="10.10", annual_rate_percent=0, months=13)
    result = await savings_forecast(arguments, context)
    assert [(row["month"], row["balance"]) for row in result["years"]] == [("2026-11", "126.25"), ("2026-12", "136.35")]
    assert result["interest"] == "0.00"
