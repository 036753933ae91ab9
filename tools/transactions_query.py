"""Lists transactions and adds them up."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from graph.tool import Row, Rows, Tool, ToolContext, ToolError
from tools.shared.arguments import PeriodArguments, check_amount_range
from tools.shared.categories import SYSTEM_CATEGORIES, resolve_categories
from tools.shared.display import table
from tools.shared.flows import flow_totals
from tools.shared.money import amount_text
from tools.shared.sentences.flows import nothing_found, totals_sentences, transaction_phrase
from tools.shared.sentences.lists import MAX_LISTED, is_are
from tools.shared.sentences.wording import Wording, summarized


class TransactionsQuery(PeriodArguments):
    category: str | None = Field(
        None, description=f"{'; '.join(SYSTEM_CATEGORIES)}; or the user's own.", max_length=100
    )
    categories: list[str] = Field(default_factory=list, description="Any of these.", max_length=50)
    type: Literal["expense", "income", "transfer", "all"] = Field(
        "all",
        description="expense with refunds; transfer: between own accounts.",
    )
    min_amount: Decimal | None = Field(None, description="Without sign.", ge=0, le=10**12)
    max_amount: Decimal | None = Field(None, description="Without sign.", ge=0, le=10**12)
    merchant: str | None = Field(None, description="Part of the name.", max_length=100)
    description: str | None = Field(
        None,
        description="Part of the statement line, such as a person who was paid.",
        max_length=100,
    )
    account: str | None = Field(
        None, description="Name of an account, a part, or its last four digits.", max_length=100
    )
    limit: int = Field(20, description="Rows to list.", ge=1, le=100)
    offset: int = Field(0, description="next_offset of the page before.", ge=0, le=10**6)


async def transactions_query(arguments: TransactionsQuery, context: ToolContext) -> dict[str, Any]:
    """Find the user's transactions by date, category, type, amount, merchant, description or account, newest first.
    `totals` are exact; `spent_net` is what was spent.

    Use it to list purchases, deposits, refunds and transfers, and to say exactly how much was spent, earned or refunded
    under these filters. `matches` counts everything that matches, `shown` the rows on this page; `next_offset` leads to
    the next page and is null on the last. In `transactions`, amounts are negative for expenses and positive for income
    and refunds. `totals` is exact over all matches, one entry a currency (never add currencies together): `spent_gross`
    is what was paid, `refunds` what came back of it (a positive amount in an expense category), `spent_net` the one
    less the other and the answer to "how much did I spend", `income` what was earned, `net` income less spent_net.
    Moves between the user's own accounts are in `transfers` only. `status` is "no_rows" if nothing matches: then say
    so with the filters, and do not guess. Answer only with amounts that stand in the result.
    """
    check_filters(arguments)
    names = [*([arguments.category] if arguments.category else []), *arguments.categories]
    categories = await resolve_categories(names, context.rows) if names else None
    accounts = await resolve_accounts(arguments.account, context.rows) if arguments.account else None
    found = await context.rows.fetch(
        "matching_transactions",
        start_date=arguments.start_date,
        end_date=arguments.end_date,
        flow=None if arguments.type == "all" else arguments.type,
        categories=categories,
        account_ids=[account["id"] for account in accounts] if accounts else None,
        min_amount=arguments.min_amount,
        max_amount=arguments.max_amount,
        merchant=like_pattern(arguments.merchant),
        description=like_pattern(arguments.description),
        limit=arguments.limit,
        offset=arguments.offset,
    )
    result = page_result(found, arguments.offset) | {"filters": applied_filters(arguments, categories, accounts)}
    return summarized(result, transaction_sentences, context)


def check_filters(arguments: TransactionsQuery) -> None:
    """Check that the filters can match anything.

    Raises:
        ToolError: the limits of the period or of the amounts are in the wrong order.
    """
    arguments.check_period()
    check_amount_range(arguments.min_amount, arguments.max_amount)


async def resolve_accounts(words: str, rows: Rows) -> list[Row]:
    """The accounts with exactly this name, else those whose name contains it or whose number ends with it.

    Raises:
        ToolError: no account matches; the message lists the existing ones.
    """
    accounts = await rows.fetch("accounts")
    wanted = words.strip().casefold()
    exact = [account for account in accounts if account["name"].casefold() == wanted]
    similar = [a for a in accounts if wanted in a["name"].casefold() or wanted == a["number_last4"]]
    if not accounts:
        raise ToolError("The user has no accounts yet; ask without the account.")
    if not similar:
        raise ToolError(f"No account matches; the user has: {', '.join(account['name'] for account in accounts)}.")
    return list(exact or similar)


def like_pattern(words: str | None) -> str | None:
    """A LIKE pattern that matches the words literally at any position."""
    if words is None:
        return None
    # PostgreSQL stores no NUL, so removing it changes no match.
    literal = words.strip().replace("\0", "").replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{literal}%"


def page_result(found: Sequence[Row], offset: int) -> dict[str, Any]:
    by_currency = {row["currency"]: row for row in found}
    page = [row for row in found if row["id"] is not None]
    matches = sum(row["matches"] for row in by_currency.values())
    end, listed = offset + len(page), [row_result(row) for row in page]
    return {
        "status": "ok" if matches else "no_rows",
        "matches": matches,
        "shown": len(page),
        "next_offset": end if page and end < matches else None,
        "totals": [
            flow_totals(row) | {"transfers": amount_text(row["transfers"], row["currency"])}
            for _, row in sorted(by_currency.items())
        ],
        "transactions": listed,
        **table("Transactions", ("date", "amount", "currency", "merchant", "description"), listed),
    }


def row_result(row: Row) -> dict[str, Any]:
    return {
        "id": str(row["id"]),
        "date": row["posted_at"].isoformat(),
        "amount": amount_text(row["amount"], row["currency"]),
        "currency": row["currency"],
        "merchant": row["merchant"],
        "description": row["description"],
        "category": row["category"],
        "type": row["flow"],
        "account": row["account"],
    }


def applied_filters(
    arguments: TransactionsQuery, categories: Sequence[str] | None, accounts: Sequence[Row] | None
) -> dict[str, Any]:
    """The filters that were applied. Search words are in fields of their own names, so that they are masked."""
    filters = {
        "start_date": arguments.start_date and arguments.start_date.isoformat(),
        "end_date": arguments.end_date and arguments.end_date.isoformat(),
        "type": arguments.type,
        "categories": categories,
        "accounts": accounts and [account["name"] for account in accounts],
        "min_amount": None if arguments.min_amount is None else str(arguments.min_amount),
        "max_amount": None if arguments.max_amount is None else str(arguments.max_amount),
        "merchant_contains": arguments.merchant,
        "description_contains": arguments.description,
    }
    return {name: value for name, value in filters.items() if value is not None}


def transaction_sentences(result: Row, wording: Wording) -> Iterator[str]:
    filters, rows, matches = result["filters"], result["transactions"], result["matches"]
    if not matches:
        yield nothing_found(filters, wording)
        return
    yield from totals_sentences(result["totals"], filters, wording)
    listed = [transaction_phrase(row, wording) for row in rows]
    if not listed:
        yield "There are no more transactions after those."
    elif matches == 1:
        yield f"It was {listed[0]}."
    elif matches > len(listed) and result["next_offset"] is None:
        yield f"The last of them {is_are(len(listed))} {wording.listing(listed)}."
    elif matches > len(listed) and result["next_offset"] > len(listed):
        yield f"The next of them {is_are(len(listed))} {wording.listing(listed)}."
    else:
        yield f"The newest {is_are(len(listed[:MAX_LISTED]))} {wording.listing(listed, matches)}."


TOOL = Tool(
    transactions_query,
    returns_untrusted_text=True,
    examples=(
        "Show me my last transactions",
        "How much did I spend on groceries last month?",
        "What did I buy in March?",
        "List my purchases over 100 dollars this year",
        "How much have I paid at the coffee shop since January?",
        "Did I get any refunds recently?",
        "When was my last paycheck deposited?",
        "How much did I send to a friend this summer?",
        "What was charged to my credit card last week?",
    ),
)
