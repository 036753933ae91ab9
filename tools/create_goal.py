"""Creates a goal."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from pydantic import Field

from graph.tool import Row, Tool, ToolContext, ToolError
from tools.shared.arguments import ToolArguments
from tools.shared.currencies import OptionalCurrency, resolve_currency
from tools.shared.goals import GoalType, fetch_goals, goal_result
from tools.shared.money import MAX_DECIMALS, amount_text, check_decimals
from tools.shared.sentences.goals import goal_phrase
from tools.shared.sentences.wording import Wording, summarized
from tools.shared.text_fields import ShortText

NAME_TAKEN = "An active goal has this name already; update it, or choose another name."


class CreateGoal(ToolArguments):
    name: ShortText = Field(description="Name of the goal.")
    target_amount: Decimal = Field(description="Amount to reach.", gt=0, le=10**10, decimal_places=MAX_DECIMALS)
    currency: OptionalCurrency = None
    target_date: dt.date | None = Field(None, description="By when, if the user names a date.")
    goal_type: GoalType = Field("savings", description="Kind of goal.")
    current_amount: Decimal = Field(
        Decimal(), description="Reached already.", ge=0, le=10**10, decimal_places=MAX_DECIMALS
    )
    description: str = Field("", description="The user's own words on it.", max_length=300)
    priority: int = Field(3, description="1 is the most important, 5 the least.", ge=1, le=5)


async def create_goal(arguments: CreateGoal, context: ToolContext) -> dict[str, Any]:
    """Create a goal for the user: a name, a target amount, and a date if the user named one.

    Use it when the user asks to save or pay towards something. Ask for the amount if it was not said; never invent one. The
    user confirms it before it is done. The goal that was made is in `goal`.
    """
    currency = await resolve_goal_currency(arguments, context)
    made = await context.rows.fetch("insert_goal", **(arguments.model_dump() | {"currency": currency}))
    if not made:
        raise ToolError(NAME_TAKEN)
    return summarized({"status": "ok", "goal": goal_result(made[0], context.today)}, goal_sentences, context)


async def preview_create_goal(arguments: CreateGoal, context: ToolContext) -> dict[str, Any]:
    currency = await resolve_goal_currency(arguments, context)
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


async def resolve_goal_currency(arguments: CreateGoal, context: ToolContext) -> str:
    """The currency of the new goal.

    Raises:
        ToolError: the goal cannot be created; the message says why.
    """
    if arguments.target_date and arguments.target_date <= context.today:
        raise ToolError("target_date is not in the future; ask for a later one or leave it out.")
    names = [goal["name"].casefold() for goal in await fetch_goals(context.rows, "active")]
    if arguments.name.casefold() in names:
        raise ToolError(NAME_TAKEN)
    currency = await resolve_currency(arguments.currency, context)
    check_decimals(currency, arguments.target_amount, arguments.current_amount)
    return currency


def goal_sentences(result: Row, wording: Wording) -> Iterator[str]:
    goal = result["goal"]
    yield f"The goal is created: {goal_phrase(goal, wording)}."
    if goal["needed_per_month"]:
        yield f"It needs {wording.money(goal['needed_per_month'], goal['currency'])} a month."


TOOL = Tool(
    create_goal,
    risk="write",
    preview=preview_create_goal,
    max_calls_per_minute=10,
    examples=(
        "Create a goal of 3000 for a trip",
        "I want to save 5000 for a car by June",
        "Set up a new goal for me",
        "Add a goal to build an emergency fund of 10000",
        "Make a savings goal for a bicycle",
        "New goal: pay off my card",
    ),
)
