"""Currency codes in arguments, and the currency of a call that names none."""

from typing import Annotated

from pydantic import AfterValidator, Field

from graph.tool import ToolContext, ToolError

CurrencyCode = Annotated[str, Field(pattern=r"^[A-Za-z]{3}$"), AfterValidator(str.upper)]
"""A currency code of three letters, in upper case."""
OptionalCurrency = Annotated[CurrencyCode | None, Field(description="Three letters; default: the user's main one.")]

UNKNOWN_CURRENCY = (
    "Which currency is it in, for example USD or EUR? The user's currency is not known; ask the user this once, then call "
    "again with currency."
)
"""The error begins with the question to the user, so that every model can repeat it."""


async def resolve_currency(wanted: str | None, context: ToolContext) -> str:
    """The requested currency, else the profile's, else the one of most of the user's rows.

    Raises:
        ToolError: no currency is requested, and none is known.
    """
    if known := wanted or context.profile.currency:
        return known
    rows = await context.rows.fetch("most_used_currency")
    if not rows:
        raise ToolError(UNKNOWN_CURRENCY)
    return str(rows[0]["currency"])
