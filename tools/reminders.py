"""The user's reminders."""

import datetime as dt
from typing import Any, Literal

from pydantic import Field

from graph.tool import Row, Tool, ToolContext, ToolFault
from tools.shared.arguments import ToolArguments
from tools.shared.display import shown
from tools.shared.name_lookup import the_one
from tools.shared.recurrence import Recurrence, next_due
from tools.shared.text_fields import Words

MOST_REMINDERS = 50
"""That a result holds."""
FURTHEST = dt.timedelta(days=3660)
"""Ahead that a reminder can be."""


class ListReminders(ToolArguments):
    status: Literal["active", "done", "cancelled", "all"] = Field("active", description="Which reminders to list.")
    limit: int = Field(20, description="How many reminders to return.", ge=1, le=MOST_REMINDERS)


async def list_reminders(arguments: ListReminders, context: ToolContext) -> dict[str, Any]:
    """List the user's reminders, the next one first.

    Each has its `text`, the `next_due` day (today or later), `time` (null for the whole day) and `recurrence`. `next_due` is
    null for one that is past or no longer active; `overdue` is true for an active one whose day has passed. `matches`
    counts all, `shown` those listed. `status` is "no_rows" if there are none: then say so.
    """
    wanted = None if arguments.status == "all" else arguments.status
    reminders = [present(row, context.today) for row in await context.rows.fetch("reminders", status=wanted)]
    reminders.sort(key=lambda each: (each["next_due"] or each["first_due"], each["time"] or ""))
    listed = reminders[: arguments.limit]
    return {
        "status": "ok" if reminders else "no_rows",
        "filters": arguments.model_dump(mode="json"),
        "matches": len(reminders),
        "shown": len(listed),
        "reminders": listed,
        **shown("Reminders", ("text", "next_due", "time", "recurrence"), listed),
    }


def present(reminder: Row, today: dt.date) -> dict[str, Any]:
    active = reminder["status"] == "active"
    ahead = next_due(reminder, today) if active else None
    return {
        "id": str(reminder["id"]),
        **state_of(reminder),
        "next_due": None if ahead is None else ahead.isoformat(),
        "overdue": active and ahead is None,
    }


def state_of(reminder: Row) -> dict[str, Any]:
    time = reminder["due_time"]
    return {
        "text": reminder["text"],
        "first_due": reminder["due_on"].isoformat(),
        "time": None if time is None else f"{time:%H:%M}",
        "recurrence": reminder["recurrence"],
        "reminder_status": reminder["status"],
    }


class SetReminder(ToolArguments):
    text: Words = Field(description="What to be reminded of, in the user's words.")
    date: dt.date = Field(description="The day, or the first day of one that recurs: YYYY-MM-DD, today or later.")
    time: dt.time | None = Field(None, description="HH:MM in the user's time zone; leave out for the whole day.")
    recurrence: Recurrence = Field("none", description="How often it comes back.")


async def set_reminder(arguments: SetReminder, context: ToolContext) -> dict[str, Any]:
    """Note a reminder for a day, once or every week, month or year.

    Use it when the user wants to be reminded of a payment or a deadline; ask for the day if it was not said. Reminders are
    not sent: they are listed when the user asks for reminders or for what is coming up, so say that. The user confirms it
    before it is done. `reminder` is what was noted.
    """
    await check(arguments, context)
    made = await context.rows.fetch("put_reminder", **values_of(arguments))
    if not made:
        raise ToolFault("There is such a reminder for that day already.")
    return {"status": "ok", "reminder": present(made[0], context.today)}


async def preview_set_reminder(arguments: SetReminder, context: ToolContext) -> dict[str, Any]:
    await check(arguments, context)
    after = state_of(values_of(arguments) | {"status": "active"})
    return {
        "summary": f"A reminder is noted for {arguments.date}.",
        "changes": [{"before": None, "after": after}],
        "count": 1,
    }


def values_of(arguments: SetReminder) -> dict[str, Any]:
    return {
        "text": arguments.text,
        "due_on": arguments.date,
        "due_time": arguments.time and arguments.time.replace(tzinfo=None),
        "recurrence": arguments.recurrence,
    }


async def check(arguments: SetReminder, context: ToolContext) -> None:
    """See that the reminder can be noted.

    Raises:
        ToolFault: its day is past or too far ahead, or there is one like it.
    """
    if not context.today <= arguments.date <= context.today + FURTHEST:
        raise ToolFault("The date is not between today and ten years from now; ask for another day.")
    for row in await context.rows.fetch("reminders", status="active"):
        if row["due_on"] == arguments.date and row["text"].casefold() == arguments.text.casefold():
            raise ToolFault("There is such a reminder for that day already.")


class CancelReminder(ToolArguments):
    reminder: Words = Field(description="Words of the reminder, or its id.")


async def cancel_reminder(arguments: CancelReminder, context: ToolContext) -> dict[str, Any]:
    """Cancel one of the user's active reminders, with all its days to come.

    The user confirms it before it is done. `reminder` is the one that was cancelled.
    """
    reminder = await reminder_to_cancel(arguments, context)
    gone = await context.rows.fetch("drop_reminder", id=reminder["id"])
    if not gone:
        raise ToolFault("That reminder is no longer active.")
    return {"status": "ok", "reminder": present(gone[0], context.today)}


async def preview_cancel_reminder(arguments: CancelReminder, context: ToolContext) -> dict[str, Any]:
    reminder = await reminder_to_cancel(arguments, context)
    return {
        "summary": "A reminder is cancelled.",
        "changes": [{"before": state_of(reminder), "after": state_of(dict(reminder) | {"status": "cancelled"})}],
        "count": 1,
    }


async def reminder_to_cancel(arguments: CancelReminder, context: ToolContext) -> Row:
    active = await context.rows.fetch("reminders", status="active")
    return the_one(arguments.reminder, active, "reminder", "text")


TOOLS = (
    Tool(
        list_reminders,
        examples=(
            "What reminders do I have?",
            "Show my reminders",
            "List my active reminders",
            "Which reminders are overdue?",
            "Do I have a reminder for the rent?",
            "When is my next reminder?",
        ),
    ),
    Tool(
        set_reminder,
        risk="write",
        preview=preview_set_reminder,
        per_minute=20,
        examples=(
            "Remind me to pay the rent on the first of every month",
            "Set a reminder for the insurance on 3 March",
            "Add a reminder to cancel the gym by Friday",
            "Remind me each week to check my budget",
            "I want a reminder for my tax return",
            "Note a reminder for the 15th",
        ),
    ),
    Tool(
        cancel_reminder,
        risk="write",
        preview=preview_cancel_reminder,
        per_minute=20,
        examples=(
            "Cancel the reminder about the rent",
            "Delete my gym reminder",
            "I do not need the insurance reminder any more",
            "Remove a reminder",
            "Stop reminding me of the tax return",
            "Drop the reminder for the 15th",
        ),
    ),
)
