"""Converts an amount by a stored exchange rate."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic import Field

from graph.tool import Row, Tool, ToolContext, ToolError
from tools.shared.arguments import ToolArguments
from tools.shared.currencies import CurrencyCode
from tools.shared.money import MAX_DECIMALS, amount_text, check_decimals
from tools.shared.sentences.wording import Wording, summarized

MAX_DAYS_UNMENTIONED = 3
"""An older rate is said to be old in the summary."""
METHOD = (
    "By the newest stored rate of or before the day; a pair that is stored the other way round is inverted, and one that is "
    "not stored at all goes through one currency in between. The result is rounded to the cent once (half to even). Banks add "
    "fees and margins of their own."
)


class CurrencyConversion(ToolArguments):
    amount: Decimal = Field(description="Amount to convert.", ge=-(10**12), le=10**12, decimal_places=MAX_DECIMALS)
    from_currency: CurrencyCode = Field(description="Three letters: the currency of the amount.")
    to_currency: CurrencyCode = Field(description="Three letters: the currency that is wanted.")
    day: dt.date | None = Field(None, description="Day of the rate; default today.")


async def currency_conversion(arguments: CurrencyConversion, context: ToolContext) -> dict[str, Any]:
    """Convert an amount from one currency to another by the stored rate of a day or the newest one before it. Name
    `rate_day`.

    `converted` is the result and `rate` the units of `to_currency` for one of `from_currency`. Always name `rate_day`, the
    day the rate is of, and `rates` with their `source`; "demo" is a rate made up for the demonstration. `days_old` says how
    much older the rate is than the day asked for: say so if it is more than a few days. `status` is "unknown" if no rate is
    on file: say so, and never use a rate from memory.
    """
    day = arguments.day or context.today
    if day > context.today:
        raise ToolError("There is no rate of a day to come; ask for today or an earlier day.")
    check_decimals(arguments.from_currency, arguments.amount)
    head = {
        "filters": {
            "amount": amount_text(arguments.amount, arguments.from_currency),
            "from_currency": arguments.from_currency,
            "to_currency": arguments.to_currency,
            "day": day.isoformat(),
        },
    }
    if arguments.from_currency == arguments.to_currency:
        same = {"rate": "1", "rate_day": None, "converted": head["filters"]["amount"]}
        return summarized({"status": "ok", **head, **same}, conversion_sentences, context)
    found = await context.rows.fetch(
        "rates_on_or_before", day=day, from_currency=arguments.from_currency, to_currency=arguments.to_currency
    )
    way = best_path(found, arguments.from_currency, arguments.to_currency)
    if way is None:
        return summarized({"status": "unknown", **head, "converted": None}, conversion_sentences, context)
    result = {
        "status": "ok",
        **head,
        "method": METHOD,
        "converted": amount_text(arguments.amount * way.rate, arguments.to_currency),
        "rate": f"{way.rate:.6f}",
        "rate_day": way.day.isoformat(),
        "days_old": (day - way.day).days,
        "rates": [
            {"base": row["base"], "quote": row["quote"], "rate": f"{row['rate']:f}", "day": row["day"].isoformat()}
            | {"source": row["source"]}
            for row in way.rows
        ],
    }
    return summarized(result, conversion_sentences, context)


@dataclass(frozen=True, slots=True)
class ConversionPath:
    """A conversion by one stored rate, or by two."""

    rate: Decimal
    rows: Sequence[Row]

    @property
    def day(self) -> dt.date:
        """The day of the older rate."""
        day: dt.date = min(row["day"] for row in self.rows)
        return day


def best_path(found: Sequence[Row], start: str, end: str) -> ConversionPath | None:
    """The newest direct conversion, else the newest one through a third currency; None if there is none.

    Args:
        found: the newest rate of each pair: `base`, `quote`, `day`, `rate` and `source`.
        start: the currency of the amount.
        end: the currency of the result.
    """
    direct = list(direct_paths(found, start, end))
    if direct:
        return newest_path(direct)
    between = {row[side] for row in found for side in ("base", "quote")} - {start, end}
    ways = [
        ConversionPath(first.rate * second.rate, [*first.rows, *second.rows])
        for middle in sorted(between)
        for first in direct_paths(found, start, middle)
        for second in direct_paths(found, middle, end)
    ]
    return newest_path(ways) if ways else None


def direct_paths(found: Sequence[Row], start: str, end: str) -> Iterator[ConversionPath]:
    """Conversions by one rate: the stored rates of the pair first, then the inverted ones."""
    for row in found:
        if (row["base"], row["quote"]) == (start, end):
            yield ConversionPath(row["rate"], [row])
    for row in found:
        if (row["base"], row["quote"]) == (end, start):
            yield ConversionPath(1 / row["rate"], [row])


def newest_path(ways: Sequence[ConversionPath]) -> ConversionPath:
    return max(ways, key=lambda way: way.day)


def conversion_sentences(result: Row, wording: Wording) -> Iterator[str]:
    filters = result["filters"]
    amount = wording.money(filters["amount"], filters["from_currency"])
    if result["converted"] is None:
        pair = f"from {filters['from_currency']} to {filters['to_currency']}"
        yield f"The rate {pair} is unknown for {wording.day(filters['day'])}, so {amount} cannot be converted."
        return
    converted = wording.money(result["converted"], filters["to_currency"])
    if result["rate_day"] is None:
        yield f"{amount} stays {converted}: it is the same currency."
        return
    yield f"{amount} is {converted}, by the rate {wording.number(result['rate'])} of {wording.day(result['rate_day'])}."
    if any(rate["source"] == "demo" for rate in result["rates"]):
        yield "The rate is made up for the demonstration."
    if result["days_old"] > MAX_DAYS_UNMENTIONED:
        yield f"That rate is {wording.count(result['days_old'], 'day')} older than the day asked for."


TOOL = Tool(
    currency_conversion,
    examples=(
        "Convert 100 USD to CAD",
        "How much is 250 euros in dollars?",
        "What is 80 pounds in US dollars?",
        "Exchange rate from dollars to euros",
        "What were 500 Canadian dollars worth in March?",
        "Change 40 EUR into GBP",
    ),
)
