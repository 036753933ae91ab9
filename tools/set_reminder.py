"""Stores a reminder."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from pydantic import Field

from graph.tool import Row, Tool, ToolContext, ToolError
from tools.shared.arguments import ToolArguments
from tools.shared.reminders import Recurrence, reminder_result, reminder_state
from tools.shared.sentences.reminders import reminder_phrase
from tools.shared.sentences.wording import Wording, summarized
from tools.shared.text_fields import ShortText

MAX_AHEAD = dt.timedelta(days=3660)
"""The longest time from today to the day of a reminder."""


REMINDER_EXISTS = "There is such a reminder for that day already."


class SetReminder(ToolArguments):
    text: ShortText = Field(description="In the user's words.")
    date: dt.date = Field(description="The day or first day, today or later.")
    time: dt.time | None = Field(None, description="HH:MM where the user lives; default: the whole day.")
    recurrence: Recurrence = Field("none", description="How often it comes back.")


async def set_reminder(arguments: SetReminder, context: ToolContext) -> dict[str, Any]:
    """Note a reminder for a day, once or every week, month or year. It is only listed, never sent.

    Use it when the user wants to be reminded of a payment or a deadline; ask for the day if it was not said. Reminders are
    not sent: they are listed when the user asks for reminders or for what is coming up, so say that. The user confirms it
    before it is done. `reminder` is what was noted.
    """
    await check_reminder(arguments, context)
    made = await context.rows.fetch("insert_reminder", **reminder_values(arguments))
    if not made:
        raise ToolError(REMINDER_EXISTS)
    result = {"status": "ok", "reminder": reminder_result(made[0], context.today)}
    return summarized(result, reminder_sentences, context)


async def preview_set_reminder(arguments: SetReminder, context: ToolContext) -> dict[str, Any]:
    await check_reminder(arguments, context)
    after = reminder_state(reminder_values(arguments) | {"status": "active"})
    return {
        "summary": f"A reminder is noted for {arguments.date}.",
        "changes": [{"before": None, "after": after}],
        "count": 1,
    }


def reminder_values(arguments: SetReminder) -> dict[str, Any]:
    return {
        "text": arguments.text,
        "due_on": arguments.date,
        "due_time": arguments.time and arguments.time.replace(tzinfo=None),
        "recurrence": arguments.recurrence,
    }


async def check_reminder(arguments: SetReminder, context: ToolContext) -> None:
    """Check that the reminder can be stored.

    Raises:
        ToolError: its day is in the past or too far ahead, or the same reminder exists.
    """
    if not context.today <= arguments.date <= context.today + MAX_AHEAD:
        raise ToolError("The date is not between today and ten years from now; ask for another day.")
    for row in await context.rows.fetch("reminders", status="active"):
        if row["due_on"] == arguments.date and row["text"].casefold() == arguments.text.casefold():
            raise ToolError(REMINDER_EXISTS)


def reminder_sentences(result: Row, wording: Wording) -> Iterator[str]:
    yield f"The reminder is noted: {reminder_phrase(result['reminder'], wording)}."
    yield "Reminders are not sent; they are listed when you ask for them or for what is coming up."


TOOL = Tool(
    set_reminder,
    risk="write",
    preview=preview_set_reminder,
    max_calls_per_minute=20,
    examples=(
        "Remind me to pay the rent on the first of every month",
        "Set a reminder for the insurance on 3 March",
        "Add a reminder to cancel the gym by Friday",
        "Remind me each week to check my budget",
        "I want a reminder for my tax return",
        "Note a reminder for the 15th",
    ),
)
