"""Goals as results hold them, and the monthly amount that each needs."""

import datetime as dt
from decimal import ROUND_CEILING, Decimal
from typing import Any, Literal

from graph.tool import Row, Rows
from graph.values.currencies import round_amount
from tools.shared.money import amount_text, percent_text

MAX_GOALS = 40
"""The most goals in a result."""
GoalType = Literal["savings", "debt_payoff", "investment", "purchase", "other"]
PACE_METHOD = (
    "needed_per_month is what is left, divided by the calendar months up to the month of the target date (the current one "
    "is not counted, at least 1), rounded up to the smallest unit of the currency."
)


async def fetch_goals(rows: Rows, status: str | None = None, goal_type: str | None = None) -> list[dict[str, Any]]:
    return await rows.fetch("goals_with_progress", status=status, goal_type=goal_type)


def goal_result(goal: Row, today: dt.date) -> dict[str, Any]:
    needed = needed_per_month(goal, today)
    return goal_state(goal) | {
        "id": str(goal["id"]),
        "description": goal["description"],
        "goal_type": goal["goal_type"],
        "left": amount_text(amount_left(goal), goal["currency"]),
        "percent": percent_text(goal["current_amount"], goal["target_amount"]),
        "priority": goal["priority"],
        "needed_per_month": None if needed is None else amount_text(needed, goal["currency"]),
        "overdue": is_overdue(goal, today),
    }


def goal_state(goal: Row) -> dict[str, Any]:
    return {
        "name": goal["name"],
        "currency": goal["currency"],
        "target": amount_text(goal["target_amount"], goal["currency"]),
        "current": amount_text(goal["current_amount"], goal["currency"]),
        "target_date": goal["target_date"] and goal["target_date"].isoformat(),
        "goal_status": goal["status"],
    }


def amount_left(goal: Row) -> Decimal:
    left: Decimal = max(Decimal(), goal["target_amount"] - goal["current_amount"])
    return left


def is_overdue(goal: Row, today: dt.date) -> bool:
    return bool(
        goal["status"] == "active" and amount_left(goal) and goal["target_date"] and goal["target_date"] < today
    )


def needed_per_month(goal: Row, today: dt.date) -> Decimal | None:
    """The monthly amount that reaches the target by its date; None without a future date or if nothing is left."""
    due: dt.date | None = goal["target_date"]
    if goal["status"] != "active" or due is None or due < today or not amount_left(goal):
        return None
    months = max(1, (due.year - today.year) * 12 + due.month - today.month)
    return round_amount(amount_left(goal) / months, goal["currency"], ROUND_CEILING)
