import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from graph.tool import ToolContext, ToolError
from graph.values.profile import Profile
from tests.support.ledgers import Ledger, spent
from tools.create_goal import CreateGoal, create_goal, preview_create_goal
from tools.goal_summary import GoalSummary, goal_summary
from tools.list_goals import ListGoals, list_goals
from tools.suggest_goal_actions import SuggestGoalActions, suggest_goal_actions
from tools.update_goal_progress import UpdateGoalProgress, preview_update_goal_progress, update_goal_progress

STRANGER = str(uuid.uuid4())


async def goals_in(context: ToolContext, **arguments: Any) -> dict[str, Any]:
    return await list_goals(ListGoals(**arguments), context)


async def test_a_goal_says_what_is_left_and_what_it_needs_each_month(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    due = dt.date(2026, 5, 1)  # six calendar months after November
    await ledger.add(
        "goals", user, {"name": "Bicycle", "target_amount": "1000", "current_amount": "250.50", "target_date": due}
    )
    [goal] = (await goals_in(context))["goals"]
    assert (goal["left"], goal["percent"], goal["needed_per_month"], goal["overdue"]) == (
        "749.50",
        "25.0",
        "124.92",
        False,
    )


@pytest.mark.parametrize(
    ("day", "needed", "overdue"),
    [(None, None, False), (dt.date(2025, 11, 19), None, True), (dt.date(2025, 11, 20), "100.00", False)],
)
async def test_without_a_date_ahead_nothing_is_needed_each_month(
    ledger: Ledger, user: str, context: ToolContext, day: dt.date | None, needed: str | None, overdue: bool
) -> None:
    await ledger.add("goals", user, {"name": "Bicycle", "target_amount": "100", "target_date": day})
    [goal] = (await goals_in(context))["goals"]
    assert (goal["needed_per_month"], goal["overdue"]) == (needed, overdue)


async def test_goals_are_listed_by_status_and_type_and_counted_beyond_the_page(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add(
        "goals",
        user,
        *({"name": f"Goal {number}", "target_amount": "9", "priority": number} for number in (3, 1, 2)),
        {"name": "Old", "target_amount": "9", "status": "archived"},
        {"name": "Loan", "target_amount": "9", "goal_type": "debt_payoff"},
    )
    page = await goals_in(context, goal_type="savings", limit=2)
    assert ([goal["name"] for goal in page["goals"]], page["matches"], page["shown"]) == (["Goal 1", "Goal 2"], 3, 2)
    assert [goal["name"] for goal in (await goals_in(context, status="archived"))["goals"]] == ["Old"]
    assert (await goals_in(context, status="all"))["matches"] == 5


async def test_nobody_elses_goals_are_seen_or_changed(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add("profiles", user, {})
    [theirs] = await ledger.add("goals", STRANGER, {"name": "Boat", "target_amount": "9"})
    assert (await goals_in(context, status="all"))["status"] == "no_rows"
    for words in ("Boat", str(theirs)):
        with pytest.raises(ToolError, match="no goal yet"):
            await update_goal_progress(UpdateGoalProgress(goal=words, add_amount=1), context)


# Summary --------------------------------------------------------------------------------------------------------------


async def test_a_summary_keeps_currencies_apart(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add(
        "goals",
        user,
        {"name": "One", "target_amount": "100", "current_amount": "40", "target_date": dt.date(2026, 1, 5)},
        {"name": "Two", "target_amount": "50", "current_amount": "60"},
        {"name": "Three", "target_amount": "70", "currency": "CAD", "target_date": dt.date(2025, 1, 1)},
        {"name": "Done", "target_amount": "8", "current_amount": "8", "status": "completed"},
    )
    result = await goal_summary(GoalSummary(), context)
    assert result["counts"] == {"active": 3, "completed": 1, "archived": 0}
    assert result["totals"] == [
        {
            "currency": "CAD",
            "goals": 1,
            "target": "70.00",
            "current": "0.00",
            "left": "70.00",
            "percent": "0.0",
            "needed_per_month": "0.00",
        },
        {
            "currency": "USD",
            "goals": 2,
            "target": "150.00",
            "current": "100.00",
            "left": "60.00",
            "percent": "66.7",
            "needed_per_month": "30.00",
        },
    ]
    assert result["next_due"]["name"] == "One"
    assert [goal["name"] for goal in result["overdue"]] == ["Three"]


async def test_a_summary_of_nothing_says_so(context: ToolContext) -> None:
    assert (await goal_summary(GoalSummary(), context))["status"] == "no_rows"


# Suggestions ----------------------------------------------------------------------------------------------------------


def month_of(month: int, income: str, **spending: Any) -> list[dict[str, Any]]:
    day = dt.date(2025, month, 28)
    return [
        {"posted_at": day, "amount": income, "category": "Income"},
        *(spent(amount, name, on=day) for name, amount in spending.items()),
    ]


async def test_suggestions_come_from_the_surplus_and_from_what_rose(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add("goals", user, {"name": "Trip", "target_amount": "1200", "target_date": dt.date(2026, 2, 1)})
    rows = [
        *month_of(7, "1000", Groceries=600, Shopping=100),
        *month_of(8, "1000", Groceries=620, Shopping=80),
        *month_of(9, "1000", Groceries=610, Shopping=90),
        *month_of(10, "1000", Groceries=600, Shopping=250, Education=20),
    ]
    await ledger.add_transactions(user, [*rows, spent("999", on=dt.date(2025, 10, 3), currency="CAD")])
    result = await suggest_goal_actions(SuggestGoalActions(), context)
    # Nets: 300, 300, 300, 130. Needed: 1200 over three months.
    assert result["money"] == [
        {
            "currency": "USD",
            "months": ["2025-07", "2025-08", "2025-09", "2025-10"],
            "needed_per_month": "400.00",
            "usual_surplus": "300.00",
            "gap": "100.00",
            "rises": [
                {"category": "Shopping", "usual": "90.00", "spent": "250.00", "rise": "160.00"},
                {"category": "Education", "usual": "0.00", "spent": "20.00", "rise": "20.00"},
            ],
        }
    ]
    assert result["rises_month"] == "2025-10"


async def test_with_little_history_no_rise_is_named_and_without_any_no_gap(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add("goals", user, {"name": "Trip", "target_amount": "100"})
    result = await suggest_goal_actions(SuggestGoalActions(), context)
    assert (result["money"][0]["usual_surplus"], result["money"][0]["gap"]) == (None, None)
    await ledger.add_transactions(user, month_of(10, "10", Shopping=25))
    [money] = (await suggest_goal_actions(SuggestGoalActions(), context))["money"]
    assert (money["usual_surplus"], money["gap"], money["rises"]) == ("-15.00", "15.00", [])


async def test_a_goal_that_is_not_clear_is_asked_for(ledger: Ledger, user: str, context: ToolContext) -> None:
    assert (await suggest_goal_actions(SuggestGoalActions(goal="car"), context))["status"] == "no_rows"
    await ledger.add(
        "goals", user, {"name": "New car", "target_amount": "9"}, {"name": "Car tax", "target_amount": "9"}
    )
    result = await suggest_goal_actions(SuggestGoalActions(goal="car"), context)
    assert result["status"] == "ambiguous"
    assert {goal["name"] for goal in result["candidates"]} == {"New car", "Car tax"}
    assert (await suggest_goal_actions(SuggestGoalActions(goal="boat"), context))["status"] == "unknown"
    result = await suggest_goal_actions(SuggestGoalActions(goal="new car"), context)
    assert [goal["name"] for goal in result["goals"]] == ["New car"]


# Changes --------------------------------------------------------------------------------------------------------------


async def test_a_goal_is_created_as_it_was_previewed(ledger: Ledger, user: str, context: ToolContext) -> None:
    context = replace(context, profile=Profile(currency="CAD"))
    arguments = CreateGoal(name=" Boat\0 ", target_amount="900.5", target_date=dt.date(2026, 6, 1), priority=1)
    [change] = (await preview_create_goal(arguments, context))["changes"]
    assert (await goals_in(context))["status"] == "no_rows"
    made = (await create_goal(arguments, context))["goal"]
    assert change["before"] is None
    assert change["after"].items() <= made.items()
    assert (made["name"], made["target"], made["currency"]) == ("Boat", "900.50", "CAD")
    [stored] = (await goals_in(context))["goals"]
    assert stored == made


@pytest.mark.parametrize("act", [create_goal, preview_create_goal])
async def test_a_goal_that_exists_or_is_due_before_it_begins_is_refused(
    ledger: Ledger, user: str, context: ToolContext, act: Callable[..., Any]
) -> None:
    await ledger.add("goals", user, {"name": "Boat", "target_amount": "9"})
    with pytest.raises(ToolError, match="this name"):
        await act(CreateGoal(name="BOAT", target_amount=5, currency="usd"), context)
    with pytest.raises(ToolError, match="not in the future"):
        await act(CreateGoal(name="Other", target_amount=5, currency="usd", target_date=dt.date(2025, 11, 20)), context)


@pytest.mark.parametrize("act", [create_goal, preview_create_goal])
async def test_a_goal_of_a_user_without_a_currency_is_asked_about(
    context: ToolContext, act: Callable[..., Any]
) -> None:
    with pytest.raises(ToolError, match="currency is not known"):
        await act(CreateGoal(name="Other", target_amount=5), context)


@pytest.mark.parametrize(
    ("change", "current", "status"),
    [
        ({"add_amount": "49.99"}, "99.99", "active"),
        ({"add_amount": "50"}, "100.00", "completed"),
        ({"add_amount": "-50"}, "0.00", "active"),
        ({"current_amount": "120"}, "120.00", "completed"),
        ({"current_amount": "0"}, "0.00", "active"),
        ({"goal_status": "archived"}, "50.00", "archived"),
    ],
)
async def test_progress_is_recorded_as_it_was_previewed(
    ledger: Ledger, user: str, context: ToolContext, change: dict[str, Any], current: str, status: str
) -> None:
    await ledger.add("goals", user, {"name": "Boat", "target_amount": "100", "current_amount": "50"})
    arguments = UpdateGoalProgress(goal="boat", **change)
    [previewed] = (await preview_update_goal_progress(arguments, context))["changes"]
    assert previewed["before"]["current"] == "50.00"
    made = (await update_goal_progress(arguments, context))["goal"]
    assert (made["current"], made["goal_status"]) == (current, status)
    assert previewed["after"].items() <= made.items()


async def test_a_completed_goal_from_which_is_taken_is_active_again(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add(
        "goals", user, {"name": "Boat", "target_amount": "9", "current_amount": "9", "status": "completed"}
    )
    made = await update_goal_progress(UpdateGoalProgress(goal="Boat", add_amount=-1), context)
    assert made["goal"]["goal_status"] == "active"


@pytest.mark.parametrize("act", [update_goal_progress, preview_update_goal_progress])
@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"add_amount": "-51"}, "only 50.00"),
        ({}, "what changes"),
        ({"add_amount": 1, "current_amount": 1}, "not both"),
        ({"goal": "plane", "add_amount": 1}, "No goal matches"),
        ({"goal": "o", "add_amount": 1}, "Several match"),
    ],
)
async def test_a_change_that_is_not_clear_is_refused_and_nothing_is_changed(
    ledger: Ledger, user: str, context: ToolContext, act: Callable[..., Any], change: dict[str, Any], word: str
) -> None:
    await ledger.add("goals", user, {"name": "Boat", "target_amount": "100", "current_amount": "50"})
    await ledger.add("goals", user, {"name": "Photo", "target_amount": "100"})
    before = await goals_in(context)
    with pytest.raises(ToolError, match=word):
        await act(UpdateGoalProgress(**{"goal": "Boat", **change}), context)
    assert await goals_in(context) == before
