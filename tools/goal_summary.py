"""Sums up the user's goals."""

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from graph.tool import Row, Tool, ToolContext
from tools.shared.arguments import ToolArguments
from tools.shared.display import table
from tools.shared.goals import (
    MAX_GOALS,
    PACE_METHOD,
    amount_left,
    fetch_goals,
    goal_result,
    goal_state,
    is_overdue,
    needed_per_month,
)
from tools.shared.money import amount_text, by_currency, percent_text
from tools.shared.sentences.goals import goal_phrase
from tools.shared.sentences.lists import join_names
from tools.shared.sentences.wording import Wording, summarized


class GoalSummary(ToolArguments):
    pass


async def goal_summary(arguments: GoalSummary, context: ToolContext) -> dict[str, Any]:
    """Sum up all of the user's goals: how many there are, what is reached and left in each currency, what comes next.

    Use it for "how are my goals going overall". `counts` is by status. `totals` is over the active goals, one entry a
    currency (never add currencies together): `target`, `current`, `left`, `percent`, and `needed_per_month`, the sum over
    the goals with a date ahead. `next_due` is the nearest active goal ahead; `overdue` names those whose date has passed.
    `status` is "no_rows" if the user has no goals.
    """
    goals = await fetch_goals(context.rows)
    active = [goal for goal in goals if goal["status"] == "active"]
    ahead = [
        goal for goal in active if goal["target_date"] and goal["target_date"] >= context.today and amount_left(goal)
    ]
    nearest = min(ahead, key=lambda goal: goal["target_date"], default=None)
    totals = [goal_totals(currency, same, context.today) for currency, same in by_currency(active).items()]
    result = {
        "status": "ok" if goals else "no_rows",
        "counts": {
            status: sum(goal["status"] == status for goal in goals) for status in ("active", "completed", "archived")
        },
        "method": PACE_METHOD,
        "totals": totals,
        "next_due": None if nearest is None else goal_result(nearest, context.today),
        "overdue": [goal_state(goal) for goal in active if is_overdue(goal, context.today)][:MAX_GOALS],
        **table("Goals together", ("currency", "goals", "current", "target", "left", "percent"), totals),
    }
    return summarized(result, summary_sentences, context)


def goal_totals(currency: str, goals: Sequence[Row], today: dt.date) -> dict[str, Any]:
    target = sum((goal["target_amount"] for goal in goals), Decimal())
    current = sum((goal["current_amount"] for goal in goals), Decimal())
    return {
        "currency": currency,
        "goals": len(goals),
        "target": amount_text(target, currency),
        "current": amount_text(current, currency),
        "left": amount_text(sum((amount_left(goal) for goal in goals), Decimal()), currency),
        "percent": percent_text(current, target),
        "needed_per_month": amount_text(
            sum((needed_per_month(goal, today) or Decimal() for goal in goals), Decimal()), currency
        ),
    }


def summary_sentences(result: Row, wording: Wording) -> Iterator[str]:
    if result["status"] == "no_rows":
        yield "You have no goals on file."
        return
    counts = [f"{wording.number(count)} {status}" for status, count in result["counts"].items() if count]
    totals = [
        "{} of {} is reached, {} is left".format(
            *(wording.money(total[name], total["currency"]) for name in ("current", "target", "left"))
        )
        for total in result["totals"]
    ]
    goals = wording.count(sum(result["counts"].values()), "goal")
    yield f"You have {goals} ({join_names(counts)}){f': {join_names(totals)}' if totals else ''}."
    if upcoming := result["next_due"]:
        needed = wording.money(upcoming["needed_per_month"], upcoming["currency"])
        yield f"Next is {goal_phrase(upcoming, wording)}, which needs {needed} a month."
    if result["overdue"]:
        late = [goal_phrase(goal, wording) for goal in result["overdue"]]
        yield f"Past the target date: {wording.listing(late)}."


TOOL = Tool(
    goal_summary,
    examples=(
        "Status of all goals combined",
        "How are my goals going overall?",
        "How much is left on all my goals together?",
        "Are any of my goals overdue?",
        "Which goal is due next?",
        "Give me an overview of my goals",
    ),
)
