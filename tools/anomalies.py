"""Finds unusual purchases in a period."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from graph.tool import Row, Rows, Tool, ToolContext, ToolError
from tools.shared.arguments import PeriodArguments
from tools.shared.display import table
from tools.shared.money import amount_text
from tools.shared.payment_series import (
    LOOK_BACK,
    MAX_BILL_RATIO,
    MAX_BOOKINGS,
    MIN_BOOKINGS,
    Booking,
    PaymentSeries,
    payee_series,
)
from tools.shared.sentences.lists import join_names
from tools.shared.sentences.wording import Wording, summarized

ONE_YEAR = dt.timedelta(days=365)
MAX_DAYS = 366
"""The longest period, in days."""
DEFAULT_PERIOD = dt.timedelta(days=29)
"""The time from the first to the last day of the default period of thirty days."""

MIN_COMPARED = 10
"""The fewest purchases that an amount is compared with."""
MAX_DUPLICATE_DAYS = 2
"""The most days between a purchase and its duplicate."""
MAX_USUAL_REPEATS = 2
"""The most repeats in the year before with which another repeat is still unusual."""
LARGE_QUANTILE = 0.95
"""A large purchase exceeds this share of the purchases of the year before."""
MIN_RISE_RATIO = Decimal("1.01")
"""The smallest ratio of a new price to the old one that counts as a rise."""

METHOD = (
    "unusual_amount: the modified z-score 0.6745 (x - median) / MAD of Iglewicz and Hoaglin (1993) in category and currency, "
    f"over the year up to the end of the period, of at least {MIN_COMPARED} purchases; where MAD is 0, (x - median) / "
    "(1.253314 mean deviation); medians of an even number are the lower one. duplicate: same payee, amount, currency and "
    f"account within {MAX_DUPLICATE_DAYS} days, unless the year before has more than {MAX_USUAL_REPEATS} such. price_rise: a "
    "regular payment that cost the same at least twice and then 1 % more or above. new_merchant: its first purchase ever lies "
    f"in the period, and it is at least as large as {LARGE_QUANTILE:.0%} of the purchases of the year before."
)

KIND_NOUNS: Mapping[str, tuple[str, str]] = {
    "unusual_amount": ("unusual amount", "unusual amounts"),
    "duplicate": ("possible double charge", "possible double charges"),
    "price_rise": ("price rise", "price rises"),
    "new_merchant": ("large purchase at a new merchant", "large purchases at new merchants"),
}
"""What one anomaly of a kind and several are called."""

AnomalyKind = Literal["unusual_amount", "duplicate", "price_rise", "new_merchant"]
FoundAnomalies = tuple[int, list[dict[str, Any]]]


class Anomalies(PeriodArguments):
    kinds: list[AnomalyKind] = Field(default_factory=list, description="Default: all kinds.")
    threshold: Decimal = Field(Decimal("3.5"), description="Lower finds more.", ge=2, le=50)
    limit: int = Field(8, description="Entries of each kind.", ge=1, le=20)


async def anomalies(arguments: Anomalies, context: ToolContext) -> dict[str, Any]:
    """Find what is out of the ordinary in the user's spending: unusual amounts, double charges, price rises, new
    merchants. They are possible, never proven.

    Use it for "anything strange", suspected fraud or double charges, and price increases; leave the dates out for the last
    thirty days. `found` counts each kind exactly, `anomalies` lists them with the `evidence` for each: give it in your answer,
    and call them unusual or possible duplicates, never proven. `amount` is negative. `purchases` is how many were looked at:
    if it is 0, `status` is "no_rows" and nothing can be said; if nothing was found among some, `status` is "nothing_unusual".
    `method` says how each kind is found.
    """
    first, last = resolve_period(arguments, context.today)
    [looked_at] = await context.rows.fetch("count_purchases", start_date=first, end_date=last)
    finders = {
        "unusual_amount": unusual_amounts,
        "duplicate": duplicates,
        "price_rise": price_rises,
        "new_merchant": new_merchants,
    }
    kinds = [kind for kind in finders if not arguments.kinds or kind in arguments.kinds]
    results: dict[str, FoundAnomalies] = {}
    if looked_at["purchases"]:
        results = {kind: await finders[kind](arguments, first, last, context.rows) for kind in kinds}
    listed = [entry for _, entries in results.values() for entry in entries]
    result = {
        "status": "ok" if listed else "nothing_unusual" if looked_at["purchases"] else "no_rows",
        "filters": {
            "start_date": first.isoformat(),
            "end_date": last.isoformat(),
            "kinds": kinds,
            "threshold": str(arguments.threshold),
        },
        "method": METHOD,
        "purchases": looked_at["purchases"],
        "found": {kind: count for kind, (count, _) in results.items()},
        "anomalies": listed,
        **table("Out of the ordinary", ("kind", "date", "merchant", "amount", "currency", "category"), listed),
    }
    return summarized(result, anomaly_sentences, context)


def resolve_period(arguments: Anomalies, today: dt.date) -> tuple[dt.date, dt.date]:
    """The first and the last day of the period.

    Raises:
        ToolError: the period ends before it starts, is too long, or lies outside the calendar.
    """
    arguments.check_period()
    last = arguments.end_date or max(today, arguments.start_date or today)
    try:
        first = arguments.start_date or last - DEFAULT_PERIOD
        if (last - first).days >= MAX_DAYS:
            raise ToolError(f"At most {MAX_DAYS} days can be looked through; ask for a shorter period.")
        first - ONE_YEAR - ONE_YEAR
    except OverflowError:
        raise ToolError("The period starts before the calendar does; give a later one.") from None
    return first, last


# Each kind ------------------------------------------------------------------------------------------------------------


async def unusual_amounts(arguments: Anomalies, first: dt.date, last: dt.date, rows: Rows) -> FoundAnomalies:
    found = await rows.fetch(
        "unusual_amounts",
        year_start=min(first, last - ONE_YEAR),
        start_date=first,
        end_date=last,
        min_count=MIN_COMPARED,
        threshold=arguments.threshold,
        limit=arguments.limit,
    )
    return count_all(found), [
        anomaly_result(
            "unusual_amount",
            row,
            {
                "score": f"{row['score']:.1f}",
                "usual_amount": amount_text(row["median"], row["currency"]),
                "usual_deviation": amount_text(row["deviation"], row["currency"]),
                "purchases_compared": row["purchases"],
            },
        )
        for row in found
    ]


async def duplicates(arguments: Anomalies, first: dt.date, last: dt.date, rows: Rows) -> FoundAnomalies:
    found = await rows.fetch(
        "likely_duplicates",
        year_start=first - ONE_YEAR,
        start_date=first,
        end_date=last,
        days=MAX_DUPLICATE_DAYS,
        max_usual_repeats=MAX_USUAL_REPEATS,
        limit=arguments.limit,
    )
    return count_all(found), [
        anomaly_result(
            "duplicate",
            row,
            {
                "same_as_transaction_id": str(row["earlier_id"]),
                "same_as_date": row["earlier_date"].isoformat(),
                "days_apart": (row["posted_at"] - row["earlier_date"]).days,
                "such_repeats_in_the_year_before": row["times"],
            },
        )
        for row in found
    ]


async def new_merchants(arguments: Anomalies, first: dt.date, last: dt.date, rows: Rows) -> FoundAnomalies:
    found = await rows.fetch(
        "new_merchants",
        start_date=first,
        end_date=last,
        quantile=LARGE_QUANTILE,
        min_count=MIN_COMPARED,
        limit=arguments.limit,
    )
    return count_all(found), [
        anomaly_result(
            "new_merchant",
            row,
            {
                "at_least_as_large_as_most": amount_text(row["bar"], row["currency"]),
                "purchases_compared": row["purchases"],
            },
        )
        for row in found
    ]


async def price_rises(arguments: Anomalies, first: dt.date, last: dt.date, rows: Rows) -> FoundAnomalies:
    found = await rows.fetch(
        "recently_paid_payees",
        look_back=first - LOOK_BACK,
        start_date=first,
        end_date=last,
        min_count=MIN_BOOKINGS,
        max_count=MAX_BOOKINGS,
        max_ratio=MAX_BILL_RATIO,
    )
    rises = [rise for row in found for rise in payee_price_rises(in_date_order(row), first)]
    rises.sort(key=lambda rise: (-Decimal(rise["evidence"]["percent"]), rise["merchant"]))
    return len(rises), rises[: arguments.limit]


def in_date_order(row: Row) -> dict[str, Any]:
    """The payee's row with its bookings ordered by day."""
    days, amounts = zip(*sorted(zip(row["days"], row["amounts"], strict=True)), strict=True)
    return {**row, "days": days, "amounts": amounts}


def payee_price_rises(row: Row, first: dt.date) -> list[dict[str, Any]]:
    """The last price rise of each regular payment of a payee, if it is on or after a day."""
    found = []
    for series in payee_series(row):
        at = last_rise(series.bookings)
        if at and series.bookings[at].day >= first:
            found.append(price_rise_result(series, at, row))
    return found


def last_rise(bookings: Sequence[Booking]) -> int | None:
    """The index of the booking at which the price last rose after at least two equal prices; None without a rise."""
    for at in range(len(bookings) - 1, 1, -1):
        before, after = bookings[at - 1].amount, bookings[at].amount
        if abs(after) >= abs(before) * MIN_RISE_RATIO and before == bookings[at - 2].amount:
            return at
    return None


def price_rise_result(series: PaymentSeries, at: int, row: Row) -> dict[str, Any]:
    before, after = series.bookings[at - 1], series.bookings[at]
    late = zip(row["late_days"], row["late_amounts"], row["late_ids"], strict=True)
    booked = {
        "id": min(id_ for day, amount, id_ in late if (day, amount) == (after.day, after.amount)),
        "posted_at": after.day,
        "paid": -after.amount,
        "currency": series.currency,
        "merchant": series.merchant,
        "description": None,
        "category": series.category,
    }
    evidence = {
        "before": amount_text(-before.amount, series.currency),
        "after": amount_text(-after.amount, series.currency),
        "percent": f"{100 * (after.amount - before.amount) / before.amount:.1f}",
        "every": series.cadence,
        "last_at_old_price": before.day.isoformat(),
        "bookings_before": at,
    }
    return anomaly_result("price_rise", booked, evidence)


# Shared by the kinds --------------------------------------------------------------------------------------------------


def count_all(found: Sequence[Row]) -> int:
    """The number of all anomalies found, listed or not."""
    return found[0]["found"] if found else 0


def anomaly_result(kind: AnomalyKind, row: Row, evidence: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": kind,
        "transaction_id": str(row["id"]),
        "date": row["posted_at"].isoformat(),
        "amount": amount_text(-row["paid"], row["currency"]),
        "currency": row["currency"],
        "merchant": row["merchant"],
        "description": row["description"],
        "category": row["category"],
        "evidence": evidence,
    }


# In words -------------------------------------------------------------------------------------------------------------


def anomaly_sentences(result: Row, wording: Wording) -> Iterator[str]:
    period = wording.period(result["filters"]["start_date"], result["filters"]["end_date"])
    looked_at = wording.count(result["purchases"], "purchase")
    if not result["purchases"]:
        yield f"I found no purchases {period}, so nothing can be said about them."
        return
    if not result["anomalies"]:
        yield f"I found nothing out of the ordinary among {looked_at} {period}."
        return
    found = [wording.count(count, *KIND_NOUNS[kind]) for kind, count in result["found"].items() if count]
    yield f"Among {looked_at} {period} I found {join_names(found)}."
    listed = [anomaly_phrase(row, wording) for row in result["anomalies"]]
    yield f"{'This is' if len(listed) == 1 else 'These are'} {wording.listing(listed, sum(result['found'].values()))}."
    yield "Unusual is not the same as wrong: have a look."


def anomaly_phrase(row: Row, wording: Wording) -> str:
    evidence, money = row["evidence"], wording.size(row["amount"], row["currency"])
    what = f"{money} at {row['merchant'] or row['description'] or 'no name'} on {wording.day(row['date'])}"
    match row["kind"]:
        case "unusual_amount":
            return f"{what} (usually {wording.money(evidence['usual_amount'], row['currency'])} for {row['category']})"
        case "duplicate":
            return f"{what} (a possible double of {wording.day(evidence['same_as_date'])})"
        case "price_rise":
            return f"{what} (up from {wording.money(evidence['before'], row['currency'])})"
        case _:
            return f"{what} (a merchant that is new to you)"


TOOL = Tool(
    anomalies,
    returns_untrusted_text=True,
    examples=(
        "Is there anything unusual in my spending?",
        "Was I charged twice for something?",
        "Find duplicate charges",
        "Find price increases of what I pay regularly",
        "Are there suspicious transactions this month?",
        "Has a subscription raised its price?",
        "Show me charges from merchants that are new to me",
    ),
)
