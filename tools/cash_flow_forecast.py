"""Forecasts the income and spending of the coming months."""

import asyncio
import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median
from typing import Any

from pydantic import Field

from graph.tool import Row, Tool, ToolContext
from graph.values.currencies import round_amount
from graph.values.months import add_months, last_day
from tools.shared.arguments import ToolArguments
from tools.shared.currencies import CurrencyCode
from tools.shared.display import table
from tools.shared.money import amount_text, by_currency
from tools.shared.months import parse_month
from tools.shared.payment_series import MIN_BOOKINGS, PaymentSeries, fetch_payees, find_series
from tools.shared.sentences.lists import is_are, join_names
from tools.shared.sentences.wording import Wording, summarized

MONTHS_BACK = 6
"""The whole months of history that a forecast is based on."""
MIN_MONTHS = 3
"""The fewest whole months of history that a forecast needs."""

METHOD = (
    f"From the last {MONTHS_BACK} whole months. What comes regularly (the same payee at least {MIN_BOOKINGS} times at a "
    "regular distance and a like amount) is expected again in each month on its days, at the median of its last three "
    "amounts. All else is expected at its monthly median, income and spending apart; refunds lower spending, transfers are "
    "left out. low and high take for all else the month of the worst and of the best result among those months; they are a "
    "range seen, not a probability. For several months together low and high suppose that every month is like that. Medians "
    "are rounded to the cent (half to even)."
)
BALANCE_NOTE = (
    "starting_balance is the sum of the known balances of checking and savings accounts, on the day each was reported; the "
    "rest of the current month is not added to it."
)


class CashFlowForecast(ToolArguments):
    months: int = Field(3, description="Whole months ahead.", ge=1, le=12)
    currency: CurrencyCode | None = Field(None, description="Only this currency, three letters.")


async def cash_flow_forecast(arguments: CashFlowForecast, context: ToolContext) -> dict[str, Any]:
    """Forecast the user's income, spending and what is left in the months to come, with a range.

    Use it for "what will be left next month" and "can I keep this up". `currencies` has one forecast a currency (never add
    them together): `based_on` names the whole months looked at, `regular` and `other` what is expected of each kind in a
    usual month, and `months` each month to come with `income`, `spent`, `net` and its range `net_low` to `net_high`.
    `total` is over all of them. `projected_balance` is the known balance of checking and savings plus `total.net`; null if
    none is known, and `accounts_unknown` counts those without a balance. Always give the range and say that it is a
    forecast by the stated `method`. A currency whose `status` is "too_few_months" has fewer than three whole months of
    history: say so, and forecast nothing. `status` is "no_rows" if nothing was booked in the last six months.
    """
    this_month = context.today.replace(day=1)
    begin = add_months(this_month, -MONTHS_BACK)
    fetch = context.rows.fetch
    flows, payees, accounts = await asyncio.gather(
        fetch("flows_by_month", start_date=begin, end_date=context.today),
        fetch_payees(context.rows, context.today),
        fetch("accounts"),
    )
    active = [series for series in find_series(payees) if not series.is_over(context.today)]
    forecasts = [
        forecast_currency(
            currency_history(currency, own, active, this_month),
            by_currency(accounts).get(currency, []),
            [add_months(this_month, number) for number in range(1, arguments.months + 1)],
        )
        for currency, own in by_currency(flows).items()
        if arguments.currency in (None, currency)
    ]
    rows = [{"currency": forecast["currency"], **month} for forecast in forecasts for month in forecast["months"]]
    result = {
        "status": "ok" if forecasts else "no_rows",
        "filters": arguments.as_filters(),
        "method": METHOD,
        "balance_note": BALANCE_NOTE,
        "currencies": forecasts,
        **table("Forecast", ("month", "currency", "income", "spent", "net", "net_low", "net_high"), rows),
    }
    return summarized(result, forecast_sentences, context)


@dataclass(frozen=True, slots=True)
class CurrencyHistory:
    """The history of one currency."""

    currency: str
    months: Sequence[dt.date]
    """The whole months of the history, by their first days."""
    flows: Sequence[Row]
    """One row a month: `month`, `income` and `spent`."""
    series: Sequence[PaymentSeries]
    """The payment series that have not ended."""


def currency_history(
    currency: str, flows: Sequence[Row], series: Sequence[PaymentSeries], this_month: dt.date
) -> CurrencyHistory:
    """The history of one currency from its rows and the active series of all currencies."""
    first = dt.date.min if flows[0]["has_earlier"] else min(flow["first_day"] for flow in flows)
    return CurrencyHistory(
        currency,
        whole_months(first, this_month),
        flows,
        [payment for payment in series if payment.currency == currency],
    )


def whole_months(first_booking: dt.date, this_month: dt.date) -> list[dt.date]:
    """The months of the history that begin on the day of the first booking or later."""
    back = [add_months(this_month, -number) for number in range(MONTHS_BACK, 0, -1)]
    return [month for month in back if month >= first_booking]


@dataclass(frozen=True, slots=True)
class MonthFlow:
    """Income and spending of a month, both positive."""

    income: Decimal
    spent: Decimal

    @property
    def net(self) -> Decimal:
        return self.income - self.spent


def forecast_currency(history: CurrencyHistory, accounts: Sequence[Row], ahead: Sequence[dt.date]) -> dict[str, Any]:
    """The forecast for one currency."""
    currency = history.currency
    head = {
        "currency": currency,
        "based_on": [f"{month:%Y-%m}" for month in history.months],
    }
    if len(history.months) < MIN_MONTHS:
        return {"status": "too_few_months", **head, "needed_months": MIN_MONTHS, "months": []}
    other = [irregular_flow(history, month) for month in history.months]
    usual = MonthFlow(
        round_amount(median(flow.income for flow in other), currency),
        round_amount(median(flow.spent for flow in other), currency),
    )
    worst, best = min(flow.net for flow in other), max(flow.net for flow in other)
    expected = [expected_flow(history.series, month) for month in ahead]
    months = [
        {
            "month": f"{month:%Y-%m}",
            "income": amount_text(regular.income + usual.income, currency),
            "spent": amount_text(regular.spent + usual.spent, currency),
            "net": amount_text(regular.net + usual.net, currency),
            "net_low": amount_text(regular.net + min(worst, usual.net), currency),
            "net_high": amount_text(regular.net + max(best, usual.net), currency),
        }
        for month, regular in zip(ahead, expected, strict=True)
    ]
    net = sum((regular.net + usual.net for regular in expected), Decimal())
    return {
        "status": "ok",
        **head,
        "regular": {"series": len(history.series), **flow_result(expected[0], currency)},
        "other": flow_result(usual, currency),
        "months": months,
        "total": {
            name: sum_column(months, name, currency) for name in ("income", "spent", "net", "net_low", "net_high")
        },
        **projected_balance(accounts, net, currency),
    }


def irregular_flow(history: CurrencyHistory, month: dt.date) -> MonthFlow:
    """Income and spending of a month without the regular payments."""
    flow = next((row for row in history.flows if row["month"] == month), None)
    regular = booked_flow(history.series, month)
    if flow is None:
        return MonthFlow(Decimal(), Decimal())
    return MonthFlow(flow["income"] - regular.income, flow["spent"] - regular.spent)


def booked_flow(series: Sequence[PaymentSeries], month: dt.date) -> MonthFlow:
    """Income and spending of the series that were booked in a month."""
    amounts = [
        booking.amount for payment in series for booking in payment.bookings if booking.day.replace(day=1) == month
    ]
    return sum_by_sign(amounts)


def expected_flow(series: Sequence[PaymentSeries], month: dt.date) -> MonthFlow:
    """Income and spending of the series that are expected in a month."""
    return sum_by_sign(
        [payment.usual_amount for payment in series for _ in payment.expected_between(month, last_day(month))]
    )


def sum_by_sign(amounts: Sequence[Decimal]) -> MonthFlow:
    income = sum((amount for amount in amounts if amount > 0), Decimal())
    return MonthFlow(income, income - sum(amounts, Decimal()))


def projected_balance(accounts: Sequence[Row], net: Decimal, currency: str) -> dict[str, Any]:
    """The balance of checking and savings accounts, now and at the end of the forecast."""
    cash = [account for account in accounts if account["type"] in ("checking", "savings")]
    known = [account["balance"] for account in cash if account["balance"] is not None]
    start = sum(known, Decimal())
    return {
        "starting_balance": amount_text(start, currency) if known else None,
        "projected_balance": amount_text(start + net, currency) if known else None,
        "accounts_unknown": len(cash) - len(known),
    }


def flow_result(month: MonthFlow, currency: str) -> dict[str, str]:
    return {
        "income": amount_text(month.income, currency),
        "spent": amount_text(month.spent, currency),
        "net": amount_text(month.net, currency),
    }


def sum_column(rows: Sequence[Row], name: str, currency: str) -> str:
    return amount_text(sum((Decimal(row[name]) for row in rows), Decimal()), currency)


def forecast_sentences(result: Row, wording: Wording) -> Iterator[str]:
    forecasts = [forecast for forecast in result["currencies"] if forecast["status"] == "ok"]
    short = [forecast for forecast in result["currencies"] if forecast["status"] == "too_few_months"]
    if not result["currencies"]:
        yield f"I found no bookings in the last {MONTHS_BACK} months to base a forecast on."
        return
    if forecasts:
        first, last = (parse_month(forecasts[0]["months"][place]["month"]) for place in (0, -1))
        period = wording.months(first, last) if first < last else f"in {wording.month(first)}"
        nets = [net_phrase(forecast, wording) for forecast in forecasts]
        yield f"Expect {join_names(nets)} {period}."
        balances = [balance_phrase(forecast, wording) for forecast in forecasts if forecast["projected_balance"]]
        if balances:
            yield f"With what is in checking and savings now, that comes to {join_names(balances)}."
    if short:
        names = join_names([forecast["currency"] for forecast in short])
        yield f"There are fewer than {MIN_MONTHS} full months of history in {names}, too few for a forecast."
    if forecasts:
        yield f"This is a forecast from {wording.count(len(forecasts[0]['based_on']), 'full month')}, not a promise."


def net_phrase(forecast: Row, wording: Wording) -> str:
    total, currency = forecast["total"], forecast["currency"]
    income, spent, low, high = (
        wording.money(total[name], currency) for name in ("income", "spent", "net_low", "net_high")
    )
    net = wording.size(total["net"], currency)
    left = f"{net} missing" if total["net"].startswith("-") else f"{net} left over"
    return f"{income} to come in and {spent} to go out, with {left} (between {low} and {high}),"


def balance_phrase(forecast: Row, wording: Wording) -> str:
    balance = wording.money(forecast["projected_balance"], forecast["currency"])
    unknown = forecast["accounts_unknown"]
    missing = f" ({wording.count(unknown, 'balance')} {is_are(unknown)} unknown)" if unknown else ""
    return f"{balance}{missing}"


TOOL = Tool(
    cash_flow_forecast,
    max_calls_per_minute=20,
    examples=(
        "What will my cash flow look like in the coming months?",
        "How much money will be left over next month?",
        "Project my income and spending for the next 3 months",
        "Show a cash flow outlook",
        "Will my spending exceed my income in the coming months?",
        "Where does my cash flow go from here?",
    ),
)
