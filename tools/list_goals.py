"""Lists the user's goals."""

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from graph.tool import Row, Tool, ToolContext
from tools.shared.arguments import ToolArguments
from tools.shared.display import table
from tools.shared.goals import MAX_GOALS, PACE_METHOD, GoalType, fetch_goals, goal_result
from tools.shared.sentences.goals import goal_phrase
from tools.shared.sentences.wording import Wording, summarized


class ListGoals(ToolArguments):
    status: Literal["active", "completed", "archived", "all"] = Field("active", description="Which goals to list.")
    goal_type: GoalType | None = Field(None, description="Only this type.")
    limit: int = Field(20, description="Goals to list.", ge=1, le=MAX_GOALS)


async def list_goals(arguments: ListGoals, context: ToolContext) -> dict[str, Any]:
    """List the user's goals with target, amount reached, what is left, target date and what is needed each month.

    Use it for "what are my goals" and "how far am I". The most important comes first (`priority` 1 to 5). `percent` is how
    much of the target is reached. `needed_per_month` would reach the target by its date; it is null without a date, when
    nothing is left, and when the date has passed (`overdue` is true then). `matches` counts all goals, `shown` those
    listed. `status` is "no_rows" if there are none: then say so, and do not make any up.
    """
    goals = await fetch_goals(
        context.rows, None if arguments.status == "all" else arguments.status, arguments.goal_type
    )
    listed = [goal_result(goal, context.today) for goal in goals[: arguments.limit]]
    result = {
        "status": "ok" if goals else "no_rows",
        "filters": arguments.as_filters(),
        "matches": len(goals),
        "shown": len(listed),
        "method": PACE_METHOD,
        "goals": listed,
        **table("Goals", ("name", "currency", "current", "target", "left", "percent", "target_date"), listed),
    }
    return summarized(result, goal_sentences, context)


def goal_sentences(result: Row, wording: Wording) -> Iterator[str]:
    kind = "" if result["filters"]["status"] == "all" else f"{result['filters']['status']} "
    if not result["matches"]:
        yield f"You have no {kind}goals on file."
        return
    listed = [goal_phrase(goal, wording) for goal in result["goals"]]
    yield f"You have {wording.count(result['matches'], f'{kind}goal')}: {wording.listing(listed, result['matches'])}."
    needed = [
        f"{wording.money(goal['needed_per_month'], goal['currency'])} a month for {goal['name']}"
        for goal in result["goals"]
        if goal["needed_per_month"]
    ]
    if needed:
        yield f"To reach them in time, put aside {wording.listing(needed)}."
    overdue = [goal["name"] for goal in result["goals"] if goal["overdue"]]
    if overdue:
        yield f"Past the target date: {wording.listing(overdue)}."


TOOL = Tool(
    list_goals,
    examples=(
        "What are my goals?",
        "Show my goals",
        "How far am I with my goals?",
        "List every goal I have set",
        "Which goals have I completed?",
        "Which goals am I working towards?",
    ),
)
