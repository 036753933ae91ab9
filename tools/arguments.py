"""What the arguments of tools have in common."""

import datetime as dt
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from graph.tool import ToolFault


class ToolArguments(BaseModel):
    """Arguments of a tool: unknown names are refused; null and a blank string mean that an argument was not given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def drop_blanks(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {name: value for name, value in data.items() if not is_blank(value)}


def is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


class Period(ToolArguments):
    """A span of days, open at an end that is not given."""

    start_date: dt.date | None = Field(None, description="First day, YYYY-MM-DD, included. Leave out for no limit.")
    end_date: dt.date | None = Field(None, description="Last day, YYYY-MM-DD, included. Leave out for no limit.")

    def check_period(self) -> None:
        """See that the period holds at least a day.

        Raises:
            ToolFault: the period ends before it starts.
        """
        if self.start_date and self.end_date and self.end_date < self.start_date:
            raise ToolFault(
                f"The period ends ({self.end_date}) before it starts ({self.start_date}); "
                "give start_date and end_date in order."
            )
