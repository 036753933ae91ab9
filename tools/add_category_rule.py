"""Adds a category rule: which merchants belong to a category."""

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from graph.tool import Row, Rows, Tool, ToolContext, ToolError
from tools.shared.arguments import ToolArguments
from tools.shared.categories import resolve_category
from tools.shared.category_rules import MAX_RULES, rule_result
from tools.shared.sentences.categories import rule_phrase
from tools.shared.sentences.wording import Wording, summarized
from tools.shared.text_fields import ShortText

MIN_PATTERN_CHARS = 2
"""The shortest pattern of a rule that matches part of a name."""


class AddCategoryRule(ToolArguments):
    pattern: ShortText = Field(description="The name or a part, no wildcards.")
    category: str = Field(description="Category for what matches, by name.", max_length=100)
    match: Literal["contains", "equals"] = Field("contains", description="contains: the name has it anywhere.")


async def add_category_rule(arguments: AddCategoryRule, context: ToolContext) -> dict[str, Any]:
    """Make a rule of the user's: merchants whose name contains or equals a pattern belong to a category.

    Use it when the user says "always put X under Y". Later suggestions and new entries follow it; what is booked already stays
    where it is: `elsewhere` of the `matches` transactions that the rule fits are in another category, so offer
    bulk_recategorise for them. A rule of the same pattern is given the new category; `replaced` is the category that it had.
    """
    category, before = await resolve_new_rule(arguments, context.rows)
    [fits] = await context.rows.fetch("rule_matches", **rule_values(arguments, category))
    [kept] = await context.rows.fetch("upsert_category_rule", **rule_values(arguments, category))
    result = {
        "status": "replaced" if before else "created",
        "rule": rule_result(kept),
        "replaced": before and before["category"],
        "matches": fits["matches"],
        "elsewhere": fits["elsewhere"],
    }
    return summarized(result, rule_sentences, context)


async def preview_add_category_rule(arguments: AddCategoryRule, context: ToolContext) -> dict[str, Any]:
    category, before = await resolve_new_rule(arguments, context.rows)
    rule = rule_values(arguments, category)
    [fits] = await context.rows.fetch("rule_matches", **rule)
    return {
        "summary": f"{'Change' if before else 'Make'} a rule: a merchant whose name {arguments.match} this goes to {category}.",
        "changes": [{"before": rule_result(before) if before else None, "after": rule}],
        "count": 1,
        "fits": {
            "transactions": fits["matches"],
            "merchants": fits["merchants"],
            "in_another_category": fits["elsewhere"],
        },
    }


async def resolve_new_rule(arguments: AddCategoryRule, rows: Rows) -> tuple[str, Row | None]:
    """The category's stored name, and the rule that already has this pattern, or None.

    Raises:
        ToolError: the category does not exist, the pattern is too short, the same rule exists, or the user has too many rules.
    """
    if arguments.match == "contains" and len(arguments.pattern) < MIN_PATTERN_CHARS:
        raise ToolError(
            f"A part of a name needs {MIN_PATTERN_CHARS} letters, or the rule would fit almost anything; use equals."
        )
    category = await resolve_category(arguments.category, rows)
    stored = await rows.fetch("category_rules", limit=MAX_RULES)
    same = [
        rule
        for rule in stored
        if rule["match"] == arguments.match and rule["pattern"].lower() == arguments.pattern.lower()
    ]
    if same and same[0]["category"] == category:
        raise ToolError("There is such a rule already; nothing is to be changed.")
    if not same and len(stored) >= MAX_RULES:
        raise ToolError(f"The user has {MAX_RULES} rules; delete one before another is made.")
    return category, same[0] if same else None


def rule_values(arguments: AddCategoryRule, category: str) -> dict[str, str]:
    return {"match": arguments.match, "pattern": arguments.pattern, "category": category}


def rule_sentences(result: Row, wording: Wording) -> Iterator[str]:
    before = f" instead of {result['replaced']}" if result["replaced"] else ""
    yield f"From now on {rule_phrase(result['rule'])}{before}."
    if result["matches"]:
        elsewhere = (
            f", {wording.number(result['elsewhere'])} of them in another category" if result["elsewhere"] else ""
        )
        yield f"It fits {wording.count(result['matches'], 'transaction')}{elsewhere}."


TOOL = Tool(
    add_category_rule,
    risk="write",
    preview=preview_add_category_rule,
    max_calls_per_minute=20,
    examples=(
        "Always put this merchant into that category",
        "Make a rule for the category of this shop",
        "From now on file everything from there under another category",
        "Add a categorisation rule",
        "Remember the right category for this store",
        "Create a rule so that these are categorised automatically",
    ),
)
