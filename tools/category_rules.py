"""The user's rules: which merchants belong to which category."""

from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from graph.tool import Row, Rows, Tool, ToolContext, ToolFault
from tools.shared.arguments import ToolArguments
from tools.shared.categories import resolve_categories
from tools.shared.text_fields import Words

MOST_RULES = 200
LEAST_LETTERS = 2
"""Of a pattern that a name contains."""


# Add ------------------------------------------------------------------------------------------------------------------


class AddCategoryRule(ToolArguments):
    pattern: Words = Field(description="The merchant's name or a part of it, letter by letter; no wildcards.")
    category: str = Field(description="The category for what matches, by name.", max_length=100)
    match: Literal["contains", "equals"] = Field(
        "contains", description="contains: the name has the pattern anywhere in it; equals: it is the pattern."
    )


async def add_category_rule(arguments: AddCategoryRule, context: ToolContext) -> dict[str, Any]:
    """Make a rule of the user's: merchants whose name contains or equals a pattern belong to a category.

    Use it when the user says "always put X under Y". Later suggestions and new entries follow it; what is booked already stays
    where it is: `elsewhere` of the `matches` transactions that the rule fits are in another category, so offer
    bulk_recategorise for them. A rule of the same pattern is given the new category; `replaced` is the category that it had.
    """
    category, before = await to_keep(arguments, context.rows)
    [fits] = await context.rows.fetch("merchants_of_rule", **rule_of(arguments, category))
    [kept] = await context.rows.fetch("keep_category_rule", **rule_of(arguments, category))
    return {
        "status": "replaced" if before else "created",
        "rule": told(kept),
        "replaced": before and before["category"],
        "matches": fits["matches"],
        "elsewhere": fits["elsewhere"],
    }


async def preview_add_category_rule(arguments: AddCategoryRule, context: ToolContext) -> dict[str, Any]:
    category, before = await to_keep(arguments, context.rows)
    rule = rule_of(arguments, category)
    [fits] = await context.rows.fetch("merchants_of_rule", **rule)
    return {
        "summary": f"{'Change' if before else 'Make'} a rule: a merchant whose name {arguments.match} this goes to {category}.",
        "changes": [{"before": told(before) if before else None, "after": rule}],
        "count": 1,
        "fits": {
            "transactions": fits["matches"],
            "merchants": fits["merchants"],
            "in_another_category": fits["elsewhere"],
        },
    }


async def to_keep(arguments: AddCategoryRule, rows: Rows) -> tuple[str, Row | None]:
    """The category as it is stored, and the rule of this pattern if there is one.

    Raises:
        ToolFault: there is no such category, the rule fits almost anything or is there already, or there are too many.
    """
    if arguments.match == "contains" and len(arguments.pattern) < LEAST_LETTERS:
        raise ToolFault(
            f"A part of a name needs {LEAST_LETTERS} letters, or the rule would fit almost anything; use equals."
        )
    [category] = await resolve_categories([arguments.category], rows)
    stored = await rows.fetch("category_rules", limit=MOST_RULES)
    same = [
        rule
        for rule in stored
        if rule["match"] == arguments.match and rule["pattern"].lower() == arguments.pattern.lower()
    ]
    if same and same[0]["category"] == category:
        raise ToolFault("There is such a rule already; nothing is to be changed.")
    if not same and len(stored) >= MOST_RULES:
        raise ToolFault(f"The user has {MOST_RULES} rules; delete one before another is made.")
    return category, same[0] if same else None


def rule_of(arguments: AddCategoryRule, category: str) -> dict[str, str]:
    return {"match": arguments.match, "pattern": arguments.pattern, "category": category}


# List -----------------------------------------------------------------------------------------------------------------


class ListCategoryRules(ToolArguments):
    limit: int = Field(50, description="How many to list, by pattern.", ge=1, le=MOST_RULES)


async def list_category_rules(arguments: ListCategoryRules, context: ToolContext) -> dict[str, Any]:
    """List the user's rules of which merchants belong to which category.

    Each of `rules` has its `id`, `match` (contains or equals), `pattern` and `category`; `found` counts all. Where several fit
    a merchant, equals goes before contains, then the longer pattern. `status` is "no_rows" if the user has made none.
    """
    stored = await context.rows.fetch("category_rules", limit=arguments.limit)
    return {
        "status": "ok" if stored else "no_rows",
        "found": stored[0]["found"] if stored else 0,
        "rules": [told(rule) | {"made_on": rule["day"].isoformat()} for rule in stored],
    }


# Delete ---------------------------------------------------------------------------------------------------------------


class DeleteCategoryRule(ToolArguments):
    rule_id: UUID | None = Field(None, description="Its id, from list_category_rules.")
    pattern: Words | None = Field(None, description="Its whole pattern, if the id is unknown.")


async def delete_category_rule(arguments: DeleteCategoryRule, context: ToolContext) -> dict[str, Any]:
    """Delete one of the user's category rules, on the user's word; transactions stay in their categories.

    Name it by its id or its whole pattern. If two rules have the pattern, one for contains and one for equals, the fault lists
    them: ask which and give the id.
    """
    rule = await the_rule(arguments, context.rows)
    gone = await context.rows.fetch("delete_category_rule", id=rule["id"])
    if not gone:
        raise ToolFault("Unknown: the rule is gone already.")
    return {"status": "deleted", "rule": told(gone[0])}


async def preview_delete_category_rule(arguments: DeleteCategoryRule, context: ToolContext) -> dict[str, Any]:
    rule = await the_rule(arguments, context.rows)
    return {
        "summary": f"Delete a rule that puts merchants into {rule['category']}.",
        "changes": [{"before": told(rule), "after": None}],
        "count": 1,
    }


async def the_rule(arguments: DeleteCategoryRule, rows: Rows) -> Row:
    """The rule that is meant.

    Raises:
        ToolFault: there is none, or there are two.
    """
    if arguments.rule_id is None and arguments.pattern is None:
        raise ToolFault("Say which rule: give its id or its pattern; list_category_rules has both.")
    stored = await rows.fetch("category_rules", limit=MOST_RULES)
    found = [
        rule
        for rule in stored
        if (arguments.rule_id is None or rule["id"] == arguments.rule_id)
        and (arguments.pattern is None or rule["pattern"].lower() == arguments.pattern.lower())
    ]
    if not found:
        raise ToolFault("Unknown: the user has no such rule; list_category_rules has those that exist.")
    if len(found) > 1:
        both = "; ".join(f"{rule['match']} (id {rule['id']})" for rule in found)
        raise ToolFault(f"Ambiguous: two rules have this pattern; ask which one is meant and give its id: {both}.")
    return found[0]


def told(rule: Row) -> dict[str, Any]:
    return {"id": str(rule["id"]), "match": rule["match"], "pattern": rule["pattern"], "category": rule["category"]}


TOOLS = (
    Tool(
        add_category_rule,
        risk="write",
        preview=preview_add_category_rule,
        per_minute=20,
        examples=(
            "Always put this merchant into that category",
            "Make a rule for the category of this shop",
            "From now on file everything from there under another category",
            "Add a categorisation rule",
            "Remember the right category for this store",
            "Create a rule so that these are categorised automatically",
        ),
    ),
    Tool(
        list_category_rules,
        examples=(
            "Which category rules do I have?",
            "Show me my categorisation rules",
            "List the rules for my categories",
            "What rules have I made?",
            "How are my merchants categorised automatically?",
            "Do I have any rules?",
        ),
    ),
    Tool(
        delete_category_rule,
        risk="write",
        preview=preview_delete_category_rule,
        per_minute=20,
        examples=(
            "Delete that category rule",
            "Remove the rule for this merchant",
            "I do not want this rule any more",
            "Drop the categorisation rule",
            "Get rid of a rule that I made",
            "Stop filing this shop automatically",
        ),
    ),
)
