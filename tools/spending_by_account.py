"""Adds transactions up by account."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from graph.tool import Row, Tool, ToolContext
from tools.shared.arguments import PeriodArguments
from tools.shared.categories import OptionalCategory, category_filter
from tools.shared.display import table
from tools.shared.flows import flow_filters, flow_totals, sum_flows
from tools.shared.money import amount_text, by_currency
from tools.shared.sentences.flows import main_first, nothing_found, totals_sentences
from tools.shared.sentences.wording import Wording, summarized


class SpendingByAccount(PeriodArguments):
    category: OptionalCategory = None


async def spending_by_account(arguments: SpendingByAccount, context: ToolContext) -> dict[str, Any]:
    """Add up what was spent and earned through each of the user's accounts and cards in a period.

    Use it for "which card do I use most" and to compare accounts; what is on the accounts now is another tool's. Each entry
    of `accounts_used` is one account in one currency: `spent_net` is spending less refunds, `net` income less spent_net;
    `transfers_in` and `transfers_out` are moves between the user's own accounts and in neither. An `account` of null holds
    what was booked on no account. `totals` sums each currency exactly; never add currencies together. `status` is
    "no_rows" if the period holds nothing: then say so, and do not guess.
    """
    arguments.check_period()
    categories = await category_filter(arguments.category, context.rows)
    groups = await context.rows.fetch(
        "flow_by_account", start_date=arguments.start_date, end_date=arguments.end_date, categories=categories
    )
    used = [account_flow_result(group) for group in groups]
    result = {
        "status": "ok" if groups else "no_rows",
        "filters": flow_filters(arguments, categories),
        "totals": [
            flow_totals(sum_flows(currency, same)) | {"transfers": amount_text(net_transfers(same), currency)}
            for currency, same in by_currency(groups).items()
        ],
        "accounts_used": used,
        **table("By account", ("account", "currency", "count", "income", "spent_net", "net"), used),
    }
    return summarized(result, account_sentences, context)


def account_flow_result(group: Row) -> dict[str, Any]:
    return {
        "account": group["account"],
        "account_type": group["account_type"],
        "number_last4": group["number_last4"],
        **flow_totals(group),
        "transfers_in": amount_text(group["transfers_in"], group["currency"]),
        "transfers_out": amount_text(group["transfers_out"], group["currency"]),
    }


def net_transfers(groups: Iterable[Row]) -> Decimal:
    """The sum of all transfers of one currency; zero if both sides of each are stored."""
    return sum((group["transfers_in"] - group["transfers_out"] for group in groups), Decimal())


def account_sentences(result: Row, wording: Wording) -> Iterator[str]:
    filters = result["filters"]
    if not result["totals"]:
        yield nothing_found(filters, wording)
        return
    yield from totals_sentences(result["totals"], filters, wording)
    listed = [account_phrase(row, wording) for row in main_first(result["accounts_used"], result["totals"])]
    yield f"By account: {wording.listing(listed)}."


def account_phrase(row: Row, wording: Wording) -> str:
    last4 = f" ending in {row['number_last4']}" if row["number_last4"] else ""
    name = f"{row['account']}{last4}" if row["account"] else "no account"
    spent, income = (wording.money(row[name], row["currency"]) for name in ("spent_net", "income"))
    received = f" and {income} received" if Decimal(row["income"]) else ""
    return f"{spent} spent{received} through {name}"


TOOL = Tool(
    spending_by_account,
    returns_untrusted_text=True,
    examples=(
        "Which card do I use the most?",
        "How much did I spend with each account?",
        "Spending by account last month",
        "Compare what went through my cards this year",
        "Which of my accounts gets the income?",
        "How much was paid by credit card and how much by checking?",
    ),
)
