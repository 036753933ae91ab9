"""Suggestions learn from corrections, rules and history, in this order, and say why."""

import datetime as dt
import uuid
from collections.abc import Callable
from datetime import UTC
from typing import Any

import pytest

from graph.tool import ToolContext, ToolError
from tests.support.ledgers import TODAY, Ledger, UserRows, spent
from tools.explain_category import ExplainCategory, explain_category
from tools.shared.category_suggestion import best_suggestion
from tools.suggest_category import SuggestCategory, suggest_category


async def suggestion(context: ToolContext, **which: Any) -> dict[str, Any]:
    return await suggest_category(SuggestCategory(**which), context)


async def explanation(context: ToolContext, **which: Any) -> dict[str, Any]:
    return await explain_category(ExplainCategory(**which), context)


async def correct(context: ToolContext, transaction: uuid.UUID, category: str) -> None:
    [row] = await context.rows.fetch("transaction_by_id", id=transaction)
    await context.rows.fetch("set_category", id=transaction, category=category, category_before=row["category"])


async def rule(context: ToolContext, pattern: str, category: str, match: str = "contains") -> None:
    await context.rows.fetch("upsert_category_rule", match=match, pattern=pattern, category=category)


# Suggest --------------------------------------------------------------------------------------------------------------


async def test_two_equal_corrections_go_before_rules_and_history(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    ids = await ledger.add_transactions(user, [spent("1", "Shopping", merchant="Deli")] * 5)
    assert (await suggestion(context, merchant="deli"))["because"] == "history"
    await rule(context, "deli", "Groceries")
    assert (await suggestion(context, merchant="Deli"))["because"] == "rule"
    await correct(context, ids[0], "Meals & Dining")
    assert (await suggestion(context, merchant="Deli"))["category"] == "Groceries"
    await correct(context, ids[1], "Meals & Dining")
    learnt = await suggestion(context, merchant="DELI")
    assert (learnt["category"], learnt["because"]) == ("Meals & Dining", "corrections")
    assert learnt["evidence"]["equal_corrections"] == 2


async def test_who_changes_their_mind_is_followed_from_the_second_time(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    ids = await ledger.add_transactions(user, [spent("1", merchant="Deli")] * 5)
    for transaction in ids[:3]:
        await correct(context, transaction, "Shopping")
    await correct(context, ids[0], "Education")
    assert (await suggestion(context, merchant="Deli"))["category"] == "Shopping"
    await correct(context, ids[1], "Education")
    assert (await suggestion(context, merchant="Deli"))["category"] == "Education"


async def test_of_rules_the_closest_is_followed(context: ToolContext) -> None:
    await rule(context, "deli", "Groceries")
    await rule(context, "corner deli", "Shopping")
    assert (await suggestion(context, merchant="Corner Deli 7"))["evidence"]["pattern"] == "corner deli"
    await rule(context, "Corner Deli 7", "Education", match="equals")
    assert (await suggestion(context, merchant="corner deli 7"))["category"] == "Education"
    assert (await suggestion(context, merchant="corner deli 8"))["category"] == "Shopping"


async def test_history_counts_when_more_than_half_agree(ledger: Ledger, user: str, context: ToolContext) -> None:
    def rows(category: str, count: int) -> list[dict[str, Any]]:
        return [spent("1", category, merchant="Mart")] * count

    await ledger.add_transactions(user, rows("Groceries", 2) + rows("Shopping", 2) + rows("Uncategorized", 9))
    assert (await suggestion(context, merchant="Mart"))["status"] == "no_suggestion"
    await ledger.add_transactions(user, rows("Shopping", 1))
    found = await suggestion(context, merchant="mart")
    assert (found["category"], found["evidence"]) == ("Shopping", {"transactions": 3, "of": 5})


async def test_a_transaction_is_no_evidence_for_itself(ledger: Ledger, user: str, context: ToolContext) -> None:
    one, other = await ledger.add_transactions(
        user, [spent("1", merchant="Mart"), spent("2", "Shopping", merchant="Solo")]
    )
    assert (await suggestion(context, transaction_id=one))["status"] == "no_suggestion"
    assert (await suggestion(context, transaction_id=other))["current"] == "Shopping"


async def test_ambiguous_unknown_and_nothing_known_are_three_things(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add_transactions(user, [spent("1", merchant="Mart")] * 2 + [spent("9", description="SAM")])
    several = await suggestion(context, merchant="mart", amount="1")
    assert (several["status"], several["found"], len(several["candidates"])) == ("ambiguous", 2, 2)
    assert (await suggestion(context, amount="7"))["status"] == "unknown"
    assert (await suggestion(context, amount="9"))["status"] == "no_suggestion"
    assert (await suggestion(context, merchant="Nobody"))["status"] == "no_suggestion"
    with pytest.raises(ToolError, match="Say which transaction"):
        await suggestion(context)


async def test_nothing_is_learnt_from_another_user(
    ledger: Ledger, context: ToolContext, rows_of: Callable[[str], UserRows]
) -> None:
    other = str(uuid.uuid4())
    theirs = ToolContext(rows_of(other), TODAY)
    ids = await ledger.add_transactions(other, [spent("1", merchant="Deli")] * 3)
    for transaction in ids:
        await correct(theirs, transaction, "Education")
    await rule(theirs, "deli", "Shopping")
    assert (await suggestion(context, merchant="Deli"))["status"] == "no_suggestion"
    assert (await suggestion(context, transaction_id=ids[0])) == (
        await suggestion(context, transaction_id=uuid.uuid4())
    )


def test_nothing_known_is_no_suggestion() -> None:
    assert best_suggestion([]) is None
    late = dt.datetime(2025, 1, 1, tzinfo=UTC)
    assert best_suggestion([{"source": "correction", "category": "A", "matches": 1, "latest": late}]) is None
    assert best_suggestion([{"source": "history", "category": "Uncategorized", "matches": 9, "latest": late}]) is None


# Explain --------------------------------------------------------------------------------------------------------------


async def test_a_correction_explains_and_the_changes_are_listed(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    [one] = await ledger.add_transactions(user, [spent("1", merchant="Deli")])
    await correct(context, one, "Shopping")
    await correct(context, one, "Education")
    result = await explanation(context, transaction_id=one)
    assert (result["because"], result["category"]) == ("corrected", "Education")
    assert [(each["from_category"], each["to_category"]) for each in result["corrections"]] == [
        ("Shopping", "Education"),
        ("Groceries", "Shopping"),
    ]


async def test_a_rule_or_the_history_explains_what_fits_it(ledger: Ledger, user: str, context: ToolContext) -> None:
    one, two, _ = await ledger.add_transactions(user, [spent(n, merchant="Deli") for n in (1, 2, 3)])
    result = await explanation(context, transaction_id=one)
    assert (result["because"], result["evidence"]) == ("history", {"transactions": 2, "of": 2})
    await rule(context, "deli", "Groceries", match="equals")
    assert (await explanation(context, merchant="deli", amount="2"))["because"] == "rule"
    await rule(context, "deli", "Shopping", match="equals")
    result = await explanation(context, transaction_id=two)
    assert (result["because"], result["other_suggestion"]["category"]) == ("not_recorded", "Shopping")


async def test_what_nothing_explains_is_said_so(ledger: Ledger, user: str, context: ToolContext) -> None:
    [one] = await ledger.add_transactions(user, [spent("1", description="ZELLE SAM")])
    result = await explanation(context, transaction_id=one)
    assert (result["because"], result["source"], result["evidence"]) == ("not_recorded", "manual", {})


async def test_unknown_and_ambiguous_transactions_are_not_explained(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    [theirs] = await ledger.add_transactions(str(uuid.uuid4()), [spent("1")])
    await ledger.add_transactions(user, [spent("1", merchant="Deli")] * 9)
    nothing = {"summary": "I found no such transaction.", "status": "unknown", "found": 0}
    assert (await explanation(context, transaction_id=theirs)) == nothing
    several = await explanation(context, merchant="deli")
    assert (several["status"], several["found"], len(several["candidates"])) == ("ambiguous", 9, 8)
