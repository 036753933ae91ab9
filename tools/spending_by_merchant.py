"""Adds transactions up by merchant."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from graph.tool import Row, Tool, ToolContext
from tools.shared.arguments import PeriodArguments
from tools.shared.categories import OptionalCategory, category_filter
from tools.shared.display import table
from tools.shared.flows import flow_filters
from tools.shared.money import amount_text, by_currency, percent_text
from tools.shared.sentences.flows import main_first, nothing_found, scope_of
from tools.shared.sentences.lists import join_names
from tools.shared.sentences.wording import Wording, summarized


class SpendingByMerchant(PeriodArguments):
    type: Literal["expense", "income"] = Field("expense", description="expense: less refunds; income: who paid.")
    category: OptionalCategory = None
    limit: int = Field(10, description="Merchants to list.", ge=1, le=30)


async def spending_by_merchant(arguments: SpendingByMerchant, context: ToolContext) -> dict[str, Any]:
    """Rank the shops and companies at which the user spent most in a period, or that paid the user most.

    Use it for "top merchants" and "which shop gets most of my money". Each entry of `merchants` is one merchant in one
    currency, the largest `total` first: for spending `paid` less `refunds`, for income what came in; `share_percent` is its
    part of all positive merchant totals of the currency. `totals` is exact over all matches, whatever `limit` is: `total`,
    `count`, how many `merchants` there are, and `without_merchant`, what stands on no merchant (a person who was paid, cash).
    Never add currencies together. `status` is "no_rows" if nothing matches: then say so, and do not guess.
    """
    arguments.check_period()
    categories = await category_filter(arguments.category, context.rows)
    found = await context.rows.fetch(
        "flow_by_merchant",
        start_date=arguments.start_date,
        end_date=arguments.end_date,
        flow=arguments.type,
        categories=categories,
        limit=arguments.limit,
    )
    ranked = [merchant_result(row, arguments.type) for row in found if row["merchant"] is not None]
    result = {
        "status": "ok" if found else "no_rows",
        "filters": flow_filters(arguments, categories),
        "totals": [merchant_totals(currency, same) for currency, same in by_currency(found).items()],
        "merchants": ranked,
        **table("By merchant", ("merchant", "currency", "count", "total", "share_percent"), ranked),
    }
    return summarized(result, merchant_sentences, context)


def merchant_result(row: Row, flow: str) -> dict[str, Any]:
    currency = row["currency"]
    entry = {
        "merchant": row["merchant"],
        "currency": currency,
        "count": row["matches"],
        "total": amount_text(row["total"], currency),
        "share_percent": percent_text(row["total"], row["positive"]),
        "first_date": row["first_date"].isoformat(),
        "last_date": row["last_date"].isoformat(),
    }
    if flow == "expense":
        entry |= {"paid": amount_text(row["paid_out"], currency), "refunds": amount_text(row["paid_in"], currency)}
    return entry


def merchant_totals(currency: str, lines: Sequence[Row]) -> dict[str, Any]:
    """The totals of one currency. Every row of the query holds the same totals, so the first is read."""
    whole = lines[0]
    nobody = [line for line in lines if line["merchant"] is None]
    return {
        "currency": currency,
        "count": whole["all_matches"],
        "total": amount_text(whole["whole"], currency),
        "merchants": whole["all_merchants"],
        "without_merchant": {
            "count": sum(line["matches"] for line in nobody),
            "total": amount_text(sum((line["total"] for line in nobody), Decimal()), currency),
        },
    }


def merchant_sentences(result: Row, wording: Wording) -> Iterator[str]:
    filters, merchants = result["filters"], result["merchants"]
    if not result["totals"]:
        yield nothing_found(filters, wording)
        return
    whole = [merchant_total_phrase(total, wording) for total in main_first(result["totals"], result["totals"])]
    opening = "You spent" if filters["type"] == "expense" else "You received"
    yield f"{opening} {join_names(whole)}{scope_of(filters, wording)}."
    if not merchants:
        yield "None of it names a merchant."
        return
    listed = [merchant_phrase(row, wording) for row in main_first(merchants, result["totals"])]
    many = sum(total["merchants"] for total in result["totals"])
    most = "Most went to" if filters["type"] == "expense" else "Most came from"
    yield f"{most if many > 1 else 'The only merchant is'} {wording.listing(listed, many)}."


def merchant_total_phrase(total: Row, wording: Wording) -> str:
    """A total, and what of it names no merchant."""
    nameless = total["without_merchant"]
    part = wording.money(nameless["total"], total["currency"])
    without = f" ({part} of it at no named merchant)" if nameless["count"] else ""
    return f"{wording.money(total['total'], total['currency'])}{without}"


def merchant_phrase(row: Row, wording: Wording) -> str:
    total = wording.money(row["total"], row["currency"])
    return f"{row['merchant']} with {total} ({wording.count(row['count'], 'transaction')})"


TOOL = Tool(
    spending_by_merchant,
    returns_untrusted_text=True,
    examples=(
        "Which shops do I spend the most at?",
        "What are my top merchants this year?",
        "Top 5 stores by spending last month",
        "Where do I shop most often?",
        "Which companies get most of my money?",
        "Rank the merchants by what I paid them",
        "Which company did I receive the most income from?",
    ),
)
