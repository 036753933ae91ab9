import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.tool import ToolContext, ToolError
from tests.support.ledgers import TODAY, Ledger
from tools.cancel_reminder import CancelReminder, cancel_reminder, preview_cancel_reminder
from tools.list_reminders import ListReminders, list_reminders
from tools.set_reminder import SetReminder, preview_set_reminder, set_reminder
from tools.shared.reminders import due_between, next_due

TOMORROW = TODAY + dt.timedelta(days=1)


def due(first: str, recurrence: str) -> dict[str, Any]:
    return {"due_on": dt.date.fromisoformat(first), "recurrence": recurrence}


@pytest.mark.parametrize(
    ("first", "recurrence", "days"),
    [
        ("2025-12-31", "monthly", ["2025-12-31", "2026-01-31", "2026-02-28", "2026-03-31"]),
        ("2024-02-29", "yearly", ["2026-02-28"]),
        ("2025-12-01", "none", ["2025-12-01"]),
        ("2025-11-01", "none", []),
        ("2026-03-20", "weekly", ["2026-03-20", "2026-03-27"]),
    ],
)
def test_days_of_a_reminder_in_a_period(first: str, recurrence: str, days: list[Any] | list[str]) -> None:
    found = due_between(due(first, recurrence), TODAY, dt.date(2026, 3, 31))
    assert [day.isoformat() for day in found] == days


@settings(deadline=None)
@given(st.dates(dt.date(2000, 1, 1), dt.date(2030, 1, 1)), st.sampled_from(["weekly", "monthly", "yearly"]))
def test_what_recurs_is_always_due_again(first: dt.date, recurrence: str) -> None:
    ahead = next_due({"due_on": first, "recurrence": recurrence}, TODAY)
    assert ahead is not None
    assert ahead >= max(first, TODAY)
    assert (ahead - max(first, TODAY)).days <= {"weekly": 6, "monthly": 30, "yearly": 365}[recurrence]


async def reminders_of(context: ToolContext, **arguments: Any) -> dict[str, Any]:
    return await list_reminders(ListReminders(**arguments), context)


async def test_reminders_are_listed_the_next_first_and_a_past_one_is_overdue(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add(
        "reminders",
        user,
        {"text": "Rent", "due_on": dt.date(2025, 1, 1), "recurrence": "monthly"},
        {"text": "Tax", "due_on": TOMORROW, "due_time": dt.time(9, 30)},
        {"text": "Missed", "due_on": dt.date(2025, 11, 19)},
        {"text": "Off", "status": "cancelled"},
    )
    result = await reminders_of(context)
    assert [(each["text"], each["next_due"], each["time"], each["overdue"]) for each in result["reminders"]] == [
        ("Missed", None, None, True),
        ("Tax", "2025-11-21", "09:30", False),
        ("Rent", "2025-12-01", None, False),
    ]
    assert [each["text"] for each in (await reminders_of(context, status="cancelled"))["reminders"]] == ["Off"]
    assert (await reminders_of(context, status="all", limit=1))["matches"] == 4


async def test_there_may_be_none_and_nobody_elses_are_seen_or_cancelled(ledger: Ledger, context: ToolContext) -> None:
    [theirs] = await ledger.add("reminders", str(uuid.uuid4()), {"text": "Theirs"})
    assert (await reminders_of(context, status="all"))["status"] == "no_rows"
    with pytest.raises(ToolError, match="no reminder yet"):
        await cancel_reminder(CancelReminder(reminder=str(theirs)), context)


async def test_a_reminder_is_noted_as_it_was_previewed(context: ToolContext) -> None:
    arguments = SetReminder(text="Pay the rent ", date=TOMORROW, time="08:15", recurrence="monthly")
    [change] = (await preview_set_reminder(arguments, context))["changes"]
    assert (await reminders_of(context))["status"] == "no_rows"
    made = (await set_reminder(arguments, context))["reminder"]
    assert change["after"].items() <= made.items()
    assert (made["text"], made["next_due"], made["time"]) == ("Pay the rent", "2025-11-21", "08:15")
    assert (await reminders_of(context))["reminders"] == [made]


@pytest.mark.parametrize("act", [set_reminder, preview_set_reminder])
async def test_a_reminder_of_yesterday_or_one_that_exists_is_refused(
    ledger: Ledger, user: str, context: ToolContext, act: Callable[..., Any]
) -> None:
    await ledger.add("reminders", user, {"text": "Rent"})
    with pytest.raises(ToolError, match="such a reminder"):
        await act(SetReminder(text="RENT", date=TODAY), context)
    for day in (TODAY - dt.timedelta(days=1), dt.date(9999, 12, 31)):
        with pytest.raises(ToolError, match="not between today"):
            await act(SetReminder(text="Other", date=day), context)


async def test_a_reminder_is_cancelled_once_it_is_clear_which(ledger: Ledger, user: str, context: ToolContext) -> None:
    [first, _] = await ledger.add("reminders", user, {"text": "Pay rent"}, {"text": "Rent a car"})
    for act in (preview_cancel_reminder, cancel_reminder):
        with pytest.raises(ToolError, match="Several match"):
            await act(CancelReminder(reminder="rent"), context)
        with pytest.raises(ToolError, match="No reminder matches"):
            await act(CancelReminder(reminder="boat"), context)
    arguments = CancelReminder(reminder=str(first))
    [change] = (await preview_cancel_reminder(arguments, context))["changes"]
    assert (await cancel_reminder(arguments, context))["reminder"].items() >= change["after"].items()
    assert [each["text"] for each in (await reminders_of(context))["reminders"]] == ["Rent a car"]
