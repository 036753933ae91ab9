"""Interest, against closed forms and floating point, which work it out otherwise."""

import math
import time
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tools.shared.interest import (
    MAX_MONTHS,
    DebtTerms,
    Payment,
    PayoffPlan,
    avalanche,
    future_value,
    level_payment,
    monthly_interest,
    payment_schedule,
    plan_payoff,
    snowball,
)

amounts = st.decimals(Decimal("1"), Decimal("500000"), places=2)
rates = st.decimals(Decimal(0), Decimal(30), places=2)
terms = st.integers(1, 360)


def annuity(principal: Decimal, rate: Decimal, months: int) -> float:
    i = float(rate) / 1200
    return float(principal) * i / -math.expm1(-months * math.log1p(i)) if i else float(principal) / months


def paid_schedule(*terms: Any) -> list[Payment]:
    """The schedule of a loan that is paid some day."""
    schedule = payment_schedule(*terms)
    assert schedule is not None
    return schedule


def payoff_plan(*terms: Any) -> PayoffPlan:
    """The plan of debts that are paid some day."""
    plan = plan_payoff(*terms)
    assert plan is not None
    return plan


def test_the_payment_of_a_textbook_mortgage() -> None:
    # 200,000 at 6 % over 30 years is the standard example: 1,199.10 by the annuity formula.
    assert level_payment(Decimal(200000), Decimal(6), 360, "USD") == Decimal("1199.10")
    assert round(annuity(Decimal(200000), Decimal(6), 360), 2) == 1199.10


@settings(deadline=None)
@given(amounts, rates, terms)
def test_a_level_payment_is_the_annuity_in_whole_cents(principal: Decimal, rate: Decimal, months: int) -> None:
    assert abs(float(level_payment(principal, rate, months, "USD")) - annuity(principal, rate, months)) <= 0.005001


@settings(deadline=None)
@given(amounts, rates, terms)
def test_a_loan_with_its_level_payment_is_paid_in_time_and_adds_up(
    principal: Decimal, rate: Decimal, months: int
) -> None:
    plan = paid_schedule(principal, rate, level_payment(principal, rate, months, "USD"), "USD", months)
    assert plan
    assert len(plan) <= months
    assert plan[-1].left == 0
    assert sum(each.paid for each in plan) == principal + sum(each.interest for each in plan)


@settings(deadline=None)
@given(amounts, rates, terms)
def test_what_is_left_after_each_payment_is_the_closed_form_but_for_half_a_cent_a_month(
    principal: Decimal, rate: Decimal, months: int
) -> None:
    payment = level_payment(principal, rate, months, "USD")
    i, growth = float(rate) / 1200, 1.0
    for number, each in enumerate(paid_schedule(principal, rate, payment, "USD", months)[:-1], 1):
        growth *= 1 + i
        series = (growth - 1) / i if i else number
        exact = float(principal) * growth - float(payment) * series
        assert abs(float(each.left) - exact) <= 0.005 * series + 1e-4


def test_a_payment_that_only_covers_the_interest_never_pays() -> None:
    assert monthly_interest(Decimal(1200), Decimal(10), "USD") == Decimal("10.00")
    assert payment_schedule(Decimal(1200), Decimal(10), Decimal("10.00"), "USD") is None
    assert payment_schedule(Decimal(1200), Decimal(10), Decimal("9.99"), "USD") is None
    assert payment_schedule(Decimal(1200), Decimal(10), Decimal("10.01"), "USD")


def test_interest_of_half_a_cent_goes_to_the_even_one() -> None:
    assert monthly_interest(Decimal("6.00"), Decimal(1), "USD") == Decimal("0.00")
    assert monthly_interest(Decimal("18.00"), Decimal(1), "USD") == Decimal("0.02")


def test_a_debt_without_interest_is_divided() -> None:
    plan = paid_schedule(Decimal(100), Decimal(0), Decimal(30), "USD")
    assert [each.paid for each in plan] == [30, 30, 30, 10]


@settings(deadline=None)
@given(amounts, amounts, rates, st.integers(1, 600))
def test_savings_grow_by_the_closed_form(start: Decimal, added: Decimal, rate: Decimal, months: int) -> None:
    i = float(rate) / 1200
    growth = math.exp(months * math.log1p(i))
    exact = float(start) * growth + float(added) * (math.expm1(months * math.log1p(i)) / i if i else months)
    assert math.isclose(float(future_value(start, added, rate, months, "USD")), exact, rel_tol=1e-9, abs_tol=0.006)


@settings(deadline=None)
@given(amounts, amounts, rates, st.integers(1, 120))
def test_savings_grow_as_month_by_month(start: Decimal, added: Decimal, rate: Decimal, months: int) -> None:
    balance = start
    for _ in range(months):
        balance += balance * rate / 1200 + added
    assert abs(future_value(start, added, rate, months, "USD") - balance) <= Decimal("0.006")


# Several debts --------------------------------------------------------------------------------------------------------

debts = st.lists(
    st.tuples(amounts, rates, st.decimals(Decimal("0"), Decimal("900"), places=2)), min_size=1, max_size=4
).map(lambda found: [DebtTerms(f"debt {number}", *each) for number, each in enumerate(found)])


def test_two_debts_by_hand() -> None:
    """The dearer one is the larger one, so that the orders differ; both pay 60 a month."""
    small, large = (
        DebtTerms("small", Decimal(60), Decimal(0), Decimal(10)),
        DebtTerms("large", Decimal(100), Decimal(24), Decimal(20)),
    )
    # snowball, 60 a month. 1: large 102.00 - 20 = 82.00, small 60 - 40 = 20.
    # 2: large 83.64 - 40 = 43.64, small 0. 3: large 44.51 - 44.51 = 0. Interest 2.00 + 1.64 + 0.87.
    plan = payoff_plan([small, large], Decimal(30), snowball, "USD")
    assert plan.months == {"small": 2, "large": 3}
    assert plan.interest == Decimal("4.51")
    # avalanche. 1: large 102.00 - 50 = 52.00, small 50. 2: large 53.04 - 50 = 3.04, small 40.
    # 3: large 3.10 paid, small 40 - 40 = 0 (56.90 would be there). Interest 2.00 + 1.04 + 0.06.
    plan = payoff_plan([small, large], Decimal(30), avalanche, "USD")
    assert plan.months == {"small": 3, "large": 3}
    assert plan.interest == Decimal("3.10")


@settings(deadline=None, max_examples=60)
@given(debts, st.decimals(Decimal(50), Decimal(5000), places=2))
def test_one_debt_alone_is_paid_as_by_its_payment(owed: list[DebtTerms], extra: Decimal) -> None:
    [first, *_] = owed
    plan, alone = (
        plan_payoff([first], extra, avalanche, "USD"),
        payment_schedule(first.balance, first.annual_rate_percent, first.minimum + extra, "USD"),
    )
    assert (plan is None) == (alone is None)
    if plan and alone:
        assert plan.length == len(alone)
        assert plan.interest == sum(each.interest for each in alone)


@settings(deadline=None, max_examples=60)
@given(debts)
def test_the_dearest_first_never_costs_more_but_for_rounding(owed: list[DebtTerms]) -> None:
    extra = sum((debt.balance for debt in owed), Decimal()) / 20
    first, other = (plan_payoff(owed, extra.quantize(Decimal("0.01")), order, "USD") for order in (avalanche, snowball))
    assert first
    assert other
    assert first.interest <= other.interest + Decimal("0.005") * len(owed) * other.length + 1


@settings(deadline=None, max_examples=60)
@given(debts)
def test_each_plan_pays_what_is_owed_and_its_interest(owed: list[DebtTerms]) -> None:
    """By what is paid: the same sum each month but in the last one."""
    extra = (sum((debt.balance for debt in owed), Decimal()) / 20).quantize(Decimal("0.01"))
    budget = sum((debt.minimum for debt in owed), extra)
    for order in (avalanche, snowball):
        plan = payoff_plan(owed, extra, order, "USD")
        whole = sum((debt.balance for debt in owed), Decimal()) + plan.interest
        assert budget * (plan.length - 1) < whole <= budget * plan.length


def test_minimums_below_the_interest_with_nothing_extra_are_never_paid_and_found_so_quickly() -> None:
    owed = [DebtTerms(f"debt {number}", Decimal(90000), Decimal(24), Decimal(10)) for number in range(40)]
    before = time.perf_counter()
    assert plan_payoff(owed, Decimal(), avalanche, "USD") is None
    assert time.perf_counter() - before < 5


def test_a_debt_that_is_paid_already_takes_no_month_and_no_money() -> None:
    owed = [
        DebtTerms("paid", Decimal(0), Decimal(9), Decimal(50)),
        DebtTerms("open", Decimal(100), Decimal(0), Decimal(10)),
    ]
    assert payoff_plan(owed, Decimal(), avalanche, "USD").months == {"paid": 0, "open": 10}


def test_interest_and_payments_have_the_decimals_of_their_currency() -> None:
    assert monthly_interest(Decimal(100000), Decimal("1.5"), "JPY") == Decimal(125)
    assert monthly_interest(Decimal(100001), Decimal("1.5"), "JPY") == Decimal(125)
    assert monthly_interest(Decimal("100.001"), Decimal("1.5"), "KWD") == Decimal("0.125")
    plan = paid_schedule(Decimal(100000), Decimal(6), level_payment(Decimal(100000), Decimal(6), 12, "JPY"), "JPY", 12)
    assert len(plan) == 12
    assert all(each.paid == each.paid.to_integral_value() for each in plan)
    assert future_value(Decimal(), Decimal("1.001"), Decimal(), 3, "KWD") == Decimal("3.003")


owed_amounts = st.decimals(Decimal("0.01"), Decimal(10**9), places=2)


@settings(deadline=None)
@given(
    owed_amounts, st.decimals(Decimal(0), Decimal(100), places=4), owed_amounts, st.sampled_from([avalanche, snowball])
)
def test_a_debt_alone_and_a_debt_in_a_plan_are_paid_in_the_same_month_or_both_never(
    balance: Decimal, rate: Decimal, payment: Decimal, order: Any
) -> None:
    alone = payment_schedule(balance, rate, payment, "USD")
    planned = plan_payoff([DebtTerms("one", balance, rate, payment)], Decimal(), order, "USD")
    assert (alone is None) == (planned is None)
    if alone and planned:
        assert planned.length == len(alone) <= MAX_MONTHS
        assert planned.interest == sum(each.interest for each in alone)


@settings(deadline=None)
@given(owed_amounts, st.decimals(Decimal(0), Decimal(100), places=4), st.integers(-2, 2))
def test_a_payment_near_the_interest_is_judged_the_same_alone_and_in_a_plan(
    balance: Decimal, rate: Decimal, cents: int
) -> None:
    payment = max(monthly_interest(balance, rate, "USD") + Decimal(cents) / 100, Decimal("0.01"))
    alone = payment_schedule(balance, rate, payment, "USD")
    planned = plan_payoff([DebtTerms("one", balance, rate, payment)], Decimal(), avalanche, "USD")
    assert (alone is None) == (planned is None)
    assert alone is None or payment > monthly_interest(balance, rate, "USD")


def test_debts_that_grow_without_end_are_never_paid() -> None:
    growing = [
        DebtTerms("one", Decimal(10**9), Decimal(100), Decimal(1)),
        DebtTerms("other", Decimal(5), Decimal(0), Decimal(1)),
    ]
    assert plan_payoff(growing, Decimal(), avalanche, "USD") is None


def test_a_debt_is_paid_in_the_last_month_that_counts_and_not_in_the_one_after() -> None:
    assert len(paid_schedule(Decimal(MAX_MONTHS), Decimal(0), Decimal(1), "USD")) == MAX_MONTHS
    assert payment_schedule(MAX_MONTHS + Decimal("0.01"), Decimal(0), Decimal(1), "USD") is None
