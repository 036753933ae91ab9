"""Monthly interest: payment schedules of debts and the growth of savings.

The yearly rate is nominal: the monthly rate is a twelfth of it.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from graph.values.currencies import round_amount

MAX_MONTHS = 1200
"""A debt that takes more months counts as never paid off."""

INTEREST_METHOD = (
    "Each month the balance grows by a twelfth of the yearly rate, rounded to the smallest unit of the currency (half to "
    "even), then the payment is taken off; the first payment is next month, the last one is what is left. New purchases and "
    "fees are not counted."
)


def monthly_rate(annual_rate_percent: Decimal) -> Decimal:
    return annual_rate_percent / 1200


def monthly_interest(balance: Decimal, annual_rate_percent: Decimal, currency: str | None) -> Decimal:
    """The interest of one month, rounded to the smallest unit of the currency."""
    return round_amount(balance * monthly_rate(annual_rate_percent), currency)


def level_payment(principal: Decimal, annual_rate_percent: Decimal, months: int, currency: str | None) -> Decimal:
    """The equal monthly payment that repays a loan, rounded; the last payment absorbs the rounding.

    The annuity formula: P·i / (1 - (1 + i)^-n), or P / n without interest.
    """
    rate = monthly_rate(annual_rate_percent)
    exact = principal * rate / (1 - (1 + rate) ** -months) if rate else principal / months
    return round_amount(exact, currency)


def is_never_paid(left: Decimal, monthly_payment: Decimal, months_gone: int) -> bool:
    """Whether the balance cannot be repaid within `MAX_MONTHS`, even without further interest."""
    return left > monthly_payment * (MAX_MONTHS - months_gone)


@dataclass(frozen=True, slots=True)
class Payment:
    interest: Decimal
    paid: Decimal
    left: Decimal


def payment_schedule(
    balance: Decimal, annual_rate_percent: Decimal, payment: Decimal, currency: str | None, term: int | None = None
) -> list[Payment] | None:
    """The monthly payments until the balance is zero, or None if it is never paid off.

    With a term, the last payment is the whole remaining balance.
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
    """The value of savings with a contribution at the end of each month, rounded once, half to even.

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
"""Maps a debt and its remaining balance to a key. The debt with the smallest key gets the extra money."""


def avalanche(debt: DebtTerms, left: Decimal) -> tuple[Decimal, Decimal, str]:
    """Orders debts by interest rate, the highest first."""
    return -debt.annual_rate_percent, left, debt.name


def snowball(debt: DebtTerms, left: Decimal) -> tuple[Decimal, Decimal, str]:
    """Orders debts by balance, the smallest first."""
    return left, -debt.annual_rate_percent, debt.name


@dataclass(frozen=True, slots=True)
class PayoffPlan:
    months: Mapping[str, int]
    """The month in which each debt is paid off, by name; 0 for a debt without balance."""
    interest: Decimal

    @property
    def length(self) -> int:
        return max(self.months.values(), default=0)


def plan_payoff(debts: Sequence[DebtTerms], extra: Decimal, order: PayoffOrder, currency: str) -> PayoffPlan | None:
    """Plan a constant monthly budget that pays every minimum and puts the rest onto one debt after another.

    The budget is the sum of all minimums and the extra payment. The money of a paid debt goes to the next one.

    Returns:
        The plan, or None if the debts are never paid off.
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
    """The payment of each debt from a month's budget."""
    minimums = {debt.name: min(debt.minimum, left[debt.name]) for debt in debts}
    spare = budget - sum(minimums.values())
    for debt in sorted(debts, key=lambda owed: order(owed, left[owed.name])):
        more = min(spare, left[debt.name] - minimums[debt.name])
        spare -= more
        yield debt, minimums[debt.name] + more
