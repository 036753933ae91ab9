"""Cancels a reminder."""

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from graph.tool import Row, Tool, ToolContext, ToolError
from tools.shared.arguments import ToolArguments
from tools.shared.name_lookup import resolve_one
from tools.shared.reminders import reminder_result, reminder_state
from tools.shared.sentences.wording import Wording, summarized
from tools.shared.text_fields import ShortText


class CancelReminder(ToolArguments):
    reminder: ShortText = Field(description="Words of the reminder, or its id.")


async def cancel_reminder(arguments: CancelReminder, context: ToolContext) -> dict[str, Any]:
    """Cancel one of the user's active reminders, with all its days to come.

    The user confirms it before it is done. `reminder` is the one that was cancelled.
    """
    reminder = await resolve_reminder(arguments, context)
    gone = await context.rows.fetch("cancel_reminder", id=reminder["id"])
    if not gone:
        raise ToolError("That reminder is no longer active.")
    result = {"status": "ok", "reminder": reminder_result(gone[0], context.today)}
    return summarized(result, cancellation_sentences, context)


async def preview_cancel_reminder(arguments: CancelReminder, context: ToolContext) -> dict[str, Any]:
    reminder = await resolve_reminder(arguments, context)
    return {
        "summary": "A reminder is cancelled.",
        "changes": [
            {"before": reminder_state(reminder), "after": reminder_state(dict(reminder) | {"status": "cancelled"})}
        ],
        "count": 1,
    }


async def resolve_reminder(arguments: CancelReminder, context: ToolContext) -> Row:
    active = await context.rows.fetch("reminders", status="active")
    return resolve_one(arguments.reminder, active, "reminder", "text")


def cancellation_sentences(result: Row, wording: Wording) -> Iterator[str]:
    yield f"The reminder “{result['reminder']['text']}” is cancelled."


TOOL = Tool(
    cancel_reminder,
    risk="write",
    preview=preview_cancel_reminder,
    max_calls_per_minute=20,
    examples=(
        "Cancel the reminder about the rent",
        "Delete my gym reminder",
        "I do not need the insurance reminder any more",
        "Remove a reminder",
        "Stop reminding me of the tax return",
        "Drop the reminder for the 15th",
    ),
)
