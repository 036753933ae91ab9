"""The amount that an answer must state, computed by SQL of its own, and the numbers that a text holds."""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from tests.eval.offline.days import Days, readings
from tests.eval.offline.question_set import HERE
from tests.eval.offline.service import TODAY

Rows = Callable[[str, Mapping[str, Any]], list[tuple[Any, ...]]]
"""Runs a query."""

EVER: Days = (dt.date.min, TODAY)
VALUES = ("category", "merchant", "account", "name", "amount", "rate", "months")
MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
DATE = re.compile(
    rf"\d{{4}}-\d\d(?:-\d\d)?|(?:{MONTHS})[a-z]* \d{{1,2}}(?:, \d{{4}})?\b|\d{{1,2}} (?:{MONTHS})[a-z]*(?: \d{{4}})?",
    re.I,
)
NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")


@cache
def queries() -> dict[str, str]:
    parts = re.split(r"^-- name: (\w+)$", (HERE / "amounts.sql").read_text("utf-8"), flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def expected(rows: Rows, user_id: str, amount: Mapping[str, Any]) -> frozenset[Decimal]:
    """What an answer may state: one amount, or one for each reading of the period."""
    fixed = {name: amount.get(name) for name in VALUES}
    fixed |= {"user_id": user_id, "today": TODAY, "currency": amount.get("currency", "USD")}
    periods = readings(amount["period"]) if "period" in amount else (EVER,)
    found = {
        value
        for start, end in periods
        for (value,) in rows(queries()[amount["query"]], fixed | {"start": start, "end": end})
    }
    return frozenset(Decimal(value or 0) for value in found)


def numbers(text: str) -> frozenset[Decimal]:
    """The numbers of a text, without its dates."""
    return frozenset(Decimal(each.replace(",", "")) for each in NUMBER.findall(DATE.sub(" ", text)))
