"""Lists the user's reminders."""

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from graph.tool import Row, Tool, ToolContext
from tools.shared.arguments import ToolArguments
from tools.shared.display import table
from tools.shared.reminders import reminder_result
from tools.shared.sentences.reminders import reminder_phrase
from tools.shared.sentences.wording import Wording, summarized

MAX_REMINDERS = 50
"""The most reminders in a result."""


class ListReminders(ToolArguments):
    status: Literal["active", "done", "cancelled", "all"] = Field("active", description="Which reminders to list.")
    limit: int = Field(20, description="Reminders to list.", ge=1, le=MAX_REMINDERS)


async def list_reminders(arguments: ListReminders, context: ToolContext) -> dict[str, Any]:
    """List the user's reminders, the next one first.

    Each has its `text`, the `next_due` day (today or later), `time` (null for the whole day) and `recurrence`. `next_due` is
    null for one that is past or no longer active; `overdue` is true for an active one whose day has passed. `matches`
    counts all, `shown` those listed. `status` is "no_rows" if there are none: then say so.
    """
    wanted = None if arguments.status == "all" else arguments.status
    reminders = [reminder_result(row, context.today) for row in await context.rows.fetch("reminders", status=wanted)]
    reminders.sort(key=lambda reminder: (reminder["next_due"] or reminder["first_due"], reminder["time"] or ""))
    listed = reminders[: arguments.limit]
    result = {
        "status": "ok" if reminders else "no_rows",
        "filters": arguments.model_dump(mode="json"),
        "matches": len(reminders),
        "shown": len(listed),
        "reminders": listed,
        **table("Reminders", ("text", "next_due", "time", "recurrence"), listed),
    }
    return summarized(result, reminder_sentences, context)


def reminder_sentences(result: Row, wording: Wording) -> Iterator[str]:
    status = result["filters"]["status"]
    kind = "" if status == "all" else f"{status} "
    if not result["matches"]:
        yield f"You have no {kind}reminders."
        return
    overdue = [reminder["text"] for reminder in result["reminders"] if reminder["overdue"]]
    listed = [reminder_phrase(reminder, wording) for reminder in result["reminders"] if not reminder["overdue"]]
    ahead = result["matches"] - len(overdue)
    yield f"You have {wording.count(result['matches'], f'{kind}reminder')}."
    if listed:
        yield f"Next: {wording.listing(listed, ahead)}."
    if overdue:
        yield f"Overdue: {wording.listing([f'“{text}”' for text in overdue])}."


TOOL = Tool(
    list_reminders,
    examples=(
        "What reminders do I have?",
        "Show my reminders",
        "List my active reminders",
        "Which reminders are overdue?",
        "Do I have a reminder for the rent?",
        "When is my next reminder?",
    ),
)
