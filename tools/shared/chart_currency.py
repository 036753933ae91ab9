"""Chooses the currency of a chart."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from graph.tool import Row
from tools.shared.arguments import ToolArguments


class ChartArguments(ToolArguments):
    currency: str | None = Field(
        None,
        description="Three letters; default: the user's main one.",
        pattern=r"^[A-Za-z]{3}$",
    )


@dataclass(frozen=True, slots=True)
class ChartCurrency:
    """The currency of a chart, None if it is ambiguous, and the result's fields about it."""

    currency: str | None
    result_fields: Mapping[str, Any]


def choose_currency(
    found: Iterable[Row], wanted: str | None, main: str | None, nothing: str = "no_rows"
) -> ChartCurrency:
    """The requested currency, else the only one, else the user's main one.

    Args:
        found: rows with a `currency`.
        wanted: the requested currency.
        main: the currency of the user's profile.
        nothing: the status if no row has the currency.
    """
    currencies = sorted({row["currency"] for row in found})
    if wanted:
        wanted = wanted.upper()
    elif len(currencies) == 1:
        wanted = currencies[0]
    elif currencies:
        wanted = main if main in currencies else None
        if wanted is None:
            return ChartCurrency(None, {"status": "ambiguous", "currencies": currencies})
    others = {"other_currencies": rest} if (rest := [currency for currency in currencies if currency != wanted]) else {}
    if wanted not in currencies:
        return ChartCurrency(None, {"status": nothing, **others})
    return ChartCurrency(wanted, {"status": "ok", "currency": wanted, **others})
