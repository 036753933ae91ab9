import datetime as dt
import uuid
from typing import Any

from graph.tool import ToolContext
from tests.support.ledgers import Ledger
from tools.upcoming_obligations import UpcomingObligations, upcoming_obligations


async def call(context: ToolContext, **arguments: Any) -> dict[str, Any]:
    return await upcoming_obligations(UpcomingObligations(**arguments), context)


def bookings(amount: str, *days: str, **more: Any) -> list[dict[str, Any]]:
    return [{"posted_at": dt.date.fromisoformat(day), "amount": amount, **more} for day in days]


async def test_what_came_regularly_is_expected_again_and_reminders_stand_beside(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add_transactions(
        user,
        [
            *bookings("-65", "2025-08-24", "2025-09-24", "2025-10-24", merchant="Fiberline", category="Utilities"),
            *bookings("-20", "2025-10-30", "2025-11-06", "2025-11-13", description="SENT TO JOE", currency="CAD"),
            *bookings("900", "2025-08-25", "2025-09-25", "2025-10-25", merchant="Work", category="Income"),
            *bookings("-80", "2025-08-26", "2025-09-26", "2025-10-26", description="TO SAVINGS", is_transfer=True),
            *bookings("-5", "2025-09-26", "2025-10-26", merchant="Twice"),
        ],
    )
    await ledger.add("reminders", user, {"text": "Renew", "due_on": dt.date(2025, 11, 22), "due_time": dt.time(9)})
    result = await call(context, days=10)
    assert result["payments"] == [
        {
            "expected_date": "2025-11-20",
            "late": False,
            "merchant": None,
            "description": "SENT TO JOE",
            "category": "Groceries",
            "currency": "CAD",
            "expected_amount": "20.00",
            "amount_varies": False,
            "every": "weekly",
            "seen": 3,
            "last_date": "2025-11-13",
        },
        {
            "expected_date": "2025-11-24",
            "late": False,
            "merchant": "Fiberline",
            "description": None,
            "category": "Utilities",
            "currency": "USD",
            "expected_amount": "65.00",
            "amount_varies": False,
            "every": "monthly",
            "seen": 3,
            "last_date": "2025-10-24",
        },
        {**result["payments"][0], "expected_date": "2025-11-27"},
    ]
    assert result["totals"] == [
        {"currency": "CAD", "count": 2, "expected": "40.00"},
        {"currency": "USD", "count": 1, "expected": "65.00"},
    ]
    assert result["reminders"] == [{"text": "Renew", "date": "2025-11-22", "time": "09:00"}]
    assert (result["filters"]["end_date"], result["status"]) == ("2025-11-29", "ok")


async def test_one_whose_day_has_passed_is_late_and_one_that_is_long_past_is_gone(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add_transactions(
        user,
        [
            *bookings("-65", "2025-08-15", "2025-09-15", "2025-10-15", merchant="Late"),
            *bookings("-65", "2025-07-15", "2025-08-15", "2025-09-15", merchant="Gone"),
        ],
    )
    result = await call(context, days=1)
    assert [(each["merchant"], each["expected_date"], each["late"]) for each in result["payments"]] == [
        ("Late", "2025-11-15", True)
    ]


async def test_totals_are_exact_whatever_is_listed(ledger: Ledger, user: str, context: ToolContext) -> None:
    for name in "abc":
        await ledger.add_transactions(
            user, bookings("-1.10", "2025-08-25", "2025-09-25", "2025-10-25", merchant=f"Shop {name}")
        )
    result = await call(context, limit=1)
    assert (len(result["payments"]), result["payments_found"]) == (1, 3)
    assert result["totals"] == [{"currency": "USD", "count": 3, "expected": "3.30"}]


async def test_there_may_be_nothing_and_nobody_elses_is_seen(ledger: Ledger, context: ToolContext) -> None:
    stranger = str(uuid.uuid4())
    await ledger.add_transactions(
        stranger, bookings("-65", "2025-08-24", "2025-09-24", "2025-10-24", merchant="Fiberline")
    )
    await ledger.add("reminders", stranger, {"text": "Theirs"})
    result = await call(context)
    assert (result["status"], result["payments"], result["reminders"]) == ("no_rows", [], [])
