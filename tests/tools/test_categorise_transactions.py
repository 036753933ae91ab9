"""Categories change where it was asked for and nowhere else, and each change is remembered."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from graph.tool import ToolContext, ToolError
from tests.support.ledgers import Ledger, UserRows, spent
from tools.bulk_recategorise import BulkRecategorise, bulk_recategorise, preview_bulk_recategorise
from tools.categorise_transaction import CategoriseTransaction, categorise_transaction, preview_categorise_transaction
from tools.create_category import CreateCategory, create_category, preview_create_category, slugify
from tools.transactions_query import TransactionsQuery, transactions_query


async def categorise(context: ToolContext, category: str, **which: Any) -> dict[str, Any]:
    return await categorise_transaction(CategoriseTransaction(category=category, **which), context)


async def bulk(context: ToolContext, category: str, **filters: Any) -> dict[str, Any]:
    return await bulk_recategorise(BulkRecategorise(category=category, **filters), context)


async def create(context: ToolContext, name: str) -> dict[str, Any]:
    return await create_category(CreateCategory(name=name), context)


async def categories(context: ToolContext) -> dict[str, str]:
    rows = (await transactions_query(TransactionsQuery(limit=100), context))["transactions"]
    return {row["id"]: row["category"] for row in rows}


async def corrections(context: ToolContext, transaction: uuid.UUID) -> list[dict[str, Any]]:
    return await context.rows.fetch("category_corrections", id=transaction, limit=5)


# One ------------------------------------------------------------------------------------------------------------------


async def test_one_transaction_moves_and_the_correction_is_recorded(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    one, other = await ledger.add_transactions(user, [spent("5", merchant="Deli")] * 2)
    result = await categorise(context, "meals & dining", transaction_id=one)
    assert (result["before"]["category"], result["after"]["category"]) == ("Groceries", "Meals & Dining")
    assert result["type"] == "expense"
    assert await categories(context) == {str(one): "Meals & Dining", str(other): "Groceries"}
    [correction] = await corrections(context, one)
    assert (correction["category_before"], correction["category"]) == ("Groceries", "Meals & Dining")
    assert await corrections(context, other) == []


async def test_one_is_found_by_merchant_amount_and_day(ledger: Ledger, user: str, context: ToolContext) -> None:
    [wanted, *_] = await ledger.add_transactions(
        user,
        [spent("5.25", merchant="Corner Deli"), spent("5.26", merchant="Corner Deli"), spent("5.25", merchant="Kiosk")],
    )
    result = await categorise(context, "Shopping", merchant="corner", amount="5.25", day="2025-11-20")
    assert result["after"]["id"] == str(wanted)


async def test_several_that_match_are_listed_and_none_is_changed(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    ids = await ledger.add_transactions(user, [spent("5", merchant="Deli")] * 3)
    with pytest.raises(ToolError, match="Ambiguous: 3 transactions match") as fault:
        await categorise(context, "Shopping", merchant="deli")
    assert all(str(each) in str(fault.value) for each in ids)
    assert set((await categories(context)).values()) == {"Groceries"}


async def test_unknown_ids_and_another_users_are_the_same(ledger: Ledger, context: ToolContext) -> None:
    [theirs] = await ledger.add_transactions(str(uuid.uuid4()), [spent("5", merchant="Secret")])
    for which in ({"transaction_id": theirs}, {"transaction_id": uuid.uuid4()}, {"merchant": "Secret"}):
        with pytest.raises(ToolError, match="Unknown: no such transaction"):
            await categorise(context, "Shopping", **which)
    with pytest.raises(ValidationError):
        CategoriseTransaction(category="Shopping", transaction_id="1 or 1=1")


async def test_nothing_to_change_is_said(ledger: Ledger, user: str, context: ToolContext) -> None:
    [one] = await ledger.add_transactions(user, [spent("5")])
    with pytest.raises(ToolError, match="already"):
        await categorise(context, "groceries", transaction_id=one)
    with pytest.raises(ToolError, match="no category of that name"):
        await categorise(context, "Yachts", transaction_id=one)
    with pytest.raises(ToolError, match="Say which transaction"):
        await categorise(context, "Shopping")


async def test_a_preview_shows_before_and_after_and_changes_nothing(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    [one] = await ledger.add_transactions(user, [spent("5", merchant="Deli")])
    arguments = CategoriseTransaction(category="Shopping", transaction_id=one)
    preview = await preview_categorise_transaction(arguments, context)
    [change] = preview["changes"]
    assert (change["before"]["category"], change["after"]["category"], preview["count"]) == ("Groceries", "Shopping", 1)
    assert change["before"] | {"category": "Shopping"} == change["after"]
    assert await categories(context) == {str(one): "Groceries"}


# Many -----------------------------------------------------------------------------------------------------------------


async def test_all_that_match_move_and_nothing_else(ledger: Ledger, user: str, context: ToolContext) -> None:
    moved = await ledger.add_transactions(
        user, [spent("5.10", merchant="Corner DELI")] * 3 + [spent("1", merchant="deli", currency="CAD")]
    )
    stay = await ledger.add_transactions(user, [spent("5", merchant="Kiosk"), spent("5", "Shopping", merchant="Deli")])
    result = await bulk(context, "Shopping", merchant="deli")
    assert result["count"] == 4
    assert result["changed"] == [
        {"from_category": "Groceries", "currency": "CAD", "count": 1, "amount": "-1.00"},
        {"from_category": "Groceries", "currency": "USD", "count": 3, "amount": "-15.30"},
    ]
    after = await categories(context)
    assert {after[str(each)] for each in moved} == {"Shopping"}
    assert [after[str(each)] for each in stay] == ["Groceries", "Shopping"]
    assert [len(await corrections(context, each)) for each in (*moved, *stay)] == [1, 1, 1, 1, 0, 0]


@pytest.mark.parametrize(
    "filters",
    [
        {"from_category": "groceries"},
        {"description": "pos 7"},
        {"merchant": "A", "start_date": "2025-11-20", "end_date": "2025-11-20"},
        {"merchant": "A", "min_amount": "5", "max_amount": "5"},
    ],
)
async def test_each_filter_narrows(ledger: Ledger, user: str, context: ToolContext, filters: dict[str, Any]) -> None:
    wanted, _ = await ledger.add_transactions(
        user, [spent("5", merchant="A", description="POS 7"), spent("50", "Education", on="2025-11-19", merchant="A")]
    )
    assert (await bulk(context, "Shopping", **filters))["count"] == 1
    assert (await categories(context))[str(wanted)] == "Shopping"


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ({}, "Say which transactions"),
        ({"start_date": "2025-01-01"}, "Say which transactions"),
        ({"merchant": "nobody"}, "nothing is to be changed"),
        ({"merchant": "%"}, "nothing is to be changed"),
        ({"merchant": "A", "start_date": "2025-02-02", "end_date": "2025-02-01"}, "before it starts"),
        ({"merchant": "A", "min_amount": "2", "max_amount": "1"}, "below min_amount"),
        ({"from_category": "Yachts"}, "no category of that name"),
    ],
)
async def test_what_names_nothing_is_refused(
    ledger: Ledger, user: str, context: ToolContext, filters: dict[str, Any], words: str
) -> None:
    await ledger.add_transactions(user, [spent("5", merchant="A")])
    with pytest.raises(ToolError, match=words):
        await bulk(context, "Shopping", **filters)
    assert set((await categories(context)).values()) == {"Groceries"}


async def test_more_than_five_hundred_are_refused_with_their_count(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add_transactions(user, [spent("5", merchant="A")] * 501)
    with pytest.raises(ToolError, match="501 transactions match; at most 500"):
        await bulk(context, "Shopping", merchant="A")
    assert set((await categories(context)).values()) == {"Groceries"}


async def test_a_preview_counts_all_and_shows_the_first(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(user, [spent("5", merchant="A")] * 12)
    preview = await preview_bulk_recategorise(BulkRecategorise(category="shopping", merchant="a"), context)
    assert (preview["count"], len(preview["changes"])) == (12, 10)
    assert preview["summary"] == "Move 12 transactions to Shopping."
    assert preview["filters"] == {"category": "Shopping", "merchant_contains": "a"}
    assert set((await categories(context)).values()) == {"Groceries"}


async def test_another_users_transactions_stay(
    ledger: Ledger, context: ToolContext, rows_of: Callable[[str], UserRows]
) -> None:
    other = str(uuid.uuid4())
    [theirs] = await ledger.add_transactions(other, [spent("5", merchant="A")])
    with pytest.raises(ToolError, match="nothing is to be changed"):
        await bulk(context, "Shopping", merchant="A")
    [row] = await rows_of(other).fetch("transaction_by_id", id=theirs)
    assert row["category"] == "Groceries"


# Categories -----------------------------------------------------------------------------------------------------------


async def test_a_category_is_made_and_can_be_used_at_once(ledger: Ledger, user: str, context: ToolContext) -> None:
    [one] = await ledger.add_transactions(user, [spent("5")])
    assert await create(context, "  Pets   & Vets ") == {
        "summary": "The category Pets & Vets is created.",
        "status": "created",
        "name": "Pets & Vets",
    }
    assert (await categorise(context, "pets & vets", transaction_id=one))["after"]["category"] == "Pets & Vets"


@pytest.mark.parametrize("name", ["groceries", "PETS", "Pets"])
async def test_a_name_that_is_there_is_not_made_again(context: ToolContext, name: str) -> None:
    await create(context, "Pets")
    with pytest.raises(ToolError, match="already"):
        await create(context, name)


async def test_names_in_any_script_and_alike_ones_have_slugs_of_their_own(context: ToolContext) -> None:
    for name in ("Haustiere", "ペット", "Pets!", "Pets?", "Pets", "🐶"):
        assert (await create(context, name))["name"] == name


def test_a_slug_is_made_of_what_can_stand_in_an_address() -> None:
    assert slugify("Café & Bäckerei 24") == "cafe-backerei-24"
    assert slugify("ペット") == slugify("ペット") != slugify("猫")
    assert slugify("ペット").startswith("category-")


async def test_a_category_is_shown_before_it_is_made(context: ToolContext) -> None:
    preview = await preview_create_category(CreateCategory(name="Pets"), context)
    assert preview["changes"] == [{"before": None, "after": {"name": "Pets"}}]
    assert "Pets" not in {row["name"] for row in await context.rows.fetch("categories")}


async def test_a_hundred_categories_are_enough(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_categories(user, [f"C{number}" for number in range(100)])
    with pytest.raises(ToolError, match="no more can be made"):
        await create(context, "Pets")
