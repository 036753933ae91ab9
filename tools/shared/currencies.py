"""Currency codes in arguments, and the user's main currency."""

from typing import Annotated

from pydantic import AfterValidator, Field

from graph.tool import Rows, ToolError

CurrencyCode = Annotated[str, Field(pattern=r"^[A-Za-z]{3}$"), AfterValidator(str.upper)]
"""A currency code of three letters, in upper case."""
OptionalCurrency = Annotated[
    CurrencyCode | None, Field(description="Three letters, such as USD; leave out for the user's main one.")
]


async def resolve_currency(wanted: str | None, rows: Rows) -> str:
    """The requested currency, else the user's main one.

    Raises:
        ToolError: no currency is requested, and the main one is unknown.
    """
    if wanted:
        return wanted
    profile = await rows.fetch("main_currency")
    if not profile:
        raise ToolError("The user's currency is not known; ask for it and give currency, three letters such as USD.")
    return str(profile[0]["currency"])
