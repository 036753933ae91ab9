"""Hands the conversation over to another employee."""

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from graph.tool import Row, Tool, ToolContext
from tools.shared.arguments import ToolArguments
from tools.shared.sentences.employees import employee_name
from tools.shared.sentences.wording import Wording, summarized


class HandoffToEmployee(ToolArguments):
    employee: str = Field(description="The colleague's slug.", min_length=1, max_length=60)
    reason: str = Field(description="Why, in a sentence.", min_length=1, max_length=300)
    summary: str = Field(
        description="What the user wants and what you found.",
        min_length=1,
        max_length=2000,
    )
    key_facts: list[str] = Field(default_factory=list, description="Figures, dates, names.", max_length=10)


async def handoff_to_employee(arguments: HandoffToEmployee, context: ToolContext) -> dict[str, Any]:
    """Hand the conversation over to a colleague who is better placed for what the user wants, for good.

    The colleague answers next, in this very turn, with tools of their own, and goes on to speak with the user after it. Tell
    the user in a sentence before you do it. For a single question within your own work use delegate_to_employee instead, if
    you have it.
    """
    to = context.colleagues.resolve(arguments.employee)
    result = {
        "status": "ok",
        "handoff": {
            "from": context.colleagues.employee,
            "to": to,
            "reason": arguments.reason,
            "summary": arguments.summary,
            "key_facts": arguments.key_facts,
        },
    }
    return summarized(result, handoff_sentences, context)


def handoff_sentences(result: Row, wording: Wording) -> Iterator[str]:
    yield f"{employee_name(result['handoff']['to'])} takes over from here."


TOOL = Tool(handoff_to_employee)
