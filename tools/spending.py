"""Adds transactions up by month, by merchant and by account."""

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from graph.tool import Row, Rows, Tool, ToolContext, ToolFault
from graph.values.months import last_day, months_later
from tools.shared.arguments import Period
from tools.shared.categories import resolve_categories
from tools.shared.display import shown
from tools.shared.money import amount_text, by_currency, flow_totals, percent_text
from tools.shared.text_fields import Words

MOST_MONTHS = 36
SUMS = ("matches", "income", "spent_gross", "refunds")
CATEGORY = "Only this category, by name; leave out for all."


# By month -------------------------------------------------------------------------------------------------------------


class SpendingByMonth(Period):
    months: int = Field(
        12,
        description="How many months up to end_date, or up to the current one; counts only without start_date.",
        ge=1,
        le=MOST_MONTHS,
    )
    category: str | None = Field(None, description=CATEGORY, max_length=100)
    merchant: Words | None = Field(None, description="Only merchants whose name contains this.")


async def spending_by_month(arguments: SpendingByMonth, context: ToolContext) -> dict[str, Any]:
    """Add up the user's spending and income month by month, the oldest month first.

    Use it for trends and for "how much each month", overall, of one category or at one merchant; leave the dates out for
    the last twelve months. Each entry of `months` is one month in one currency: `spent_net` is spending less refunds, `net`
    is income less spent_net; a month without transactions is there with 0.00. `complete` is false where the period covers
    only a part of the month, as of the current one: do not call that a fall. `totals` and `monthly_average` (over complete
    months only, null if there is none) have one entry a currency; never add currencies together. Moves between the user's
    own accounts are not counted. `status` is "no_rows" if the period holds nothing: then say so, and do not guess.
    """
    arguments.check_period()
    first, last = span(arguments, context.today)
    categories = await resolved(arguments.category, context.rows)
    groups = await context.rows.fetch(
        "flow_by_month", start_date=first, end_date=last, categories=categories, merchant=arguments.merchant
    )
    months = [row for same in by_currency(groups) for row in course(same, first, last, context.today)]
    return {
        "status": "ok" if groups else "no_rows",
        "filters": {"start_date": first.isoformat(), "end_date": last.isoformat(), **echo(arguments, categories)},
        "totals": [flow_totals(add_up(same)) for same in by_currency(groups)],
        "monthly_average": [average(same, first, last, context.today) for same in by_currency(groups)],
        "months": months,
        **shown("By month", ("month", "currency", "count", "income", "spent_net", "net"), months),
    }


def span(arguments: SpendingByMonth, today: dt.date) -> tuple[dt.date, dt.date]:
    """First and last day.

    Raises:
        ToolFault: that is too long, or has not begun.
    """
    last = arguments.end_date or max(today, arguments.start_date or today)
    first = arguments.start_date or months_back(last, arguments.months - 1)
    if months_later(first.replace(day=1), MOST_MONTHS) <= last:
        raise ToolFault(f"At most {MOST_MONTHS} months can be shown; ask for a shorter period.")
    return first, last


def months_back(day: dt.date, months: int) -> dt.date:
    """The first day of the month that was so many months before, as far as the calendar goes."""
    return months_later(day.replace(day=1), -min(months, (day.year - 1) * 12 + day.month - 1))


def course(groups: Sequence[Row], first: dt.date, last: dt.date, today: dt.date) -> list[dict[str, Any]]:
    """Each month of one currency, those without a row, too."""
    found = {group["month"]: group for group in groups}
    nothing = {"currency": groups[0]["currency"]} | dict.fromkeys(SUMS[1:], Decimal()) | {"matches": 0}
    return [
        {"month": f"{month:%Y-%m}"}
        | flow_totals(found.get(month, nothing))
        | {"complete": is_complete(month, first, last, today)}
        for month in months_between(first, last)
    ]


def months_between(first: dt.date, last: dt.date) -> list[dt.date]:
    """The first days of all months that the period touches."""
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    return [months_later(first.replace(day=1), number) for number in range(count)]


def is_complete(month: dt.date, first: dt.date, last: dt.date, today: dt.date) -> bool:
    """Whether a month is over and lies in the period with all its days."""
    return first <= month and last_day(month) <= last and last_day(month) < today


def average(groups: Sequence[Row], first: dt.date, last: dt.date, today: dt.date) -> dict[str, Any]:
    """The mean month of one currency over the complete months, rounded to its smallest unit, half to even."""
    whole = [month for month in months_between(first, last) if is_complete(month, first, last, today)]
    sums = add_up(groups, set(whole))
    spent, currency = sums["spent_gross"] - sums["refunds"], sums["currency"]
    return {
        "currency": currency,
        "complete_months": len(whole),
        "income": amount_text(sums["income"] / len(whole), currency) if whole else None,
        "spent_net": amount_text(spent / len(whole), currency) if whole else None,
    }


# By merchant ----------------------------------------------------------------------------------------------------------


class SpendingByMerchant(Period):
    type: Literal["expense", "income"] = Field(
        "expense", description="expense: spending less its refunds; income: who paid."
    )
    category: str | None = Field(None, description=CATEGORY, max_length=100)
    limit: int = Field(
        10, description="How many merchants of each currency to return; the totals always cover all.", ge=1, le=30
    )


async def spending_by_merchant(arguments: SpendingByMerchant, context: ToolContext) -> dict[str, Any]:
    """Rank the shops and companies at which the user spent most in a period, or that paid the user most.

    Use it for "top merchants" and "which shop gets most of my money". Each entry of `merchants` is one merchant in one
    currency, the largest `total` first: for spending `paid` less `refunds`, for income what came in; `share_percent` is its
    part of all positive merchant totals of the currency. `totals` is exact over all matches, whatever `limit` is: `total`,
    `count`, how many `merchants` there are, and `without_merchant`, what stands on no merchant (a person who was paid, cash).
    Never add currencies together. `status` is "no_rows" if nothing matches: then say so, and do not guess.
    """
    arguments.check_period()
    categories = await resolved(arguments.category, context.rows)
    found = await context.rows.fetch(
        "flow_by_merchant",
        start_date=arguments.start_date,
        end_date=arguments.end_date,
        flow=arguments.type,
        categories=categories,
        limit=arguments.limit,
    )
    ranked = [merchant_entry(row, arguments.type) for row in found if row["merchant"] is not None]
    return {
        "status": "ok" if found else "no_rows",
        "filters": echo(arguments, categories),
        "totals": [merchant_totals(same) for same in by_currency(found)],
        "merchants": ranked,
        **shown("By merchant", ("merchant", "currency", "count", "total", "share_percent"), ranked),
    }


def merchant_entry(row: Row, flow: str) -> dict[str, Any]:
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


def merchant_totals(lines: Sequence[Row]) -> dict[str, Any]:
    """The totals of one currency, which each of its lines has beside it."""
    whole, currency = lines[0], lines[0]["currency"]
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


# By account -----------------------------------------------------------------------------------------------------------


class SpendingByAccount(Period):
    category: str | None = Field(None, description=CATEGORY, max_length=100)


async def spending_by_account(arguments: SpendingByAccount, context: ToolContext) -> dict[str, Any]:
    """Add up what was spent and earned through each of the user's accounts and cards in a period.

    Use it for "which card do I use most" and to compare accounts; what is on the accounts now is another tool's. Each entry
    of `accounts_used` is one account in one currency: `spent_net` is spending less refunds, `net` income less spent_net;
    `transfers_in` and `transfers_out` are moves between the user's own accounts and in neither. An `account` of null holds
    what was booked on no account. `totals` sums each currency exactly; never add currencies together. `status` is
    "no_rows" if the period holds nothing: then say so, and do not guess.
    """
    arguments.check_period()
    categories = await resolved(arguments.category, context.rows)
    groups = await context.rows.fetch(
        "flow_by_account", start_date=arguments.start_date, end_date=arguments.end_date, categories=categories
    )
    used = [account_entry(group) for group in groups]
    return {
        "status": "ok" if groups else "no_rows",
        "filters": echo(arguments, categories),
        "totals": [
            flow_totals(add_up(same)) | {"transfers": amount_text(moved(same), same[0]["currency"])}
            for same in by_currency(groups)
        ],
        "accounts_used": used,
        **shown("By account", ("account", "currency", "count", "income", "spent_net", "net"), used),
    }


def account_entry(group: Row) -> dict[str, Any]:
    return {
        "account": group["account"],
        "account_type": group["account_type"],
        "number_last4": group["number_last4"],
        **flow_totals(group),
        "transfers_in": amount_text(group["transfers_in"], group["currency"]),
        "transfers_out": amount_text(group["transfers_out"], group["currency"]),
    }


def moved(groups: Iterable[Row]) -> Decimal:
    """What all transfers of one currency come to: nothing, where both sides of each are on file."""
    return sum((group["transfers_in"] - group["transfers_out"] for group in groups), Decimal())


# What they share ------------------------------------------------------------------------------------------------------


async def resolved(category: str | None, rows: Rows) -> list[str] | None:
    return await resolve_categories([category], rows) if category else None


def add_up(groups: Sequence[Row], months: set[dt.date] | None = None) -> dict[str, Any]:
    """The sums of groups of one currency, of all or of those in some months."""
    counted = [group for group in groups if months is None or group["month"] in months]
    return {"currency": groups[0]["currency"]} | {
        name: sum((group[name] for group in counted), 0 if name == "matches" else Decimal()) for name in SUMS
    }


def echo(arguments: Period, categories: Sequence[str] | None) -> dict[str, Any]:
    """The filters that were applied; the words to look for have a name of their own, so that they are masked."""
    given = arguments.model_dump(mode="json", exclude_none=True, exclude={"category", "merchant", "months", "limit"})
    merchant = getattr(arguments, "merchant", None)
    return (
        given
        | ({"category": categories[0]} if categories else {})
        | ({"merchant_contains": merchant} if merchant else {})
    )


TOOLS = (
    Tool(
        spending_by_month,
        examples=(
            "How much do I spend each month?",
            "Monthly spending for the last six months",
            "What is my average monthly spending?",
            "How did my groceries develop month by month?",
            "Income and expenses per month this year",
            "Which month was the most expensive?",
            "Is my spending going up from month to month?",
        ),
    ),
    Tool(
        spending_by_merchant,
        quotes=True,
        examples=(
            "Which shops do I spend the most at?",
            "What are my top merchants this year?",
            "Top 5 stores by spending last month",
            "Where do I shop most often?",
            "Which companies get most of my money?",
            "Rank the merchants by what I paid them",
            "Which company did I receive the most income from?",
        ),
    ),
    Tool(
        spending_by_account,
        quotes=True,
        examples=(
            "Which card do I use the most?",
            "How much did I spend with each account?",
            "Spending by account last month",
            "Compare what went through my cards this year",
            "Which of my accounts gets the income?",
            "How much was paid by credit card and how much by checking?",
        ),
    ),
)
