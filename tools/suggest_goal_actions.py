"""Suggests how to reach the user's goals sooner."""

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from statistics import median
from typing import Any

from pydantic import Field

from graph.tool import Row, Tool, ToolContext
from graph.values.months import add_months
from tools.shared.arguments import ToolArguments
from tools.shared.display import table
from tools.shared.goals import MAX_GOALS, PACE_METHOD, fetch_goals, goal_result, needed_per_month
from tools.shared.money import amount_text, by_currency
from tools.shared.name_lookup import matching_rows
from tools.shared.sentences.goals import goal_phrase
from tools.shared.sentences.wording import Wording, summarized
from tools.shared.text_fields import ShortText

COMPARED_MONTHS = 3
"""The whole months before the last whole one whose median is the usual spending."""
MAX_RISES = 5


class SuggestGoalActions(ToolArguments):
    goal: ShortText | None = Field(None, description="One goal, by name or id; default all active.")


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
    active = await fetch_goals(context.rows, "active")
    goals = matching_rows(arguments.goal, active) if arguments.goal else active
    if not goals:
        status = "unknown" if arguments.goal and active else "no_rows"
        return summarized({"status": status, "goals": []}, action_sentences, context)
    if arguments.goal and len(goals) > 1:
        candidates = [goal_result(goal, context.today) for goal in goals[:MAX_GOALS]]
        return summarized({"status": "ambiguous", "candidates": candidates}, action_sentences, context)
    this_month = context.today.replace(day=1)
    first = add_months(this_month, -1 - COMPARED_MONTHS)
    groups = await context.rows.fetch(
        "spending_by_month_and_category", start_date=first, end_date=this_month - dt.timedelta(days=1)
    )
    listed = [goal_result(goal, context.today) for goal in goals[:MAX_GOALS]]
    result = {
        "status": "ok",
        "method": PACE_METHOD,
        "rises_month": f"{add_months(this_month, -1):%Y-%m}",
        "goals": listed,
        "money": [money_result(currency, same, groups, context.today) for currency, same in by_currency(goals).items()],
        **table("Goals", ("name", "currency", "left", "needed_per_month", "target_date"), listed),
    }
    return summarized(result, action_sentences, context)


def money_result(currency: str, goals: Sequence[Row], groups: Sequence[Row], today: dt.date) -> dict[str, Any]:
    """The monthly need of the goals of one currency, and the money that could cover it."""
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
        "rises": category_rises(own, months, currency),
    }


def months_with_history(groups: Sequence[Row], today: dt.date) -> list[dt.date]:
    """The last whole months, beginning with the first month that has a row."""
    if not groups:
        return []
    first = min(group["month"] for group in groups)
    last = [add_months(today.replace(day=1), -number) for number in range(1 + COMPARED_MONTHS, 0, -1)]
    return [month for month in last if month >= first]


def category_rises(groups: Sequence[Row], months: Sequence[dt.date], currency: str) -> list[dict[str, Any]]:
    """Categories that cost more in the last month than the median of the months before; none if there are too few months."""
    if len(months) <= COMPARED_MONTHS:
        return []
    *before, last = months
    spent = {(group["category"], group["month"]): -group["net"] for group in groups if group["flow"] == "expense"}
    found = []
    for category in sorted({category for category, _ in spent}):
        usual = median(spent.get((category, month), Decimal()) for month in before)
        rise = spent.get((category, last), Decimal()) - usual
        if rise > 0:
            found.append((rise, category, usual))
    found.sort(key=lambda rise: (-rise[0], rise[1]))
    return [
        {
            "category": category,
            "usual": amount_text(usual, currency),
            "spent": amount_text(usual + rise, currency),
            "rise": amount_text(rise, currency),
        }
        for rise, category, usual in found[:MAX_RISES]
    ]


def action_sentences(result: Row, wording: Wording) -> Iterator[str]:
    match result["status"]:
        case "no_rows":
            yield "You have no active goals on file."
        case "unknown":
            yield "None of your active goals has that name."
        case "ambiguous":
            names = [goal["name"] for goal in result["candidates"]]
            yield f"Several goals fit: {wording.listing(names)}."
            yield "Which one do you mean?"
        case _:
            listed = [goal_phrase(goal, wording) for goal in result["goals"]]
            yield f"Your {'goal is' if len(listed) == 1 else 'goals are'} {wording.listing(listed)}."
            yield f"In time that needs {'; '.join(need_phrase(money, wording) for money in result['money'])}."
            rises = [
                rise_phrase(rise, money["currency"], wording) for money in result["money"] for rise in money["rises"]
            ]
            if rises:
                yield f"{wording.month(result['rises_month'])} cost more than usual on {wording.listing(rises)}."


def need_phrase(money: Row, wording: Wording) -> str:
    currency, needed = money["currency"], wording.money(money["needed_per_month"], money["currency"])
    if money["usual_surplus"] is None:
        return f"{needed} a month; what is usually left over is unknown"
    usual, gap = (wording.size(money[name], currency) for name in ("usual_surplus", "gap"))
    surplus = f"is {usual} short" if money["usual_surplus"].startswith("-") else f"leaves {usual}"
    missing = f"so {gap} a month is missing" if Decimal(money["gap"]) else "which is enough"
    return f"{needed} a month, and a usual month {surplus}, {missing}"


def rise_phrase(rise: Row, currency: str, wording: Wording) -> str:
    spent, usual = (wording.money(rise[name], currency) for name in ("spent", "usual"))
    return f"{rise['category']} ({spent} instead of {usual})"


TOOL = Tool(
    suggest_goal_actions,
    examples=(
        "What would bring me closer to my goals?",
        "How much must I put aside each month for my goals?",
        "Suggest steps to get to my goal sooner",
        "Where could I cut back to reach my goal?",
        "Do I save enough for my goals?",
        "What is missing each month for my goals?",
    ),
)
