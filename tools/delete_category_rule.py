"""Deletes a category rule."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from pydantic import Field

from graph.tool import Row, Rows, Tool, ToolContext, ToolError
from tools.shared.arguments import ToolArguments
from tools.shared.category_rules import MAX_RULES, rule_result
from tools.shared.sentences.categories import rule_phrase
from tools.shared.sentences.wording import Wording, summarized
from tools.shared.text_fields import ShortText


class DeleteCategoryRule(ToolArguments):
    rule_id: UUID | None = Field(None, description="Its id, from list_category_rules.")
    pattern: ShortText | None = Field(None, description="Its whole pattern, if the id is unknown.")


async def delete_category_rule(arguments: DeleteCategoryRule, context: ToolContext) -> dict[str, Any]:
    """Delete one of the user's category rules, on the user's word; transactions stay in their categories.

    Name it by its id or its whole pattern. If two rules have the pattern, one for contains and one for equals, the fault lists
    them: ask which and give the id.
    """
    rule = await resolve_rule(arguments, context.rows)
    gone = await context.rows.fetch("delete_category_rule", id=rule["id"])
    if not gone:
        raise ToolError("Unknown: the rule is gone already.")
    return summarized({"status": "deleted", "rule": rule_result(gone[0])}, deletion_sentences, context)


async def preview_delete_category_rule(arguments: DeleteCategoryRule, context: ToolContext) -> dict[str, Any]:
    rule = await resolve_rule(arguments, context.rows)
    return {
        "summary": f"Delete a rule that puts merchants into {rule['category']}.",
        "changes": [{"before": rule_result(rule), "after": None}],
        "count": 1,
    }


async def resolve_rule(arguments: DeleteCategoryRule, rows: Rows) -> Row:
    """The rule to delete.

    Raises:
        ToolError: no rule matches, or two rules do.
    """
    if arguments.rule_id is None and arguments.pattern is None:
        raise ToolError("Say which rule: give its id or its pattern; list_category_rules has both.")
    stored = await rows.fetch("category_rules", limit=MAX_RULES)
    found = [
        rule
        for rule in stored
        if (arguments.rule_id is None or rule["id"] == arguments.rule_id)
        and (arguments.pattern is None or rule["pattern"].lower() == arguments.pattern.lower())
    ]
    if not found:
        raise ToolError("Unknown: the user has no such rule; list_category_rules has those that exist.")
    if len(found) > 1:
        both = "; ".join(f"{rule['match']} (id {rule['id']})" for rule in found)
        raise ToolError(f"Ambiguous: two rules have this pattern; ask which one is meant and give its id: {both}.")
    return found[0]


def deletion_sentences(result: Row, wording: Wording) -> Iterator[str]:
    yield f"The rule that {rule_phrase(result['rule'])} is deleted."


TOOL = Tool(
    delete_category_rule,
    risk="write",
    preview=preview_delete_category_rule,
    max_calls_per_minute=20,
    examples=(
        "Delete that category rule",
        "Remove the rule for this merchant",
        "I do not want this rule any more",
        "Drop the categorisation rule",
        "Get rid of a rule that I made",
        "Stop filing this shop automatically",
    ),
)
