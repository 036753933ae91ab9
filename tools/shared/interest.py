"""Interest month by month: what a debt costs until it is paid, and what savings grow to.

The yearly rate is nominal: a month bears a twelfth of it.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from graph.values.currencies import round_amount

MAX_MONTHS = 1200
"""A debt that is not paid after so many counts as one that is never paid off."""

INTEREST_METHOD = (
    "Each month the balance grows by a twelfth of the yearly rate, rounded to the smallest unit of the currency (half to "
    "even), then the payment is taken off; the first payment is next month, the last one is what is left. New purchases and "
    "fees are not counted."
)


def monthly_rate(annual_rate_percent: Decimal) -> Decimal:
    return annual_rate_percent / 1200


def monthly_interest(balance: Decimal, annual_rate_percent: Decimal, currency: str | None) -> Decimal:
    """Of one month, in whole units of the currency."""
    return round_amount(balance * monthly_rate(annual_rate_percent), currency)


def level_payment(principal: Decimal, annual_rate_percent: Decimal, months: int, currency: str | None) -> Decimal:
    """The equal monthly payment that pays a loan in so many months, rounded; the last one takes what rounding left.

    The annuity formula: P·i / (1 - (1 + i)^-n), or P / n without interest.
    """
    rate = monthly_rate(annual_rate_percent)
    exact = principal * rate / (1 - (1 + rate) ** -months) if rate else principal / months
    return round_amount(exact, currency)


def is_never_paid(left: Decimal, monthly_payment: Decimal, months_gone: int) -> bool:
    """Whether what is left is too much for the rest of `MAX_MONTHS`, even if it bore no more interest."""
    return left > monthly_payment * (MAX_MONTHS - months_gone)


@dataclass(frozen=True, slots=True)
class Payment:
    interest: Decimal
    paid: Decimal
    left: Decimal


def payment_schedule(
    balance: Decimal, annual_rate_percent: Decimal, payment: Decimal, currency: str | None, term: int | None = None
) -> list[Payment] | None:
    """The monthly payments until nothing is left, or None if it is never paid off.

    With a term the payment of its last month is all that is left then.
    """
    plan: list[Payment] = []
    while balance > 0:
        if not term and is_never_paid(balance, payment, len(plan)):
            return None
        grown = monthly_interest(balance, annual_rate_percent, currency)
        is_last = len(plan) + 1 == term
        paid = balance + grown if is_last else min(payment, balance + grown)
        balance += grown - paid
        plan.append(Payment(grown, paid, balance))
    return plan


def future_value(
    start: Decimal, contribution: Decimal, annual_rate_percent: Decimal, months: int, currency: str | None
) -> Decimal:
    """What savings come to when the contribution is added at the end of each month, rounded once, half to even.

    S·(1 + i)^n + C·((1 + i)^n - 1) / i, or S + C·n without interest.
    """
    rate = monthly_rate(annual_rate_percent)
    growth = (1 + rate) ** months
    added = contribution * (growth - 1) / rate if rate else contribution * months
    return round_amount(start * growth + added, currency)


# Several debts --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DebtTerms:
    name: str
    balance: Decimal
    annual_rate_percent: Decimal
    minimum: Decimal


PayoffOrder = Callable[[DebtTerms, Decimal], tuple[Decimal, Decimal, str]]
"""A debt and what is left of it, to a key: the debt with the smallest one gets what is over."""


def avalanche(debt: DebtTerms, left: Decimal) -> tuple[Decimal, Decimal, str]:
    """The dearest first."""
    return -debt.annual_rate_percent, left, debt.name


def snowball(debt: DebtTerms, left: Decimal) -> tuple[Decimal, Decimal, str]:
    """The smallest first."""
    return left, -debt.annual_rate_percent, debt.name


@dataclass(frozen=True, slots=True)
class PayoffPlan:
    months: Mapping[str, int]
    """After which each debt is paid, by name; 0 for one that is paid already."""
    interest: Decimal

    @property
    def length(self) -> int:
        return max(self.months.values(), default=0)


def plan_payoff(debts: Sequence[DebtTerms], extra: Decimal, order: PayoffOrder, currency: str) -> PayoffPlan | None:
    """Pay every minimum, and put the rest of a budget that stays the same onto one debt after another.

    The budget is the sum of all minimums and the extra payment; what a paid debt no longer needs goes to the next.

    Returns:
        None if they are never all paid off.
    """
    budget = sum((debt.minimum for debt in debts if debt.balance), extra)
    left = {debt.name: debt.balance for debt in debts}
    months = {debt.name: 0 for debt in debts}
    cost = Decimal()
    for month in itertools.count(1):
        open_debts = [debt for debt in debts if left[debt.name]]
        if not open_debts:
            break
        if is_never_paid(sum(left.values(), Decimal()), budget, month - 1):
            return None
        for debt in open_debts:
            grown = monthly_interest(left[debt.name], debt.annual_rate_percent, currency)
            left[debt.name] += grown
            cost += grown
        for debt, paid in split_budget(open_debts, left, budget, order):
            left[debt.name] -= paid
            if not left[debt.name]:
                months[debt.name] = month
    return PayoffPlan(months, cost)


def split_budget(
    debts: Sequence[DebtTerms], left: Mapping[str, Decimal], budget: Decimal, order: PayoffOrder
) -> Iterator[tuple[DebtTerms, Decimal]]:
    """What each debt gets of a month's budget."""
    minimums = {debt.name: min(debt.minimum, left[debt.name]) for debt in debts}
    spare = budget - sum(minimums.values())
    for debt in sorted(debts, key=lambda each: order(each, left[each.name])):
        more = min(spare, left[debt.name] - minimums[debt.name])
        spare -= more
        yield debt, minimums[debt.name] + more
