"""Currencies as people write them, and which one a question without one means."""

from typing import Annotated

from pydantic import AfterValidator, Field

from graph.tool import Rows, ToolError

CurrencyCode = Annotated[str, Field(pattern=r"^[A-Za-z]{3}$"), AfterValidator(str.upper)]
"""Three letters."""
OptionalCurrency = Annotated[
    CurrencyCode | None, Field(description="Three letters, such as USD; leave out for the user's main one.")
]


async def resolve_currency(wanted: str | None, rows: Rows) -> str:
    """The currency that was asked for, else the user's main one.

    Raises:
        ToolError: none was asked for, and the main one is not known.
    """
    if wanted:
        return wanted
    profile = await rows.fetch("main_currency")
    if not profile:
        raise ToolError("The user's currency is not known; ask for it and give currency, three letters such as USD.")
    return str(profile[0]["currency"])
