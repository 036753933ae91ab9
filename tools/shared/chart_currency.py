"""The one currency that a chart is drawn in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from graph.tool import Row, Rows
from tools.shared.arguments import ToolArguments


class ChartArguments(ToolArguments):
    currency: str | None = Field(
        None,
        description="Three letters, such as USD. Leave out for the user's main currency; currencies are never added together.",
        pattern=r"^[A-Za-z]{3}$",
    )


@dataclass(frozen=True, slots=True)
class ChartCurrency:
    """The currency that is drawn, if it is clear which, and what the result says of it."""

    currency: str | None
    result_fields: Mapping[str, Any]


async def choose_currency(
    found: Iterable[Row], wanted: str | None, rows: Rows, nothing: str = "no_rows"
) -> ChartCurrency:
    """The currency that was asked for, else the only one, else the user's main one.

    Args:
        found: rows with their currencies.
        wanted: the currency that was asked for.
        rows: of the caller.
        nothing: the status if no row is in it.
    """
    currencies = sorted({row["currency"] for row in found})
    if wanted:
        wanted = wanted.upper()
    elif len(currencies) == 1:
        wanted = currencies[0]
    elif currencies:
        profile = await rows.fetch("main_currency")
        wanted = next((row["currency"] for row in profile if row["currency"] in currencies), None)
        if wanted is None:
            return ChartCurrency(None, {"status": "ambiguous", "currencies": currencies})
    others = {"other_currencies": rest} if (rest := [each for each in currencies if each != wanted]) else {}
    if wanted not in currencies:
        return ChartCurrency(None, {"status": nothing, **others})
    return ChartCurrency(wanted, {"status": "ok", "currency": wanted, **others})
