"""Records the progress of a goal."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from graph.tool import Row, Rows, Tool, ToolContext, ToolError
from tools.shared.arguments import ToolArguments
from tools.shared.goals import fetch_goals, goal_result, goal_state
from tools.shared.money import MAX_DECIMALS, amount_text, check_decimals
from tools.shared.name_lookup import resolve_one
from tools.shared.sentences.goals import goal_phrase
from tools.shared.sentences.wording import Wording, summarized
from tools.shared.text_fields import ShortText

GoalStatus = Literal["active", "completed", "archived"]


class UpdateGoalProgress(ToolArguments):
    goal: ShortText = Field(description="Name or id of the goal.")
    current_amount: Decimal | None = Field(
        None, description="Reached now, in all.", ge=0, le=10**10, decimal_places=MAX_DECIMALS
    )
    add_amount: Decimal | None = Field(
        None,
        description="Added since, instead of current_amount; negative if taken out.",
        ge=-(10**10),
        le=10**10,
        decimal_places=MAX_DECIMALS,
    )
    goal_status: GoalStatus | None = Field(None, description="New status, such as archived.")


async def update_goal_progress(arguments: UpdateGoalProgress, context: ToolContext) -> dict[str, Any]:
    """Record how far a goal is: the amount reached, what was added to it, or that it is completed or given up.

    Give current_amount or add_amount, not both. A goal is completed by itself when its target is reached. The user confirms
    it before it is done. `goal` is how it stands afterwards.
    """
    goal = await resolve_goal(arguments, context.rows)
    made = await context.rows.fetch(
        "update_goal_progress",
        id=goal["id"],
        current_amount=arguments.current_amount,
        add_amount=arguments.add_amount,
        status=arguments.goal_status,
    )
    if not made:
        raise ToolError("The goal has less than that; nothing was changed.")
    return summarized({"status": "ok", "goal": goal_result(made[0], context.today)}, goal_sentences, context)


async def preview_update_goal_progress(arguments: UpdateGoalProgress, context: ToolContext) -> dict[str, Any]:
    goal = await resolve_goal(arguments, context.rows)
    reached = reached_after(arguments, goal)
    after = dict(goal) | {"current_amount": reached, "status": arguments.goal_status or status_after(goal, reached)}
    currency = goal["currency"]
    before, then = amount_text(goal["current_amount"], currency), amount_text(reached, currency)
    return {
        "summary": f"A goal goes from {before} to {then} {currency}.",
        "changes": [{"before": goal_state(goal), "after": goal_state(after)}],
        "count": 1,
    }


async def resolve_goal(arguments: UpdateGoalProgress, rows: Rows) -> Row:
    """The goal to change.

    Raises:
        ToolError: the goal cannot be changed; the message says why.
    """
    if arguments.current_amount is not None and arguments.add_amount is not None:
        raise ToolError("Give current_amount or add_amount, not both.")
    if arguments.current_amount is None and arguments.add_amount is None and arguments.goal_status is None:
        raise ToolError("Say what changes: current_amount, add_amount or goal_status.")
    goal = resolve_one(arguments.goal, await fetch_goals(rows), "goal")
    check_decimals(goal["currency"], arguments.current_amount, arguments.add_amount)
    if reached_after(arguments, goal) < 0:
        raise ToolError(
            f"The goal has only {amount_text(goal['current_amount'], goal['currency'])}; less than nothing cannot be left."
        )
    return goal


def reached_after(arguments: UpdateGoalProgress, goal: Row) -> Decimal:
    if arguments.current_amount is not None:
        return arguments.current_amount
    reached: Decimal = goal["current_amount"] + (arguments.add_amount or 0)
    return reached


def status_after(goal: Row, reached: Decimal) -> str:
    """The status that follows from the amount reached."""
    if reached >= goal["target_amount"]:
        return "completed"
    return "active" if goal["status"] == "completed" else str(goal["status"])


def goal_sentences(result: Row, wording: Wording) -> Iterator[str]:
    goal = result["goal"]
    yield f"The goal is {goal['goal_status']} now: {goal_phrase(goal, wording)}."
    if goal["needed_per_month"]:
        yield f"It needs {wording.money(goal['needed_per_month'], goal['currency'])} a month."


TOOL = Tool(
    update_goal_progress,
    risk="write",
    preview=preview_update_goal_progress,
    max_calls_per_minute=20,
    examples=(
        "I put another 200 towards my emergency fund goal",
        "Update my goal: I have 4000 now",
        "Mark my laptop goal as completed",
        "Add 150 to my trip goal",
        "Archive my bicycle goal",
        "Record progress on my goal",
    ),
)
