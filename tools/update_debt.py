"""Changes a debt."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from pydantic import Field

from graph.tool import Row, Rows, Tool, ToolContext, ToolError
from tools.shared.arguments import ToolArguments
from tools.shared.debts import check_as_of, debt_result, debt_state
from tools.shared.money import MAX_DECIMALS, check_decimals
from tools.shared.name_lookup import resolve_one
from tools.shared.sentences.debts import debt_phrase
from tools.shared.sentences.wording import Wording, summarized
from tools.shared.text_fields import ShortText


class UpdateDebt(ToolArguments):
    debt: ShortText = Field(description="Name or id of the debt.")
    balance: Decimal | None = Field(
        None,
        description="Owed now, positive; 0 if paid.",
        ge=0,
        le=10**10,
        decimal_places=MAX_DECIMALS,
    )
    annual_rate_percent: Decimal | None = Field(None, description="New yearly percent.", ge=0, le=100, decimal_places=4)
    minimum_payment: Decimal | None = Field(
        None, description="New monthly minimum.", ge=0, le=10**9, decimal_places=MAX_DECIMALS
    )
    as_of: dt.date | None = Field(None, description="Day of the balance; default today.")


async def update_debt(arguments: UpdateDebt, context: ToolContext) -> dict[str, Any]:
    """Change what is noted of a debt: the balance after a payment, the rate or the minimum payment.

    Give what changes only. The user confirms it before it is done. `debt` is how it stands afterwards.
    """
    debt, values = await resolve_change(arguments, context)
    made = await context.rows.fetch("update_debt", id=debt["id"], **values)
    if not made:
        raise ToolError("That debt is gone.")
    return summarized({"status": "ok", "debt": debt_result(made[0])}, debt_sentences, context)


async def preview_update_debt(arguments: UpdateDebt, context: ToolContext) -> dict[str, Any]:
    debt, values = await resolve_change(arguments, context)
    after = dict(debt) | {name: value for name, value in values.items() if value is not None}
    return {
        "summary": "A debt is changed.",
        "changes": [{"before": debt_state(debt), "after": debt_state(after)}],
        "count": 1,
    }


async def resolve_change(arguments: UpdateDebt, context: ToolContext) -> tuple[Row, dict[str, Any]]:
    """The debt to change, and its new column values.

    Raises:
        ToolError: not exactly one debt matches, or nothing changes.
    """
    check_as_of(arguments.as_of, context.today)
    values = arguments.model_dump(exclude={"debt"})
    if arguments.balance is not None:
        values["as_of"] = arguments.as_of or context.today
    elif arguments.as_of:
        raise ToolError("as_of is the day of a new balance; give balance, too.")
    if all(value is None for value in values.values()):
        raise ToolError("Say what changes: balance, annual_rate_percent or minimum_payment.")
    debt = await one_debt(arguments.debt, context.rows)
    check_decimals(debt["currency"], arguments.balance, arguments.minimum_payment)
    return debt, values


async def one_debt(words: str, rows: Rows) -> Row:
    return resolve_one(words, await rows.fetch("debts"), "debt")


def debt_sentences(result: Row, wording: Wording) -> Iterator[str]:
    debt = result["debt"]
    if not Decimal(debt["balance"]):
        yield f"The debt {debt['name']} is paid off, as of {wording.day(debt['as_of'])}."
        return
    yield f"The debt is now {debt_phrase(debt, wording)}, as of {wording.day(debt['as_of'])}."
    yield f"Its minimum payment is {wording.money(debt['minimum_payment'], debt['currency'])} a month."


TOOL = Tool(
    update_debt,
    risk="write",
    preview=preview_update_debt,
    max_calls_per_minute=20,
    examples=(
        "My student loan balance is down to 1800",
        "Update the rate on my car loan debt",
        "I paid off my store card debt",
        "Change the minimum payment of my loan to 120",
        "The debt on my card is 2900 now",
        "Correct the balance of a debt",
    ),
)
