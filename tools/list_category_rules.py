"""Lists the user's category rules."""

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from graph.tool import Row, Tool, ToolContext
from tools.shared.arguments import ToolArguments
from tools.shared.category_rules import MAX_RULES, rule_result
from tools.shared.display import table
from tools.shared.sentences.categories import rule_phrase
from tools.shared.sentences.wording import Wording, summarized


class ListCategoryRules(ToolArguments):
    limit: int = Field(50, description="Rules to list.", ge=1, le=MAX_RULES)


async def list_category_rules(arguments: ListCategoryRules, context: ToolContext) -> dict[str, Any]:
    """List the user's rules of which merchants belong to which category.

    Each of `rules` has its `id`, `match` (contains or equals), `pattern` and `category`; `found` counts all. Where several fit
    a merchant, equals goes before contains, then the longer pattern. `status` is "no_rows" if the user has made none.
    """
    stored = await context.rows.fetch("category_rules", limit=arguments.limit)
    rules = [rule_result(rule) | {"made_on": rule["day"].isoformat()} for rule in stored]
    result = {
        "status": "ok" if stored else "no_rows",
        "found": stored[0]["found"] if stored else 0,
        "rules": rules,
        **table("Category rules", ("match", "pattern", "category", "made_on"), rules),
    }
    return summarized(result, rule_sentences, context)


def rule_sentences(result: Row, wording: Wording) -> Iterator[str]:
    if not result["found"]:
        yield "You have made no category rules."
        return
    listed = [rule_phrase(rule) for rule in result["rules"]]
    yield f"You have {wording.count(result['found'], 'category rule')}: {wording.listing(listed, result['found'])}."


TOOL = Tool(
    list_category_rules,
    examples=(
        "Which category rules do I have?",
        "Show me my categorisation rules",
        "List the rules for my categories",
        "What rules have I made?",
        "How are my merchants categorised automatically?",
        "Do I have any rules?",
    ),
)
