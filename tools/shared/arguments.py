"""Base classes and checks of tools' arguments."""

import datetime as dt
import re
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from graph.redaction.values.json_strings import strings_in
from graph.tool import ToolError

SUSPICIOUS_TEXT = re.compile(
    r"\.\.[/\\]|^\s*(?:/[\w.-]+){2}|^\s*[A-Za-z]:[/\\]|^\s*(?:file|ftp|gopher|ldap|jar|dict)://"
    r"|\$\{|\{\{|\{[^{}]{0,40}(?:__|[.\[!])[^{}]{0,40}\}|(?:%\d{0,4}\$?[nspx]){2}|%n\b|\b__\w{1,20}__\b"
)
"""Paths, addresses of files, templates and format strings. A user's words contain none of them."""


class ToolArguments(BaseModel):
    """The arguments of a tool.

    Unknown names are refused, and so are texts that look like paths or templates (`SUSPICIOUS_TEXT`). Null and a blank string
    mean that an argument has no value.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def clean(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        if any(SUSPICIOUS_TEXT.search(text) for text in strings_in(data)):
            raise ValueError("a path, a template or a format string is not taken for words")
        return {name: value for name, value in data.items() if not is_blank(value)}

    def as_filters(self) -> dict[str, Any]:
        """The arguments that have a value, as JSON values: what a result repeats as its `filters`."""
        return self.model_dump(mode="json", exclude_none=True)


def check_amount_range(smallest: Decimal | None, largest: Decimal | None) -> None:
    """Check that the limits of an amount are in order.

    Raises:
        ToolError: the largest amount is below the smallest one.
    """
    if smallest is not None and largest is not None and largest < smallest:
        raise ToolError("max_amount is below min_amount; give them without signs, the smaller one as min_amount.")


def is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


class PeriodArguments(ToolArguments):
    """A period of days; an end without a date is open."""

    start_date: dt.date | None = Field(None, description="First day, included.")
    end_date: dt.date | None = Field(None, description="Last day, included.")

    def check_period(self) -> None:
        """Check that the period holds at least a day.

        Raises:
            ToolError: the period ends before it starts.
        """
        if self.start_date and self.end_date and self.end_date < self.start_date:
            raise ToolError(
                f"The period ends ({self.end_date}) before it starts ({self.start_date}); "
                "give start_date and end_date in order."
            )
