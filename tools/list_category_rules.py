"""Lists the user's category rules."""

from typing import Any

from pydantic import Field

from graph.tool import Tool, ToolContext
from tools.shared.arguments import ToolArguments
from tools.shared.category_rules import MAX_RULES, rule_result


class ListCategoryRules(ToolArguments):
    limit: int = Field(50, description="Rules to list.", ge=1, le=MAX_RULES)


async def list_category_rules(arguments: ListCategoryRules, context: ToolContext) -> dict[str, Any]:
    """List the user's rules of which merchants belong to which category.

    Each of `rules` has its `id`, `match` (contains or equals), `pattern` and `category`; `found` counts all. Where several fit
    a merchant, equals goes before contains, then the longer pattern. `status` is "no_rows" if the user has made none.
    """
    stored = await context.rows.fetch("category_rules", limit=arguments.limit)
    return {
        "status": "ok" if stored else "no_rows",
        "found": stored[0]["found"] if stored else 0,
        "rules": [rule_result(rule) | {"made_on": rule["day"].isoformat()} for rule in stored],
    }


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
