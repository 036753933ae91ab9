"""The user's goals: what they are, how far they are, and what would bring them nearer."""

import datetime as dt
from collections.abc import Sequence
from decimal import ROUND_CEILING, Decimal
from statistics import median
from typing import Any, Literal

from pydantic import Field

from graph.tool import Row, Rows, Tool, ToolContext, ToolFault
from graph.values.currencies import rounded
from graph.values.months import months_later
from tools.shared.arguments import ToolArguments
from tools.shared.currencies import Currency, currency_or_main
from tools.shared.display import shown
from tools.shared.money import AMOUNT_DECIMALS, amount_text, by_currency, check_decimals, percent_text
from tools.shared.name_lookup import matching, the_one
from tools.shared.text_fields import Words

MOST_GOALS = 40
"""That a result holds."""
USUAL_MONTHS = 3
"""Whole months that say what is usual, before the last whole one."""
MOST_RISES = 5

Status = Literal["active", "completed", "archived"]
GoalType = Literal["savings", "debt_payoff", "investment", "purchase", "other"]

PACE = (
    "needed_per_month is what is left, divided by the calendar months up to the month of the target date (the current one "
    "is not counted, at least 1), rounded up to the smallest unit of the currency."
)


# What there is --------------------------------------------------------------------------------------------------------


class ListGoals(ToolArguments):
    status: Literal["active", "completed", "archived", "all"] = Field("active", description="Which goals to list.")
    goal_type: GoalType | None = Field(None, description="Only goals of this type; leave out for all.")
    limit: int = Field(20, description="How many goals to return.", ge=1, le=MOST_GOALS)


async def list_goals(arguments: ListGoals, context: ToolContext) -> dict[str, Any]:
    """List the user's goals with target, amount reached, what is left, target date and what is needed each month.

    Use it for "what are my goals" and "how far am I". The most important comes first (`priority` 1 to 5). `percent` is how
    much of the target is reached. `needed_per_month` would reach the target by its date; it is null without a date, when
    nothing is left, and when the date has passed (`overdue` is true then). `matches` counts all goals, `shown` those
    listed. `status` is "no_rows" if there are none: then say so, and do not make any up.
    """
    goals = await goals_of(context.rows, None if arguments.status == "all" else arguments.status, arguments.goal_type)
    listed = [present(goal, context.today) for goal in goals[: arguments.limit]]
    return {
        "status": "ok" if goals else "no_rows",
        "filters": arguments.model_dump(mode="json", exclude_none=True),
        "matches": len(goals),
        "shown": len(listed),
        "method": PACE,
        "goals": listed,
        **shown("Goals", ("name", "currency", "current", "target", "left", "percent", "target_date"), listed),
    }


async def goals_of(rows: Rows, status: str | None = None, goal_type: str | None = None) -> list[dict[str, Any]]:
    return await rows.fetch("goals_with_progress", status=status, goal_type=goal_type)


def present(goal: Row, today: dt.date) -> dict[str, Any]:
    needed = needed_per_month(goal, today)
    return state_of(goal) | {
        "id": str(goal["id"]),
        "description": goal["description"],
        "goal_type": goal["goal_type"],
        "left": amount_text(left_of(goal), goal["currency"]),
        "percent": percent_text(goal["current_amount"], goal["target_amount"]),
        "priority": goal["priority"],
        "needed_per_month": None if needed is None else amount_text(needed, goal["currency"]),
        "overdue": is_overdue(goal, today),
    }


def state_of(goal: Row) -> dict[str, Any]:
    return {
        "name": goal["name"],
        "currency": goal["currency"],
        "target": amount_text(goal["target_amount"], goal["currency"]),
        "current": amount_text(goal["current_amount"], goal["currency"]),
        "target_date": goal["target_date"] and goal["target_date"].isoformat(),
        "goal_status": goal["status"],
    }


def left_of(goal: Row) -> Decimal:
    left: Decimal = max(Decimal(), goal["target_amount"] - goal["current_amount"])
    return left


def is_overdue(goal: Row, today: dt.date) -> bool:
    return bool(goal["status"] == "active" and left_of(goal) and goal["target_date"] and goal["target_date"] < today)


def needed_per_month(goal: Row, today: dt.date) -> Decimal | None:
    """What has to be put aside each month; None without a date ahead or with nothing left."""
    due: dt.date | None = goal["target_date"]
    if goal["status"] != "active" or due is None or due < today or not left_of(goal):
        return None
    months = max(1, (due.year - today.year) * 12 + due.month - today.month)
    return rounded(left_of(goal) / months, goal["currency"], ROUND_CEILING)


class GoalSummary(ToolArguments):
    pass


async def goal_summary(arguments: GoalSummary, context: ToolContext) -> dict[str, Any]:
    """Sum up all of the user's goals: how many there are, what is reached and left in each currency, what comes next.

    Use it for "how are my goals going overall". `counts` is by status. `totals` is over the active goals, one entry a
    currency (never add currencies together): `target`, `current`, `left`, `percent`, and `needed_per_month`, the sum over
    the goals with a date ahead. `next_due` is the nearest active goal ahead; `overdue` names those whose date has passed.
    `status` is "no_rows" if the user has no goals.
    """
    goals = await goals_of(context.rows)
    active = [goal for goal in goals if goal["status"] == "active"]
    ahead = [goal for goal in active if goal["target_date"] and goal["target_date"] >= context.today and left_of(goal)]
    nearest = min(ahead, key=lambda goal: goal["target_date"], default=None)
    return {
        "status": "ok" if goals else "no_rows",
        "counts": {
            status: sum(goal["status"] == status for goal in goals) for status in ("active", "completed", "archived")
        },
        "method": PACE,
        "totals": [add_up(same, context.today) for same in by_currency(active)],
        "next_due": None if nearest is None else present(nearest, context.today),
        "overdue": [state_of(goal) for goal in active if is_overdue(goal, context.today)][:MOST_GOALS],
    }


def add_up(goals: Sequence[Row], today: dt.date) -> dict[str, Any]:
    target = sum((goal["target_amount"] for goal in goals), Decimal())
    current = sum((goal["current_amount"] for goal in goals), Decimal())
    currency = goals[0]["currency"]
    return {
        "currency": currency,
        "goals": len(goals),
        "target": amount_text(target, currency),
        "current": amount_text(current, currency),
        "left": amount_text(sum((left_of(goal) for goal in goals), Decimal()), currency),
        "percent": percent_text(current, target),
        "needed_per_month": amount_text(
            sum((needed_per_month(goal, today) or Decimal() for goal in goals), Decimal()), currency
        ),
    }


# What would help ------------------------------------------------------------------------------------------------------


class SuggestGoalActions(ToolArguments):
    goal: Words | None = Field(None, description="Name of one goal, a part of it, or its id; leave out for all active.")


async def suggest_goal_actions(arguments: SuggestGoalActions, context: ToolContext) -> dict[str, Any]:
    """Say what would bring the user's goals nearer, from the user's own figures only.

    Use it for "how do I reach my goal" and "what should I do next for my goals". `goals` has what is left and
    `needed_per_month`. `money` has, per currency, `usual_surplus` (the median of income less spending over the last whole
    months in `months`; it may be negative), `needed_per_month` of all these goals, `gap` (what is missing each month; 0.00
    if the surplus is enough; null if there is no history) and `rises`: categories on which the last whole month
    (`rises_month`) cost more than usual, with `usual` (median of the three months before), `spent` and `rise`: going back
    to usual frees that much. Offer these as options and name the figures; promise nothing. `status` is "no_rows" if there
    is no active goal, "ambiguous" with `candidates` if several match, "unknown" if none does: then ask.
    """
    active = await goals_of(context.rows, "active")
    goals = matching(arguments.goal, active) if arguments.goal else active
    if not goals:
        return {"status": "unknown" if arguments.goal and active else "no_rows", "goals": []}
    if arguments.goal and len(goals) > 1:
        return {"status": "ambiguous", "candidates": [present(goal, context.today) for goal in goals[:MOST_GOALS]]}
    this_month = context.today.replace(day=1)
    first = months_later(this_month, -1 - USUAL_MONTHS)
    groups = await context.rows.fetch(
        "spending_by_month_and_category", start_date=first, end_date=this_month - dt.timedelta(days=1)
    )
    return {
        "status": "ok",
        "method": PACE,
        "rises_month": f"{months_later(this_month, -1):%Y-%m}",
        "goals": [present(goal, context.today) for goal in goals[:MOST_GOALS]],
        "money": [money_for(same, groups, context.today) for same in by_currency(goals)],
    }


def money_for(goals: Sequence[Row], groups: Sequence[Row], today: dt.date) -> dict[str, Any]:
    """What the goals of one currency need, and where it could come from."""
    currency = goals[0]["currency"]
    own = [group for group in groups if group["currency"] == currency]
    needed = sum((needed_per_month(goal, today) or Decimal() for goal in goals), Decimal())
    months = months_with_history(own, today)
    nets = [sum((group["net"] for group in own if group["month"] == month), Decimal()) for month in months]
    usual = median(nets) if nets else None
    return {
        "currency": currency,
        "months": [f"{month:%Y-%m}" for month in months],
        "needed_per_month": amount_text(needed, currency),
        "usual_surplus": None if usual is None else amount_text(usual, currency),
        "gap": None if usual is None else amount_text(max(Decimal(), needed - usual), currency),
        "rises": rises(own, months, currency),
    }


def months_with_history(groups: Sequence[Row], today: dt.date) -> list[dt.date]:
    """The last whole months, from the first one that has a row on."""
    if not groups:
        return []
    first = min(group["month"] for group in groups)
    last = [months_later(today.replace(day=1), -number) for number in range(1 + USUAL_MONTHS, 0, -1)]
    return [month for month in last if month >= first]


def rises(groups: Sequence[Row], months: Sequence[dt.date], currency: str) -> list[dict[str, Any]]:
    """Categories on which the last month cost more than the median of the months before; none where these are too few."""
    if len(months) <= USUAL_MONTHS:
        return []
    *before, last = months
    spent = {(group["category"], group["month"]): -group["net"] for group in groups if group["flow"] == "expense"}
    found = []
    for category in sorted({category for category, _ in spent}):
        usual = median(spent.get((category, month), Decimal()) for month in before)
        rise = spent.get((category, last), Decimal()) - usual
        if rise > 0:
            found.append((rise, category, usual))
    found.sort(key=lambda each: (-each[0], each[1]))
    return [
        {
            "category": category,
            "usual": amount_text(usual, currency),
            "spent": amount_text(usual + rise, currency),
            "rise": amount_text(rise, currency),
        }
        for rise, category, usual in found[:MOST_RISES]
    ]


# What is changed ------------------------------------------------------------------------------------------------------


class CreateGoal(ToolArguments):
    name: Words = Field(description="What the goal is called.")
    target_amount: Decimal = Field(
        description="What is to be reached.", gt=0, le=10**10, decimal_places=AMOUNT_DECIMALS
    )
    currency: Currency | None = Field(
        None, description="Three letters, such as USD; leave out for the user's main one."
    )
    target_date: dt.date | None = Field(None, description="By when, YYYY-MM-DD; leave out if the user names no date.")
    goal_type: GoalType = Field("savings", description="What the goal is for.")
    current_amount: Decimal = Field(
        Decimal(), description="What is reached already.", ge=0, le=10**10, decimal_places=AMOUNT_DECIMALS
    )
    description: str = Field("", description="The user's own words on it, if any.", max_length=300)
    priority: int = Field(3, description="1 is the most important, 5 the least.", ge=1, le=5)


async def create_goal(arguments: CreateGoal, context: ToolContext) -> dict[str, Any]:
    """Create a goal for the user: a name, a target amount, and a date if the user named one.

    Use it when the user asks to save or pay towards something. Ask for the amount if it was not said; never invent one. The
    user confirms it before it is done. The goal that was made is in `goal`.
    """
    currency = await checked_currency(arguments, context)
    made = await context.rows.fetch("add_goal", **(arguments.model_dump() | {"currency": currency}))
    if not made:
        raise ToolFault("An active goal has this name already; update it, or choose another name.")
    return {"status": "ok", "goal": present(made[0], context.today)}


async def preview_create_goal(arguments: CreateGoal, context: ToolContext) -> dict[str, Any]:
    currency = await checked_currency(arguments, context)
    after = {
        "name": arguments.name,
        "currency": currency,
        "target": amount_text(arguments.target_amount, currency),
        "current": amount_text(arguments.current_amount, currency),
        "target_date": arguments.target_date and arguments.target_date.isoformat(),
        "goal_status": "completed" if arguments.current_amount >= arguments.target_amount else "active",
    }
    return {
        "summary": f"A goal of {after['target']} {currency} is created.",
        "changes": [{"before": None, "after": after}],
        "count": 1,
    }


async def checked_currency(arguments: CreateGoal, context: ToolContext) -> str:
    """The currency of a goal that can be created.

    Raises:
        ToolFault: it cannot, and why.
    """
    if arguments.target_date and arguments.target_date <= context.today:
        raise ToolFault("target_date is not in the future; ask for a later one or leave it out.")
    names = [goal["name"].casefold() for goal in await goals_of(context.rows, "active")]
    if arguments.name.casefold() in names:
        raise ToolFault("An active goal has this name already; update it, or choose another name.")
    currency = await currency_or_main(arguments.currency, context.rows)
    check_decimals(currency, arguments.target_amount, arguments.current_amount)
    return currency


class UpdateGoalProgress(ToolArguments):
    goal: Words = Field(description="Name of the goal, a part of it, or its id.")
    current_amount: Decimal | None = Field(
        None, description="What is reached now, all in all.", ge=0, le=10**10, decimal_places=AMOUNT_DECIMALS
    )
    add_amount: Decimal | None = Field(
        None,
        description="What has come since, instead of current_amount; negative if something was taken out.",
        ge=-(10**10),
        le=10**10,
        decimal_places=AMOUNT_DECIMALS,
    )
    goal_status: Status | None = Field(None, description="A new status, such as archived for a goal given up.")


async def update_goal_progress(arguments: UpdateGoalProgress, context: ToolContext) -> dict[str, Any]:
    """Record how far a goal is: the amount reached, what was added to it, or that it is completed or given up.

    Give current_amount or add_amount, not both. A goal is completed by itself when its target is reached. The user confirms
    it before it is done. `goal` is how it stands afterwards.
    """
    goal = await goal_to_update(arguments, context.rows)
    made = await context.rows.fetch(
        "set_goal_progress",
        id=goal["id"],
        current_amount=arguments.current_amount,
        add_amount=arguments.add_amount,
        status=arguments.goal_status,
    )
    if not made:
        raise ToolFault("The goal has less than that; nothing was changed.")
    return {"status": "ok", "goal": present(made[0], context.today)}


async def preview_update_goal_progress(arguments: UpdateGoalProgress, context: ToolContext) -> dict[str, Any]:
    goal = await goal_to_update(arguments, context.rows)
    reached = reached_after(arguments, goal)
    after = dict(goal) | {"current_amount": reached, "status": arguments.goal_status or status_after(goal, reached)}
    currency = goal["currency"]
    before, then = amount_text(goal["current_amount"], currency), amount_text(reached, currency)
    return {
        "summary": f"A goal goes from {before} to {then} {currency}.",
        "changes": [{"before": state_of(goal), "after": state_of(after)}],
        "count": 1,
    }


async def goal_to_update(arguments: UpdateGoalProgress, rows: Rows) -> Row:
    """The goal that is meant, if it can be changed so.

    Raises:
        ToolFault: it cannot, and why.
    """
    if arguments.current_amount is not None and arguments.add_amount is not None:
        raise ToolFault("Give current_amount or add_amount, not both.")
    if arguments.current_amount is None and arguments.add_amount is None and arguments.goal_status is None:
        raise ToolFault("Say what changes: current_amount, add_amount or goal_status.")
    goal = the_one(arguments.goal, await goals_of(rows), "goal")
    check_decimals(goal["currency"], arguments.current_amount, arguments.add_amount)
    if reached_after(arguments, goal) < 0:
        raise ToolFault(
            f"The goal has only {amount_text(goal['current_amount'], goal['currency'])}; less than nothing cannot be left."
        )
    return goal


def reached_after(arguments: UpdateGoalProgress, goal: Row) -> Decimal:
    if arguments.current_amount is not None:
        return arguments.current_amount
    reached: Decimal = goal["current_amount"] + (arguments.add_amount or 0)
    return reached


def status_after(goal: Row, reached: Decimal) -> str:
    """What the status becomes by itself."""
    if reached >= goal["target_amount"]:
        return "completed"
    return "active" if goal["status"] == "completed" else str(goal["status"])


TOOLS = (
    Tool(
        list_goals,
        examples=(
            "What are my goals?",
            "Show my goals",
            "How far am I with my goals?",
            "List every goal I have set",
            "Which goals have I completed?",
            "Which goals am I working towards?",
        ),
    ),
    Tool(
        goal_summary,
        examples=(
            "Status of all goals combined",
            "How are my goals going overall?",
            "How much is left on all my goals together?",
            "Are any of my goals overdue?",
            "Which goal is due next?",
            "Give me an overview of my goals",
        ),
    ),
    Tool(
        suggest_goal_actions,
        examples=(
            "What would bring me closer to my goals?",
            "How much must I put aside each month for my goals?",
            "Suggest steps to get to my goal sooner",
            "Where could I cut back to reach my goal?",
            "Do I save enough for my goals?",
            "What is missing each month for my goals?",
        ),
    ),
    Tool(
        create_goal,
        risk="write",
        preview=preview_create_goal,
        per_minute=10,
        examples=(
            "Create a goal of 3000 for a trip",
            "I want to save 5000 for a car by June",
            "Set up a new goal for me",
            "Add a goal to build an emergency fund of 10000",
            "Make a savings goal for a bicycle",
            "New goal: pay off my card",
        ),
    ),
    Tool(
        update_goal_progress,
        risk="write",
        preview=preview_update_goal_progress,
        per_minute=20,
        examples=(
            "I put another 200 towards my emergency fund goal",
            "Update my goal: I have 4000 now",
            "Mark my laptop goal as completed",
            "Add 150 to my trip goal",
            "Archive my bicycle goal",
            "Record progress on my goal",
        ),
    ),
)
