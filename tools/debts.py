"""The user's debts: what is owed, and in which order it is best paid."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from graph.tool import Row, Rows, Tool, ToolContext, ToolFault
from graph.values.months import months_later
from tools.shared.arguments import ToolArguments
from tools.shared.currencies import Currency, currency_or_main
from tools.shared.display import shown
from tools.shared.interest import METHOD, MOST_MONTHS, Owed, Plan, avalanche, interest, plan_of, snowball
from tools.shared.money import AMOUNT_DECIMALS, amount_text, by_currency, check_decimals
from tools.shared.name_lookup import the_one
from tools.shared.text_fields import Words

MOST_DEBTS = 40
"""That a result holds, and that a plan is made for."""

PLAN_METHOD = (
    f"{METHOD} Every debt gets its minimum payment; the extra payment and what paid debts no longer need goes to the dearest "
    "debt first (avalanche) or to the smallest one first (snowball), so the sum paid each month stays the same to the end."
)

Kind = Literal["credit_card", "student_loan", "car_loan", "mortgage", "personal_loan", "other"]


# What there is --------------------------------------------------------------------------------------------------------


class ListDebts(ToolArguments):
    pass


async def list_debts(arguments: ListDebts, context: ToolContext) -> dict[str, Any]:
    """List the user's debts with what is owed, the yearly rate, the minimum payment, and the day the balance is of.

    Use it for "what do I owe" beyond account balances, such as loans. `balance` is positive: what is owed on `as_of`.
    `interest_next_month` is a twelfth of the yearly rate on it. `minimum_below_interest` is true where the minimum payment
    does not cover that interest, so the debt grows: say so. `totals` has one entry a currency; never add currencies
    together. A debt with a balance of 0.00 is paid. `status` is "no_rows" if none is on file: say so; the user can add some.
    """
    debts = await context.rows.fetch("debts")
    listed = [present(debt) for debt in debts[:MOST_DEBTS]]
    return {
        "status": "ok" if debts else "no_rows",
        "matches": len(debts),
        "shown": len(listed),
        "totals": [add_up(same) for same in by_currency(debts)],
        "debts": listed,
        **shown("Debts", ("name", "currency", "balance", "annual_rate_percent", "minimum_payment", "as_of"), listed),
    }


def present(debt: Row) -> dict[str, Any]:
    grown = interest(debt["balance"], debt["annual_rate_percent"], debt["currency"])
    return state_of(debt) | {
        "id": str(debt["id"]),
        "kind": debt["kind"],
        "account": debt["account"],
        "interest_next_month": amount_text(grown, debt["currency"]),
        "minimum_below_interest": is_growing(debt),
    }


def state_of(debt: Row) -> dict[str, Any]:
    return {
        "name": debt["name"],
        "currency": debt["currency"],
        "balance": amount_text(debt["balance"], debt["currency"]),
        "annual_rate_percent": rate_text(debt["annual_rate_percent"]),
        "minimum_payment": amount_text(debt["minimum_payment"], debt["currency"]),
        "as_of": debt["as_of"].isoformat(),
    }


def rate_text(rate: Decimal) -> str:
    """A rate in percent with two decimals, or with four where it has more."""
    return f"{rate:.2f}" if rate == round(rate, 2) else f"{rate:.4f}"


def is_growing(debt: Row) -> bool:
    grown = interest(debt["balance"], debt["annual_rate_percent"], debt["currency"])
    return bool(debt["balance"] and debt["minimum_payment"] <= grown)


def add_up(debts: Sequence[Row]) -> dict[str, Any]:
    unpaid, currency = [debt for debt in debts if debt["balance"]], debts[0]["currency"]
    grown = sum((interest(debt["balance"], debt["annual_rate_percent"], currency) for debt in unpaid), Decimal())
    return {
        "currency": currency,
        "unpaid": len(unpaid),
        "owed": amount_text(sum((debt["balance"] for debt in unpaid), Decimal()), currency),
        "minimum_payments": amount_text(sum((debt["minimum_payment"] for debt in unpaid), Decimal()), currency),
        "interest_next_month": amount_text(grown, currency),
    }


# The plan -------------------------------------------------------------------------------------------------------------


class DebtPayoffPlan(ToolArguments):
    extra_payment: Decimal = Field(
        Decimal(),
        description="What can be paid each month on top of all minimums.",
        ge=0,
        le=10**9,
        decimal_places=AMOUNT_DECIMALS,
    )
    currency: Currency | None = Field(
        None, description="Whose debts, three letters; needed only where debts are in several currencies."
    )


async def debt_payoff_plan(arguments: DebtPayoffPlan, context: ToolContext) -> dict[str, Any]:
    """Compare two ways to pay off the user's debts: the dearest first (avalanche) or the smallest first (snowball).

    Use it for "how do I get out of debt" and "when am I debt free". `monthly_payment` is all minimums plus `extra_payment`.
    `avalanche` and `snowball` each have the `order` with each debt's `payoff_month`, the `debt_free_month`, `months` and
    `total_interest`; `interest_saved_by_avalanche` is their difference. `method` says how it is worked out. A strategy whose
    `status` is "never_paid" does not end within a hundred years: `interest_next_month` says what the payment must exceed.
    `minimum_below_interest` names debts that grow under their minimum alone. `status` is "no_rows" without unpaid debts on
    file, and "ambiguous" if they are in several `currencies`: ask which, they are planned apart.
    """
    unpaid = [debt for debt in await context.rows.fetch("debts") if debt["balance"]]
    currencies = sorted({debt["currency"] for debt in unpaid})
    filters = arguments.model_dump(mode="json", exclude_none=True)
    if not arguments.currency and len(currencies) > 1:
        return {"status": "ambiguous", "filters": filters, "currencies": currencies}
    own = [debt for debt in unpaid if arguments.currency in (None, debt["currency"])]
    if not own:
        return {"status": "no_rows", "filters": filters, "other_currencies": currencies}
    if len(own) > MOST_DEBTS:
        raise ToolFault(f"A plan is made for at most {MOST_DEBTS} debts.")
    return {"status": "ok", "filters": filters} | compare(own, arguments.extra_payment, context.today)


def compare(debts: Sequence[Row], extra: Decimal, today: dt.date) -> dict[str, Any]:
    """Both plans for debts of one currency."""
    currency = debts[0]["currency"]
    check_decimals(currency, extra)
    owed = [Owed(debt["name"], debt["balance"], debt["annual_rate_percent"], debt["minimum_payment"]) for debt in debts]
    dearest, smallest = (plan_of(owed, extra, order, currency) for order in (avalanche, snowball))
    first = told(dearest, today, currency)
    grown = sum((interest(debt.balance, debt.annual_rate_percent, currency) for debt in owed), Decimal())
    saved = smallest.interest - dearest.interest if dearest and smallest else None
    return {
        "currency": currency,
        "owed": amount_text(sum((debt.balance for debt in owed), Decimal()), currency),
        "monthly_payment": amount_text(sum((debt.minimum for debt in owed), extra), currency),
        "interest_next_month": amount_text(grown, currency),
        "method": PLAN_METHOD,
        "minimum_below_interest": [{"name": debt["name"]} for debt in debts if is_growing(debt)],
        "avalanche": first,
        "snowball": told(smallest, today, currency),
        "interest_saved_by_avalanche": None if saved is None else amount_text(saved, currency),
        **shown("Avalanche: the dearest debt first", ("name", "payoff_month"), first.get("order", [])),
    }


def told(plan: Plan | None, today: dt.date, currency: str) -> dict[str, Any]:
    if plan is None:
        return {"status": "never_paid", "within_months": MOST_MONTHS}

    def month(number: int) -> str:
        return f"{months_later(today.replace(day=1), number):%Y-%m}"

    return {
        "status": "ok",
        "months": plan.length,
        "debt_free_month": month(plan.length),
        "total_interest": amount_text(plan.interest, currency),
        "order": [
            {"name": name, "payoff_month": month(number), "months": number}
            for name, number in sorted(plan.months.items(), key=lambda each: (each[1], each[0]))
        ],
    }


# What is changed ------------------------------------------------------------------------------------------------------


class AddDebt(ToolArguments):
    name: Words = Field(description="What the debt is called.")
    kind: Kind = Field("other", description="What sort of debt it is.")
    balance: Decimal = Field(
        description="What is owed, as a positive amount.", gt=0, le=10**10, decimal_places=AMOUNT_DECIMALS
    )
    currency: Currency | None = Field(
        None, description="Three letters, such as USD; leave out for the user's main one."
    )
    annual_rate_percent: Decimal = Field(
        description="Yearly interest in percent: 19.99. 0 for none.", ge=0, le=100, decimal_places=4
    )
    minimum_payment: Decimal = Field(
        description="What has to be paid each month, as a positive amount; 0 for nothing.",
        ge=0,
        le=10**9,
        decimal_places=AMOUNT_DECIMALS,
    )
    as_of: dt.date | None = Field(None, description="Day of the balance, YYYY-MM-DD; leave out for today.")
    account: Words | None = Field(
        None,
        description="Name of the user's account whose balance is this same debt, so that it is not counted twice.",
    )


async def add_debt(arguments: AddDebt, context: ToolContext) -> dict[str, Any]:
    """Note a debt of the user: what is owed, the yearly rate and the minimum payment.

    Use it when the user tells of a loan or a card to pay off. Ask for balance, rate and minimum payment if one was not
    said; never guess them. The user confirms it before it is done. `debt` is what was noted.
    """
    values = await new_debt(arguments, context)
    made = await context.rows.fetch("put_debt", **values)
    if not made:
        raise ToolFault("A debt has this name already; update it, or choose another name.")
    return {"status": "ok", "debt": present(made[0])}


async def preview_add_debt(arguments: AddDebt, context: ToolContext) -> dict[str, Any]:
    values = await new_debt(arguments, context)
    return {
        "summary": f"A debt of {amount_text(values['balance'], values['currency'])} {values['currency']} is noted.",
        "changes": [{"before": None, "after": state_of(values)}],
        "count": 1,
    }


async def new_debt(arguments: AddDebt, context: ToolContext) -> dict[str, Any]:
    """The values of a debt that can be added.

    Raises:
        ToolFault: it cannot, and why.
    """
    check_day(arguments.as_of, context.today)
    debts = await context.rows.fetch("debts")
    if arguments.name.casefold() in [debt["name"].casefold() for debt in debts]:
        raise ToolFault("A debt has this name already; update it, or choose another name.")
    values = arguments.model_dump(exclude={"account"}) | {"as_of": arguments.as_of or context.today}
    if not arguments.account:
        currency = await currency_or_main(arguments.currency, context.rows)
        check_decimals(currency, arguments.balance, arguments.minimum_payment)
        return values | {"account_id": None, "currency": currency}
    account = the_one(arguments.account, await context.rows.fetch("accounts"), "account")
    if arguments.currency not in (None, account["currency"]):
        raise ToolFault(f"That account is in {account['currency']}, so it is not the same debt.")
    check_decimals(account["currency"], arguments.balance, arguments.minimum_payment)
    return values | {"account_id": account["id"], "currency": account["currency"]}


def check_day(day: dt.date | None, today: dt.date) -> None:
    if day and day > today:
        raise ToolFault("as_of is in the future; a balance is of today or an earlier day.")


class UpdateDebt(ToolArguments):
    debt: Words = Field(description="Name of the debt, a part of it, or its id.")
    balance: Decimal | None = Field(
        None,
        description="What is owed now, as a positive amount; 0 when it is paid.",
        ge=0,
        le=10**10,
        decimal_places=AMOUNT_DECIMALS,
    )
    annual_rate_percent: Decimal | None = Field(
        None, description="The new yearly interest in percent.", ge=0, le=100, decimal_places=4
    )
    minimum_payment: Decimal | None = Field(
        None, description="The new minimum payment each month.", ge=0, le=10**9, decimal_places=AMOUNT_DECIMALS
    )
    as_of: dt.date | None = Field(None, description="Day of the new balance, YYYY-MM-DD; leave out for today.")


async def update_debt(arguments: UpdateDebt, context: ToolContext) -> dict[str, Any]:
    """Change what is noted of a debt: the balance after a payment, the rate or the minimum payment.

    Give what changes only. The user confirms it before it is done. `debt` is how it stands afterwards.
    """
    debt, values = await changed_debt(arguments, context)
    made = await context.rows.fetch("change_debt", id=debt["id"], **values)
    if not made:
        raise ToolFault("That debt is gone.")
    return {"status": "ok", "debt": present(made[0])}


async def preview_update_debt(arguments: UpdateDebt, context: ToolContext) -> dict[str, Any]:
    debt, values = await changed_debt(arguments, context)
    after = dict(debt) | {name: value for name, value in values.items() if value is not None}
    return {
        "summary": "A debt is changed.",
        "changes": [{"before": state_of(debt), "after": state_of(after)}],
        "count": 1,
    }


async def changed_debt(arguments: UpdateDebt, context: ToolContext) -> tuple[Row, dict[str, Any]]:
    """The debt that is meant, and what becomes of it.

    Raises:
        ToolFault: it is not clear, or nothing changes.
    """
    check_day(arguments.as_of, context.today)
    values = arguments.model_dump(exclude={"debt"})
    if arguments.balance is not None:
        values["as_of"] = arguments.as_of or context.today
    elif arguments.as_of:
        raise ToolFault("as_of is the day of a new balance; give balance, too.")
    if all(value is None for value in values.values()):
        raise ToolFault("Say what changes: balance, annual_rate_percent or minimum_payment.")
    debt = await one_debt(arguments.debt, context.rows)
    check_decimals(debt["currency"], arguments.balance, arguments.minimum_payment)
    return debt, values


async def one_debt(words: str, rows: Rows) -> Row:
    return the_one(words, await rows.fetch("debts"), "debt")


TOOLS = (
    Tool(
        list_debts,
        examples=(
            "What debts do I have?",
            "List my debts",
            "How much debt do I have?",
            "Show my loans",
            "What interest rate is on my student loan?",
            "Which of my debts is the most expensive?",
        ),
    ),
    Tool(
        debt_payoff_plan,
        examples=(
            "When will I be debt free?",
            "Which debt is best paid first?",
            "Compare avalanche and snowball for my debts",
            "Make a plan to pay off my debts",
            "How fast am I out of debt with 100 extra a month?",
            "Is the snowball method better for me?",
        ),
    ),
    Tool(
        add_debt,
        risk="write",
        preview=preview_add_debt,
        per_minute=10,
        examples=(
            "Add a debt: car loan of 9000 at 6.5 percent",
            "I owe 2400 on a personal loan, note it as a debt",
            "Note down my student loan as a debt",
            "Add my new mortgage to my debts",
            "Record a loan from my bank",
            "I have another debt to add",
        ),
    ),
    Tool(
        update_debt,
        risk="write",
        preview=preview_update_debt,
        per_minute=20,
        examples=(
            "My student loan balance is down to 1800",
            "Update the rate on my car loan debt",
            "I paid off my store card debt",
            "Change the minimum payment of my loan to 120",
            "The debt on my card is 2900 now",
            "Correct the balance of a debt",
        ),
    ),
)
