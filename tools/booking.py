"""Enters transactions by hand, splits them into parts, and makes the parts one again."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from graph.tool import Row, Rows, Tool, ToolContext, ToolFault
from tools.shared.arguments import ToolArguments
from tools.shared.categories import resolve_categories
from tools.shared.category_suggestion import UNCATEGORIZED, suggest
from tools.shared.money import AMOUNT_DECIMALS, amount_text, check_decimals
from tools.shared.name_lookup import the_one
from tools.shared.text_fields import Words
from tools.shared.transaction_lookup import WhichTransaction, described, listed, the_transaction, told

INCOME = ("Income", "Investments", UNCATEGORIZED)
"""Categories in which money that comes in is income; in any other it is a refund."""
EARLIEST = dt.date(1970, 1, 1)


# Enter ----------------------------------------------------------------------------------------------------------------


class AddTransaction(ToolArguments):
    amount: Decimal = Field(
        description="The amount, without its sign: 12.50.", gt=0, le=10**9, decimal_places=AMOUNT_DECIMALS
    )
    type: Literal["expense", "income", "refund"] = Field(
        description="expense: money that was spent; income: money that was earned; refund: money of a purchase that came back."
    )
    day: dt.date | None = Field(None, description="The day, YYYY-MM-DD; leave out for today.")
    merchant: Words | None = Field(
        None, description="The shop or company. Leave out for a person; name them in description."
    )
    description: Words | None = Field(None, description="What it was, in the user's words.")
    category: str | None = Field(
        None, description="The category, by name; leave out to take the one that fits the merchant.", max_length=100
    )
    account: str | None = Field(
        None, description="Name of the user's account it was booked on, if it is known.", max_length=100
    )
    currency: str | None = Field(
        None, description="Three letters; leave out for the account's, else the user's own.", pattern=r"^[A-Za-z]{3}$"
    )


async def add_transaction(arguments: AddTransaction, context: ToolContext) -> dict[str, Any]:
    """Enter one transaction by hand, on the user's word: cash that was spent, income that no statement shows.

    Ask for what is missing (at least the amount and whether it was spent or earned). Moves between own accounts are not
    entered with it. `transaction` is what was stored, with its sign (expenses are negative); `category_because` says why it
    has its category: it was "given", comes from the "type", from what is known of the merchant, or "nothing_known".
    `same_before` counts transactions of that day, amount, merchant and description that were there already: if it is not 0,
    say that this may be one twice.
    """
    values, reason, same = await to_add(arguments, context)
    [row] = await context.rows.fetch("add_transaction", **values)
    return {
        "status": "created",
        "transaction": told(row),
        "type": row["flow"],
        "category_because": reason,
        "same_before": same,
    }


async def preview_add_transaction(arguments: AddTransaction, context: ToolContext) -> dict[str, Any]:
    values, reason, same = await to_add(arguments, context)
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


async def to_add(arguments: AddTransaction, context: ToolContext) -> tuple[dict[str, Any], str, int]:
    """The row to store, why it has its category, and how many like it there are.

    Raises:
        ToolFault: the day is not one that can have been, the account or category is not clear, the category does not fit the
            type, or the amount has more decimals than its currency.
    """
    rows, day = context.rows, arguments.day or context.today
    if not EARLIEST <= day <= context.today:
        raise ToolFault(
            f"The day must lie between {EARLIEST} and today ({context.today}); what is to come is not entered."
        )
    account = the_one(arguments.account, await rows.fetch("accounts"), "account") if arguments.account else None
    currency = await currency_for(arguments, account, rows)
    check_decimals(currency, arguments.amount)
    category, reason = await category_for(arguments, rows)
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
    [same] = await rows.fetch("same_bookings", **values)
    return values, reason, same["matches"]


async def category_for(arguments: AddTransaction, rows: Rows) -> tuple[str, str]:
    """The category, and why that one.

    Raises:
        ToolFault: there is no such category, or it does not fit the type.
    """
    if arguments.category:
        [category] = await resolve_categories([arguments.category], rows)
        if not is_of_type(category, arguments.type):
            raise ToolFault(UNFITTING[arguments.type].format(category=category))
        return category, "given"
    if arguments.type == "income":
        return "Income", "type"
    advice = await suggest(arguments.merchant, rows) if arguments.merchant else None
    if advice and is_of_type(advice.category, arguments.type):
        return advice.category, advice.because
    if arguments.type == "refund":
        raise ToolFault("Ask for the category of the purchase that came back, and give it; a refund needs it.")
    return UNCATEGORIZED, "nothing_known"


def is_of_type(category: str, kind: Literal["expense", "income", "refund"]) -> bool:
    """Whether an amount of that type counts as such in the category."""
    if kind == "expense":
        return category != "Income"
    return (kind == "income") == (category in INCOME)


UNFITTING = {
    "expense": "{category} is no category for spending; give another.",
    "income": "Money that comes in counts as a refund in {category}; give Income or Investments, or the type refund.",
    "refund": "Money that comes in counts as income in {category}; give the category of the purchase.",
}


async def currency_for(arguments: AddTransaction, account: Row | None, rows: Rows) -> str:
    """The currency that is meant.

    Raises:
        ToolFault: it cannot be known.
    """
    if arguments.currency:
        return arguments.currency.upper()
    if account:
        return str(account["currency"])
    profile = await rows.fetch("main_currency")
    if not profile:
        raise ToolFault("The user's currency is unknown; ask for it and give it.")
    return str(profile[0]["currency"])


# Split ----------------------------------------------------------------------------------------------------------------


class Part(ToolArguments):
    amount: Decimal = Field(
        description="The part's amount, without its sign.", gt=0, le=10**12, decimal_places=AMOUNT_DECIMALS
    )
    category: str = Field(description="The part's category, by name.", max_length=100)


class SplitTransaction(WhichTransaction):
    parts: list[Part] = Field(
        description="The parts; their amounts add up to the transaction's, to the cent.", min_length=2, max_length=20
    )


async def split_transaction(arguments: SplitTransaction, context: ToolContext) -> dict[str, Any]:
    """Split one transaction into parts of different categories, on the user's word: groceries and clothes on one receipt.

    Name it by transaction_id, else by merchant, day and amount; if several match, the fault lists them: ask which. The parts'
    amounts must add up to the transaction's exactly, else nothing is changed and the fault says what is missing. Afterwards
    each part is a transaction of its own (`parts`, the first under the old id): all totals stay as they were, only the
    categories' change, and counts of transactions count the parts. undo_split makes them one again.
    """
    row, amounts, categories = await to_split(arguments, context.rows)
    parts = await context.rows.fetch(
        "split_transaction", id=row["id"], amount=row["amount"], amounts=amounts, categories=categories
    )
    if not parts:
        raise ToolFault("The transaction was changed meanwhile; look at it again.")
    return {"status": "changed", "before": told(row), "parts": listed(parts), "count": len(parts)}


async def preview_split_transaction(arguments: SplitTransaction, context: ToolContext) -> dict[str, Any]:
    row, amounts, categories = await to_split(arguments, context.rows)
    parts = [
        told({**row, "amount": amount, "category": category}) | {"id": None if number else str(row["id"])}
        for number, (amount, category) in enumerate(zip(amounts, categories, strict=True))
    ]
    return {
        "summary": f"Split {amount_text(row['amount'], row['currency'])} {row['currency']} into {len(parts)} parts.",
        "changes": [{"before": told(row), "after": parts}],
        "count": len(parts),
    }


async def to_split(arguments: SplitTransaction, rows: Rows) -> tuple[Row, list[Decimal], list[str]]:
    """The transaction, and the parts' amounts with their sign and categories as they are stored.

    Raises:
        ToolFault: it is not clear which, it cannot be split, or the parts do not add up.
    """
    row = await the_transaction(arguments, rows)
    if row["split_of"] or row["was_split"]:
        raise ToolFault("It is split already, or a part of one that was; undo_split makes it one again.")
    if row["is_transfer"]:
        raise ToolFault("A transfer between the user's own accounts counts in no category; it is not split.")
    currency = row["currency"]
    check_decimals(currency, *(part.amount for part in arguments.parts))
    whole, given = abs(row["amount"]), sum((part.amount for part in arguments.parts), Decimal())
    if given != whole:
        added, there, missing = (amount_text(amount, currency) for amount in (given, whole, abs(whole - given)))
        raise ToolFault(
            f"The parts add up to {added}, the transaction is {there} {currency}: {missing} too "
            f"{'little' if given < whole else 'much'}. Ask what the parts are."
        )
    categories = [(await resolve_categories([part.category], rows))[0] for part in arguments.parts]
    sign = -1 if row["amount"] < 0 else 1
    return row, [sign * part.amount for part in arguments.parts], categories


class UndoSplit(WhichTransaction):
    category: str | None = Field(
        None, description="The category of the whole; leave out for that of the largest part.", max_length=100
    )


async def undo_split(arguments: UndoSplit, context: ToolContext) -> dict[str, Any]:
    """Make the parts of a split transaction one transaction again, on the user's word.

    Name any part by its transaction_id. `before` holds the parts, `after` the whole, of the amount that they add up to.
    """
    parts, category = await to_join(arguments, context.rows)
    [whole] = await context.rows.fetch("join_parts", id=parts[0]["id"], category=category)
    return {"status": "changed", "before": listed(parts), "after": told(whole)}


async def preview_undo_split(arguments: UndoSplit, context: ToolContext) -> dict[str, Any]:
    parts, category = await to_join(arguments, context.rows)
    amount, currency = sum((part["amount"] for part in parts), Decimal()), parts[0]["currency"]
    whole = f"{amount_text(amount, currency)} {currency}"
    return {
        "summary": f"Make {len(parts)} parts one transaction of {whole} in {category}.",
        "changes": [{"before": listed(parts), "after": told(parts[0] | {"amount": amount, "category": category})}],
        "count": len(parts),
    }


async def to_join(arguments: UndoSplit, rows: Rows) -> tuple[Sequence[dict[str, Any]], str]:
    """The parts, the one that was split first, and the category of the whole.

    Raises:
        ToolFault: it is not clear which, or it was not split.
    """
    row = await the_transaction(arguments, rows)
    if not (row["split_of"] or row["was_split"]):
        raise ToolFault(f"It is not split: {described(row)}.")
    parts = await rows.fetch("parts_of", id=row["split_of"] or row["id"])
    if arguments.category:
        [category] = await resolve_categories([arguments.category], rows)
        return parts, category
    return parts, max(parts, key=lambda part: abs(part["amount"]))["category"]


TOOLS = (
    Tool(
        add_transaction,
        risk="write",
        preview=preview_add_transaction,
        per_minute=20,
        examples=(
            "Add a transaction by hand",
            "I paid cash for lunch, write that down",
            "Record an expense that is not on my statement",
            "Enter a purchase manually",
            "Log money that somebody gave me back in cash",
            "Note down a cash payment",
        ),
    ),
    Tool(
        split_transaction,
        risk="write",
        preview=preview_split_transaction,
        per_minute=20,
        quotes=True,
        examples=(
            "Split this transaction into two categories",
            "Half of that purchase was something else, split it",
            "Divide the receipt between groceries and clothes",
            "Part of this payment belongs to another category",
            "Split up my last supermarket purchase",
            "Break that charge into parts",
        ),
    ),
    Tool(
        undo_split,
        risk="write",
        preview=preview_undo_split,
        per_minute=20,
        quotes=True,
        examples=(
            "Undo the split of that transaction",
            "Put the parts of the purchase back together",
            "Join the split transaction again",
            "I split that by mistake, merge it",
            "Make the parts one transaction again",
            "Reverse the split",
        ),
    ),
)
