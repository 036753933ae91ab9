"""Sums up a calendar year for a tax return."""

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from pydantic import Field

from graph.tool import Row, Tool, ToolContext, ToolError
from tools.shared.arguments import ToolArguments
from tools.shared.display import table
from tools.shared.flows import category_amount, flow_totals, net_spending, sum_flows
from tools.shared.money import amount_text, by_currency
from tools.shared.sentences.flows import totals_sentences
from tools.shared.sentences.lists import join_names
from tools.shared.sentences.wording import Wording, summarized

DEDUCTION_CATEGORIES = frozenset(
    {"Business Expenses", "Education", "Gifts & Donations", "Healthcare", "Insurance", "Investments", "Fees & Charges"}
)
"""Categories of spending that are deductible in some countries under conditions."""

NOTE = (
    "deduction_candidate only marks categories in which some countries know deductions; whether and how much of it counts "
    "depends on the law and the receipts. This is a sum of bookings, no tax advice."
)
MAX_CATEGORIES = 80
"""The most categories in a result."""


class TaxSummary(ToolArguments):
    year: int | None = Field(None, description="Default: the last year that is over.", ge=1990, le=2200)


async def tax_summary(arguments: TaxSummary, context: ToolContext) -> dict[str, Any]:
    """Sum up the user's income and spending of a calendar year by category, for a tax return. Deductions are candidates,
    never advice.

    Use it for "my tax summary" and "what could be deductible". `categories` has, per currency, `income`, or `spent` (less
    `refunds`) with `deduction_candidate`: name these as candidates to look at, never as deductible, and give no advice
    (`note`). `totals` is exact over the year, `candidates_spent` the sum over the candidates; never add currencies together.
    `complete` is false for the current year, which is not over. Moves between own accounts are not counted. `status` is
    "no_rows" if the year holds nothing: then say so.
    """
    year = arguments.year or context.today.year - 1
    if year > context.today.year:
        raise ToolError("That year has not begun; ask for this one or an earlier one.")
    groups = await context.rows.fetch(
        "category_totals", start_date=dt.date(year, 1, 1), end_date=dt.date(year, 12, 31), flow=None
    )
    entries = sorted(
        map(category_result, groups), key=lambda entry: (entry["currency"], entry["type"], entry["category"])
    )
    listed = entries[:MAX_CATEGORIES]
    result = {
        "status": "ok" if groups else "no_rows",
        "year": year,
        "complete": year < context.today.year,
        "note": NOTE,
        "totals": [tax_totals(currency, same) for currency, same in by_currency(groups).items()],
        "matches": len(entries),
        "categories": listed,
        **table(f"Taxes {year}", ("category", "type", "currency", "count", "total", "deduction_candidate"), listed),
    }
    return summarized(result, tax_sentences, context)


def is_candidate(group: Row) -> bool:
    return group["flow"] == "expense" and group["category"] in DEDUCTION_CATEGORIES


def category_result(group: Row) -> dict[str, Any]:
    currency = group["currency"]
    entry = {
        "category": group["category"],
        "type": group["flow"],
        "currency": currency,
        "count": group["matches"],
        "total": amount_text(category_amount(group), currency),
        "deduction_candidate": is_candidate(group),
    }
    if group["flow"] == "expense":
        entry |= {
            "spent_gross": amount_text(group["spent_gross"], currency),
            "refunds": amount_text(group["refunds"], currency),
        }
    return entry


def tax_totals(currency: str, groups: Sequence[Row]) -> dict[str, Any]:
    candidates = sum((net_spending(group) for group in groups if is_candidate(group)), Decimal())
    return flow_totals(sum_flows(currency, groups)) | {"candidates_spent": amount_text(candidates, currency)}


def tax_sentences(result: Row, wording: Wording) -> Iterator[str]:
    if not result["totals"]:
        yield f"I found no transactions in {result['year']}."
        return
    period = {"start_date": f"{result['year']}-01-01", "end_date": f"{result['year']}-12-31"}
    yield from totals_sentences(result["totals"], period, wording)
    candidates = [
        f"{row['category']} with {wording.money(row['total'], row['currency'])}"
        for row in result["categories"]
        if row["deduction_candidate"]
    ]
    if candidates:
        sums = [wording.money(total["candidates_spent"], total["currency"]) for total in result["totals"]]
        yield f"Candidates for deductions to look at, {join_names(sums)} in all: {wording.listing(candidates)}."
    else:
        yield "None of it is in a category that is a candidate for deductions."
    yield "This adds up bookings and is no tax advice." if result["complete"] else "The year is not over."


TOOL = Tool(
    tax_summary,
    examples=(
        "Give me a tax summary for last year",
        "What could be tax deductible?",
        "Sum up my year for the tax return",
        "Which expenses are candidates for my taxes?",
        "Prepare my income and expenses for taxes",
        "How much did I donate for tax purposes?",
    ),
)
