"""Reports everything about one merchant."""

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pydantic import Field

from graph.tool import Row, Tool, ToolContext
from graph.values.months import add_months
from tools.shared.arguments import ToolArguments
from tools.shared.display import table
from tools.shared.money import amount_text, by_currency
from tools.shared.sentences.lists import join_names
from tools.shared.sentences.wording import Wording, summarized
from tools.shared.text_fields import ShortText

MAX_CANDIDATES = 10


class MerchantInsights(ToolArguments):
    merchant: ShortText = Field(description="Name or part of it.")
    months: int = Field(12, description="Months to show.", ge=1, le=36)


async def merchant_insights(arguments: MerchantInsights, context: ToolContext) -> dict[str, Any]:
    """Tell everything about one merchant: what was spent there in all, how often, how much on average, since when.

    Use it when the user asks about one shop, company or subscription. `status` is "ambiguous" if several merchants fit:
    then ask which of `candidates` is meant (`found` counts them all); "unknown" if no merchant's name contains the words.
    Otherwise `sums` has one entry a currency over all time (never add currencies together): `spent_gross` paid, `refunds`,
    `spent_net` the one less the other, `income`, `purchases` and the `average_purchase` (spent_gross by purchases, null
    without one), `first_date` and `last_date`. `usual_category` is the one with most transactions. `months` is the course
    by month. Other merchants whose names contain the words are in `similar`; they are not counted.
    """
    found = await context.rows.fetch("merchants_by_name", merchant=arguments.merchant, limit=MAX_CANDIDATES)
    filters = {"merchant_contains": arguments.merchant, "months": arguments.months}
    if not found:
        return summarized({"status": "unknown", "filters": filters}, merchant_sentences, context)
    one, *others = found
    if others and not one["exact"]:
        ambiguous = {
            "status": "ambiguous",
            "filters": filters,
            "found": one["found"],
            "candidates": [
                {"merchant": row["merchant"], "count": row["matches"], "last_date": row["last_date"].isoformat()}
                for row in found
            ],
        }
        return summarized(ambiguous, merchant_sentences, context)
    groups = await context.rows.fetch("merchant_by_month", spellings=one["spellings"])
    course = [
        row
        for currency, same in by_currency(groups).items()
        for row in month_rows(currency, same, arguments.months, context.today)
    ]
    result = {
        "status": "ok" if groups else "no_rows",
        "filters": filters,
        "merchant": one["merchant"],
        "similar": [row["merchant"] for row in others],
        "sums": [overall_result(currency, same) for currency, same in by_currency(groups).items()],
        "usual_category": usual_category(groups),
        "months": course,
        **table(one["merchant"], ("month", "currency", "count", "spent_net", "income"), course),
    }
    return summarized(result, merchant_sentences, context)


@dataclass(slots=True)
class MerchantSums:
    """The sums of transactions of one currency."""

    matches: int = 0
    income: Decimal = Decimal()
    spent_gross: Decimal = Decimal()
    refunds: Decimal = Decimal()
    purchases: set[uuid.UUID] = field(default_factory=set)

    def add(self, group: Row) -> None:
        self.matches += group["matches"]
        self.income += group["income"]
        self.spent_gross += group["spent_gross"]
        self.refunds += group["refunds"]
        self.purchases.update(group["purchases"] or ())

    def to_result(self, currency: str) -> dict[str, Any]:
        return {
            "count": self.matches,
            "spent_gross": amount_text(self.spent_gross, currency),
            "refunds": amount_text(self.refunds, currency),
            "spent_net": amount_text(self.spent_gross - self.refunds, currency),
            "income": amount_text(self.income, currency),
        }


def sum_groups(groups: Iterable[Row]) -> MerchantSums:
    sums = MerchantSums()
    for group in groups:
        sums.add(group)
    return sums


def overall_result(currency: str, groups: Sequence[Row]) -> dict[str, Any]:
    """The sums of one currency over all time. The average is rounded to the smallest unit, half to even."""
    sums = sum_groups(groups)
    return {
        "currency": currency,
        **sums.to_result(currency),
        "purchases": len(sums.purchases),
        "average_purchase": amount_text(sums.spent_gross / len(sums.purchases), currency) if sums.purchases else None,
        "first_date": min(group["first_date"] for group in groups).isoformat(),
        "last_date": max(group["last_date"] for group in groups).isoformat(),
    }


def usual_category(groups: Sequence[Row]) -> dict[str, Any] | None:
    """The category with the most transactions, with their number and the number of all transactions."""
    counts: dict[str, int] = {}
    for group in groups:
        counts[group["category"]] = counts.get(group["category"], 0) + group["matches"]
    if not counts:
        return None
    category = min(counts, key=lambda name: (-counts[name], name))
    return {"category": category, "count": counts[category], "of": sum(counts.values())}


def month_rows(currency: str, groups: Sequence[Row], count: int, today: dt.date) -> list[dict[str, Any]]:
    """A row for each of the last months of one currency, the oldest first, also for months without transactions."""
    last = max([today.replace(day=1), *(group["month"] for group in groups)])
    return [
        {
            "month": f"{month:%Y-%m}",
            "currency": currency,
            **sum_groups(group for group in groups if group["month"] == month).to_result(currency),
        }
        for month in (add_months(last, number - count + 1) for number in range(count))
    ]


def merchant_sentences(result: Row, wording: Wording) -> Iterator[str]:
    words = result["filters"]["merchant_contains"]
    if result["status"] == "unknown":
        yield f"No merchant in your records has “{words}” in its name."
    elif result["status"] == "ambiguous":
        names = [candidate["merchant"] for candidate in result["candidates"]]
        yield f"Several merchants have “{words}” in their names: {wording.listing(names, result['found'])}."
        yield "Which one do you mean?"
    elif not result["sums"]:
        yield f"I found no spending or income at {result['merchant']}, only transfers."
    else:
        yield f"At {result['merchant']} you have {join_names([overall_phrase(sums, wording) for sums in result['sums']])}."
        averages = [
            f"{wording.money(sums['average_purchase'], sums['currency'])} on average "
            f"over {wording.count(sums['purchases'], 'purchase')}"
            for sums in result["sums"]
            if sums["average_purchase"]
        ]
        if averages:
            yield f"That is {join_names(averages)}."
        usual, last = result["usual_category"], max(sums["last_date"] for sums in result["sums"])
        yield f"The last was on {wording.day(last)}, and it is mostly filed under {usual['category']}."


def overall_phrase(sums: Row, wording: Wording) -> str:
    spent, income, refunds = (
        wording.money(sums[name], sums["currency"]) for name in ("spent_net", "income", "refunds")
    )
    parts = []
    if Decimal(sums["spent_gross"]) or Decimal(sums["refunds"]):
        parts.append(f"spent {spent}{f' after {refunds} of refunds' if Decimal(sums['refunds']) else ''}")
    if Decimal(sums["income"]):
        parts.append(f"received {income}")
    return f"{' and '.join(parts)} since {wording.day(sums['first_date'])}"


TOOL = Tool(
    merchant_insights,
    returns_untrusted_text=True,
    examples=(
        "Tell me everything about Greenleaf Market",
        "How often do I go to the coffee shop?",
        "What do I spend per visit at Corner Cafe?",
        "Since when have I been a customer of StreamBox?",
        "Give me insights on this merchant",
        "What is my history with Amazon?",
    ),
)
