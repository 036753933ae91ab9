"""Rules are kept, changed and deleted as they were shown, and a pattern is only what it says."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from graph.tool import ToolContext, ToolError
from tests.support.ledgers import TODAY, Ledger, UserRows, spent
from tools.add_category_rule import AddCategoryRule, add_category_rule, preview_add_category_rule
from tools.delete_category_rule import DeleteCategoryRule, delete_category_rule, preview_delete_category_rule
from tools.list_category_rules import ListCategoryRules, list_category_rules


async def add(context: ToolContext, pattern: str, category: str, **arguments: Any) -> dict[str, Any]:
    return await add_category_rule(AddCategoryRule(pattern=pattern, category=category, **arguments), context)


async def listing(context: ToolContext) -> list[tuple[str, str, str]]:
    result = await list_category_rules(ListCategoryRules(), context)
    return [(rule["match"], rule["pattern"], rule["category"]) for rule in result["rules"]]


async def test_a_rule_is_made_and_says_what_it_fits(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(
        user,
        [
            spent("1", merchant="Corner Deli"),
            spent("1", "Meals & Dining", merchant="DELI"),
            spent("1", merchant="Kiosk"),
        ],
    )
    result = await add(context, " deli ", "meals & dining")
    assert (result["status"], result["matches"], result["elsewhere"], result["replaced"]) == ("created", 2, 1, None)
    assert await listing(context) == [("contains", "deli", "Meals & Dining")]


async def test_a_pattern_with_a_new_category_replaces_the_rule(context: ToolContext) -> None:
    await add(context, "Deli", "Groceries")
    result = await add(context, "DELI", "Shopping")
    assert (result["status"], result["replaced"]) == ("replaced", "Groceries")
    assert await listing(context) == [("contains", "Deli", "Shopping")]
    with pytest.raises(ToolError, match="such a rule already"):
        await add(context, "deli", "shopping")


async def test_contains_and_equals_are_two_rules(context: ToolContext) -> None:
    await add(context, "Deli", "Groceries")
    await add(context, "Deli", "Shopping", match="equals")
    assert len(await listing(context)) == 2


@pytest.mark.parametrize("pattern", ["%%", "__", ".*", "(a|b)+$"])
async def test_no_character_of_a_pattern_is_a_wildcard(
    ledger: Ledger, user: str, context: ToolContext, pattern: str
) -> None:
    await ledger.add_transactions(user, [spent("1", merchant="ab"), spent("1", merchant=f"x{pattern}y")])
    assert (await add(context, pattern, "Shopping"))["matches"] == 1


async def test_one_letter_is_a_name_but_no_part_of_one(context: ToolContext) -> None:
    with pytest.raises(ToolError, match="needs 2 letters"):
        await add(context, " x ", "Shopping")
    assert (await add(context, " x ", "Shopping", match="equals"))["rule"]["pattern"] == "x"
    for pattern in ("", " ", "\0", "a" * 101):
        with pytest.raises(ValidationError):
            AddCategoryRule(pattern=pattern, category="Shopping")


async def test_what_cannot_be_a_rule_is_refused(context: ToolContext) -> None:
    with pytest.raises(ToolError, match="no category of that name"):
        await add(context, "Deli", "Yachts")
    for number in range(200):
        await context.rows.fetch("upsert_category_rule", match="equals", pattern=f"p{number}", category="Shopping")
    with pytest.raises(ToolError, match="200 rules"):
        await add(context, "Deli", "Shopping")
    assert (await add(context, "p7", "Groceries", match="equals"))["status"] == "replaced"


async def test_a_preview_shows_the_rule_before_and_after_and_keeps_nothing(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add_transactions(user, [spent("1", merchant="Deli")])
    preview = await preview_add_category_rule(AddCategoryRule(pattern="Deli", category="Shopping"), context)
    assert preview["changes"] == [
        {"before": None, "after": {"match": "contains", "pattern": "Deli", "category": "Shopping"}}
    ]
    assert preview["fits"] == {"transactions": 1, "merchants": 1, "in_another_category": 1}
    assert await listing(context) == []


async def test_a_rule_is_deleted_by_its_id_or_its_pattern(context: ToolContext) -> None:
    first = await add(context, "Deli", "Groceries")
    await add(context, "Kiosk", "Groceries")
    gone = await delete_category_rule(DeleteCategoryRule(rule_id=first["rule"]["id"]), context)
    summary = "The rule that names with “Deli” go to Groceries is deleted."
    assert gone == {"summary": summary, "status": "deleted", "rule": first["rule"]}
    preview = await preview_delete_category_rule(DeleteCategoryRule(pattern="KIOSK"), context)
    assert preview["changes"][0]["after"] is None
    assert len(await listing(context)) == 1
    await delete_category_rule(DeleteCategoryRule(pattern="KIOSK"), context)
    assert await listing(context) == []


async def test_which_rule_must_be_clear(context: ToolContext) -> None:
    await add(context, "Deli", "Groceries")
    await add(context, "Deli", "Shopping", match="equals")
    for arguments, words in (
        ({"pattern": "deli"}, "Ambiguous: two rules"),
        ({"pattern": "del"}, "Unknown"),
        ({"rule_id": uuid.uuid4()}, "Unknown"),
        ({}, "Say which rule"),
    ):
        with pytest.raises(ToolError, match=words):
            await delete_category_rule(DeleteCategoryRule(**arguments), context)
    assert len(await listing(context)) == 2


async def test_another_users_rules_are_neither_seen_nor_deleted(
    context: ToolContext, rows_of: Callable[[str], UserRows]
) -> None:
    theirs = ToolContext(rows_of(str(uuid.uuid4())), TODAY)
    rule = await add(theirs, "Deli", "Groceries")
    assert (await list_category_rules(ListCategoryRules(), context))["status"] == "no_rows"
    with pytest.raises(ToolError, match="Unknown"):
        await delete_category_rule(DeleteCategoryRule(rule_id=rule["rule"]["id"]), context)
    assert len(await listing(theirs)) == 1


async def test_rules_and_corrections_follow_their_category(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_categories(user, ["Pets"])
    [one] = await ledger.add_transactions(user, [spent("1", merchant="Zoo")])
    await context.rows.fetch("set_category", id=one, category="Pets", category_before="Groceries")
    await context.rows.fetch("set_category", id=one, category="Shopping", category_before="Pets")
    await add(context, "Zoo", "Pets")

    async def corrections() -> list[tuple[str | None, str]]:
        return [
            (each["category_before"], each["category"])
            for each in await context.rows.fetch("category_corrections", id=one, limit=5)
        ]

    await ledger.rename_category(user, "Pets", "Animals")
    assert await listing(context) == [("contains", "Zoo", "Animals")]
    assert await corrections() == [("Animals", "Shopping"), ("Groceries", "Animals")]
    await ledger.delete_category(user, "Animals")
    assert await listing(context) == []
    assert await corrections() == [("Animals", "Shopping")]
