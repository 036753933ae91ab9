"""Enters a transaction by hand."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from graph.tool import Row, Rows, Tool, ToolContext, ToolError
from tools.shared.arguments import ToolArguments
from tools.shared.categories import resolve_category
from tools.shared.category_suggestion import UNCATEGORIZED, suggest_for_merchant
from tools.shared.currencies import resolve_currency
from tools.shared.money import MAX_DECIMALS, amount_text, check_decimals
from tools.shared.name_lookup import resolve_one
from tools.shared.sentences.flows import transaction_phrase
from tools.shared.sentences.lists import is_are
from tools.shared.sentences.wording import Wording, summarized
from tools.shared.text_fields import ShortText
from tools.shared.transaction_lookup import transaction_result

INCOME_CATEGORIES = ("Income", "Investments", UNCATEGORIZED)
"""Categories in which incoming money is income. In any other category it is a refund."""
EARLIEST_DAY = dt.date(1970, 1, 1)


class AddTransaction(ToolArguments):
    amount: Decimal = Field(description="Without sign: 12.50.", gt=0, le=10**9, decimal_places=MAX_DECIMALS)
    type: Literal["expense", "income", "refund"] = Field(description="refund: a purchase's money that came back.")
    day: dt.date | None = Field(None, description="Default today.")
    merchant: ShortText | None = Field(None, description="Shop or company; a person goes into description.")
    description: ShortText | None = Field(None, description="What it was, in the user's words.")
    category: str | None = Field(None, description="By name; default: what fits the merchant.", max_length=100)
    account: str | None = Field(None, description="The account, by name.", max_length=100)
    currency: str | None = Field(None, description="Three letters; default: the account's.", pattern=r"^[A-Za-z]{3}$")


async def add_transaction(arguments: AddTransaction, context: ToolContext) -> dict[str, Any]:
    """Enter one transaction by hand, on the user's word: cash that was spent, income that no statement shows.

    Ask for what is missing (at least the amount and whether it was spent or earned). Moves between own accounts are not
    entered with it. `transaction` is what was stored, with its sign (expenses are negative); `category_because` says why it
    has its category: it was "given", comes from the "type", from what is known of the merchant, or "nothing_known".
    `same_before` counts transactions of that day, amount, merchant and description that were there already: if it is not 0,
    say that this may be one twice.
    """
    values, reason, same = await resolve_new_transaction(arguments, context)
    [row] = await context.rows.fetch("insert_transaction", **values)
    result = {
        "status": "created",
        "transaction": transaction_result(row),
        "type": row["flow"],
        "category_because": reason,
        "same_before": same,
    }
    return summarized(result, entry_sentences, context)


async def preview_add_transaction(arguments: AddTransaction, context: ToolContext) -> dict[str, Any]:
    values, reason, same = await resolve_new_transaction(arguments, context)
    currency = values["currency"]
    entry = {
        "date": values["day"].isoformat(),
        "amount": amount_text(values["amount"], currency),
        **{name: values[name] for name in ("currency", "merchant", "description", "category")},
        "account": values["account_name"],
    }
    warning = f" {same} like it on that day already." if same else ""
    return {
        "summary": f"Enter {amount_text(values['amount'], currency)} {currency} in {values['category']}.{warning}",
        "changes": [{"before": None, "after": entry}],
        "count": 1,
        "category_because": reason,
        "same_before": same,
    }


async def resolve_new_transaction(arguments: AddTransaction, context: ToolContext) -> tuple[dict[str, Any], str, int]:
    """The row to store, the reason for its category, and how many equal transactions exist.

    Raises:
        ToolError: the day is in the future or too early, the account or category is ambiguous, the category does not fit the
            type, or the amount has more decimals than its currency.
    """
    rows, day = context.rows, arguments.day or context.today
    if not EARLIEST_DAY <= day <= context.today:
        raise ToolError(
            f"The day must lie between {EARLIEST_DAY} and today ({context.today}); what is to come is not entered."
        )
    account = resolve_one(arguments.account, await rows.fetch("accounts"), "account") if arguments.account else None
    wanted = arguments.currency and arguments.currency.upper()
    currency = wanted or (account["currency"] if account else await resolve_currency(None, context))
    check_decimals(currency, arguments.amount)
    category, reason = await resolve_category_and_reason(arguments, rows)
    values = {
        "account_id": account and account["id"],
        "account_name": account and account["name"],
        "day": day,
        "amount": -arguments.amount if arguments.type == "expense" else arguments.amount,
        "currency": currency,
        "merchant": arguments.merchant,
        "description": arguments.description or "",
        "category": category,
    }
    [same] = await rows.fetch("count_equal_transactions", **values)
    return values, reason, same["matches"]


async def resolve_category_and_reason(arguments: AddTransaction, rows: Rows) -> tuple[str, str]:
    """The category, and the reason for it as the result names it.

    Raises:
        ToolError: the category does not exist, or does not fit the type.
    """
    if arguments.category:
        category = await resolve_category(arguments.category, rows)
        if not category_fits_type(category, arguments.type):
            raise ToolError(MISFIT_MESSAGES[arguments.type].format(category=category))
        return category, "given"
    if arguments.type == "income":
        return "Income", "type"
    advice = await suggest_for_merchant(arguments.merchant, rows) if arguments.merchant else None
    if advice and category_fits_type(advice.category, arguments.type):
        return advice.category, advice.because
    if arguments.type == "refund":
        raise ToolError("Ask for the category of the purchase that came back, and give it; a refund needs it.")
    return UNCATEGORIZED, "nothing_known"


def category_fits_type(category: str, kind: Literal["expense", "income", "refund"]) -> bool:
    """Whether an amount in the category counts as the type."""
    if kind == "expense":
        return category != "Income"
    return (kind == "income") == (category in INCOME_CATEGORIES)


MISFIT_MESSAGES = {
    "expense": "{category} is no category for spending; give another.",
    "income": "Money that comes in counts as a refund in {category}; give Income or Investments, or the type refund.",
    "refund": "Money that comes in counts as income in {category}; give the category of the purchase.",
}


def entry_sentences(result: Row, wording: Wording) -> Iterator[str]:
    transaction = {**result["transaction"], "type": result["type"]}
    yield f"I entered {transaction_phrase(transaction, wording)} under {transaction['category']}."
    if result["same_before"]:
        many = wording.count(result["same_before"], "transaction")
        yield f"There {is_are(result['same_before'])} already {many} like it on that day, so it may be there twice."


TOOL = Tool(
    add_transaction,
    risk="write",
    preview=preview_add_transaction,
    max_calls_per_minute=20,
    examples=(
        "Add a transaction by hand",
        "I paid cash for lunch, write that down",
        "Record an expense that is not on my statement",
        "Enter a purchase manually",
        "Log money that somebody gave me back in cash",
        "Note down a cash payment",
    ),
)
