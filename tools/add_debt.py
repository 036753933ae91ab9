"""Adds a debt."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from graph.tool import Row, Tool, ToolContext, ToolError
from tools.shared.arguments import ToolArguments
from tools.shared.currencies import OptionalCurrency, resolve_currency
from tools.shared.debts import check_as_of, debt_result, debt_state
from tools.shared.money import MAX_DECIMALS, amount_text, check_decimals
from tools.shared.name_lookup import resolve_one
from tools.shared.sentences.debts import debt_phrase
from tools.shared.sentences.wording import Wording, summarized
from tools.shared.text_fields import ShortText

DebtKind = Literal["credit_card", "student_loan", "car_loan", "mortgage", "personal_loan", "other"]


NAME_TAKEN = "A debt has this name already; update it, or choose another name."


class AddDebt(ToolArguments):
    name: ShortText = Field(description="Name of the debt.")
    kind: DebtKind = Field("other", description="Kind of debt.")
    balance: Decimal = Field(description="Owed, positive.", gt=0, le=10**10, decimal_places=MAX_DECIMALS)
    currency: OptionalCurrency = None
    annual_rate_percent: Decimal = Field(description="Yearly percent: 19.99.", ge=0, le=100, decimal_places=4)
    minimum_payment: Decimal = Field(
        description="Monthly minimum, positive; 0 for none.",
        ge=0,
        le=10**9,
        decimal_places=MAX_DECIMALS,
    )
    as_of: dt.date | None = Field(None, description="Day of the balance; default today.")
    account: ShortText | None = Field(
        None,
        description="The account that has this same debt, by name.",
    )


async def add_debt(arguments: AddDebt, context: ToolContext) -> dict[str, Any]:
    """Note a debt of the user: what is owed, the yearly rate and the minimum payment.

    Use it when the user tells of a loan or a card to pay off. Ask for balance, rate and minimum payment if one was not
    said; never guess them. The user confirms it before it is done. `debt` is what was noted.
    """
    values = await resolve_new_debt(arguments, context)
    made = await context.rows.fetch("insert_debt", **values)
    if not made:
        raise ToolError(NAME_TAKEN)
    return summarized({"status": "ok", "debt": debt_result(made[0])}, debt_sentences, context)


async def preview_add_debt(arguments: AddDebt, context: ToolContext) -> dict[str, Any]:
    values = await resolve_new_debt(arguments, context)
    return {
        "summary": f"A debt of {amount_text(values['balance'], values['currency'])} {values['currency']} is noted.",
        "changes": [{"before": None, "after": debt_state(values)}],
        "count": 1,
    }


async def resolve_new_debt(arguments: AddDebt, context: ToolContext) -> dict[str, Any]:
    """The column values of the new debt.

    Raises:
        ToolError: the debt cannot be added; the message says why.
    """
    check_as_of(arguments.as_of, context.today)
    debts = await context.rows.fetch("debts")
    if arguments.name.casefold() in [debt["name"].casefold() for debt in debts]:
        raise ToolError(NAME_TAKEN)
    values = arguments.model_dump(exclude={"account"}) | {"as_of": arguments.as_of or context.today}
    if not arguments.account:
        currency = await resolve_currency(arguments.currency, context)
        check_decimals(currency, arguments.balance, arguments.minimum_payment)
        return values | {"account_id": None, "currency": currency}
    account = resolve_one(arguments.account, await context.rows.fetch("accounts"), "account")
    if arguments.currency not in (None, account["currency"]):
        raise ToolError(f"That account is in {account['currency']}, so it is not the same debt.")
    check_decimals(account["currency"], arguments.balance, arguments.minimum_payment)
    return values | {"account_id": account["id"], "currency": account["currency"]}


def debt_sentences(result: Row, wording: Wording) -> Iterator[str]:
    debt = result["debt"]
    minimum = wording.money(debt["minimum_payment"], debt["currency"])
    yield f"The debt {debt_phrase(debt, wording)} is noted, as of {wording.day(debt['as_of'])}."
    yield f"Its minimum payment is {minimum} a month."


TOOL = Tool(
    add_debt,
    risk="write",
    preview=preview_add_debt,
    max_calls_per_minute=10,
    examples=(
        "Add a debt: car loan of 9000 at 6.5 percent",
        "I owe 2400 on a personal loan, note it as a debt",
        "Note down my student loan as a debt",
        "Add my new mortgage to my debts",
        "Record a loan from my bank",
        "I have another debt to add",
    ),
)
