"""What is entered, split and joined is exact: no sum but the categories' changes, and nothing happens that was not shown."""

import asyncio
import datetime as dt
import uuid
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from graph.tool import ToolContext, ToolError
from tests.support.ledgers import TODAY, Ledger, UserRows, earned, spent, transferred
from tools.add_transaction import AddTransaction, add_transaction, preview_add_transaction
from tools.split_transaction import SplitTransaction, preview_split_transaction, split_transaction
from tools.transaction_category_totals import TransactionCategoryTotals, transaction_category_totals
from tools.transactions_query import TransactionsQuery, transactions_query
from tools.undo_split import UndoSplit, preview_undo_split, undo_split


async def add(context: ToolContext, **arguments: Any) -> dict[str, Any]:
    return await add_transaction(AddTransaction(**{"currency": "USD"} | arguments), context)


async def split(context: ToolContext, parts: Iterable[tuple[Any, str]], **arguments: Any) -> dict[str, Any]:
    return await split_transaction(SplitTransaction(parts=as_parts(parts), **arguments), context)


async def join(context: ToolContext, **arguments: Any) -> dict[str, Any]:
    return await undo_split(UndoSplit(**arguments), context)


def as_parts(parts: Iterable[tuple[Any, str]]) -> list[dict[str, Any]]:
    return [{"amount": amount, "category": category} for amount, category in parts]


async def booked(context: ToolContext, **arguments: Any) -> dict[str, Any]:
    return await transactions_query(TransactionsQuery(**arguments), context)


async def by_category(context: ToolContext) -> dict[tuple[str, str, str], Decimal]:
    result = await transaction_category_totals(TransactionCategoryTotals(type="all"), context)
    return {(row["category"], row["type"], row["currency"]): Decimal(row["total"]) for row in result["categories"]}


# Enter ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type_", "category", "signed", "counts_as"),
    [
        ("expense", "Groceries", "-12.50", "expense"),
        ("expense", "Investments", "-12.50", "expense"),
        ("refund", "Groceries", "12.50", "expense"),
        ("income", None, "12.50", "income"),
        ("income", "Investments", "12.50", "income"),
    ],
)
async def test_what_is_entered_has_its_sign_and_counts_as_what_it_is(
    context: ToolContext, type_: str, category: str | None, signed: str, counts_as: str
) -> None:
    result = await add(context, amount="12.50", type=type_, category=category, merchant="Corner", description="cash")
    assert (result["transaction"]["amount"], result["type"]) == (signed, counts_as)
    [row] = (await booked(context))["transactions"]
    assert (row["date"], row["amount"], row["merchant"]) == ("2025-11-20", signed, "Corner")


@pytest.mark.parametrize(
    ("type_", "category", "words"),
    [
        ("income", "Groceries", "counts as a refund"),
        ("refund", "Income", "counts as income"),
        ("refund", None, "Ask for the category"),
        ("expense", "Income", "no category for spending"),
        ("expense", "Yachts", "no category of that name"),
    ],
)
async def test_a_category_that_does_not_fit_the_type_is_refused(
    context: ToolContext, type_: str, category: str | None, words: str
) -> None:
    with pytest.raises(ToolError, match=words):
        await add(context, amount="1", type=type_, category=category)
    assert (await booked(context))["status"] == "no_rows"


async def test_without_a_category_it_is_the_one_that_the_merchant_has(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add_transactions(user, [spent("4", "Meals & Dining", merchant="Deli")])
    known = await add(context, amount="5", type="expense", merchant="DELI")
    assert (known["transaction"]["category"], known["category_because"]) == ("Meals & Dining", "history")
    unknown = await add(context, amount="5", type="expense", merchant="Elsewhere")
    assert (unknown["transaction"]["category"], unknown["category_because"]) == ("Uncategorized", "nothing_known")


async def test_the_currency_is_given_or_the_accounts_or_of_other_rows_or_asked_for(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    with pytest.raises(ToolError, match="currency is not known"):
        await add(context, amount="1", type="expense", currency=None)
    await ledger.add_accounts(user, [{"name": "Maple", "type": "checking", "currency": "CAD"}])
    on_account = await add(context, amount="1", type="expense", account="maple", currency=None)
    assert on_account["transaction"]["currency"] == "CAD"
    without = await add(context, amount="2", type="expense", currency=None)
    assert without["transaction"]["currency"] == "CAD"


async def test_an_account_that_is_not_clear_is_asked_for(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_accounts(user, [{"name": "Card A", "type": "credit"}, {"name": "Card B", "type": "credit"}])
    await ledger.add_accounts(str(uuid.uuid4()), [{"name": "Theirs", "type": "credit"}])
    for name, words in (("card", "Several match"), ("Theirs", "No account matches")):
        with pytest.raises(ToolError, match=words):
            await add(context, amount="1", type="expense", account=name)


@pytest.mark.parametrize("day", ["2025-11-21", "1969-12-31"])
async def test_a_day_to_come_or_long_gone_is_refused(context: ToolContext, day: str) -> None:
    with pytest.raises(ToolError, match="must lie between"):
        await add(context, amount="1", type="expense", day=day)


@pytest.mark.parametrize("amount", ["0", "-1", "1.000000005", "1e12", "NaN"])
def test_an_amount_is_positive_and_of_some_decimals_at_most(amount: str) -> None:
    with pytest.raises(ValidationError):
        AddTransaction(amount=amount, type="expense")


async def test_a_preview_shows_the_row_and_enters_nothing(context: ToolContext) -> None:
    arguments = AddTransaction(amount="7", type="expense", merchant="Kiosk", currency="eur", day="2024-02-29")
    preview = await preview_add_transaction(arguments, context)
    assert preview["changes"] == [
        {
            "before": None,
            "after": {
                "date": "2024-02-29",
                "amount": "-7.00",
                "currency": "EUR",
                "merchant": "Kiosk",
                "description": "",
                "category": "Uncategorized",
                "account": None,
            },
        }
    ]
    assert (await booked(context))["status"] == "no_rows"
    await add_transaction(arguments, context)
    again = await preview_add_transaction(arguments, context)
    assert again["same_before"] == 1
    assert "1 like it on that day already" in again["summary"]


# Split ----------------------------------------------------------------------------------------------------------------


async def test_the_parts_add_up_to_what_was_booked_and_only_the_categories_change(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    [account] = await ledger.add_accounts(user, [{"name": "Card", "type": "credit"}])
    [whole, _] = await ledger.add_transactions(
        user, [spent("100.01", merchant="Mart", account_id=account), spent("3", merchant="Cafe")]
    )
    before = await booked(context)
    result = await split(
        context, [("60", "Groceries"), ("30.01", "shopping"), ("10", "Personal Care")], transaction_id=whole
    )
    assert result["before"]["amount"] == "-100.01"
    assert [(part["amount"], part["category"]) for part in result["parts"]] == [
        ("-60.00", "Groceries"),
        ("-30.01", "Shopping"),
        ("-10.00", "Personal Care"),
    ]
    after = await booked(context)
    assert after["matches"] == before["matches"] + 2
    assert after["totals"][0] | {"count": 2} == before["totals"][0]
    assert await by_category(context) == {
        ("Groceries", "expense", "USD"): Decimal(63),
        ("Shopping", "expense", "USD"): Decimal("30.01"),
        ("Personal Care", "expense", "USD"): Decimal(10),
    }
    assert {row["account"] for row in (await booked(context, merchant="mart"))["transactions"]} == {"Card"}


async def test_parts_that_do_not_add_up_change_nothing_and_say_what_is_missing(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    [whole] = await ledger.add_transactions(user, [spent("10")])
    for parts, words in (
        ([("5", "Groceries"), ("4.99", "Shopping")], "0.01 too little"),
        ([("5", "Groceries"), ("5.01", "Shopping")], "0.01 too much"),
    ):
        with pytest.raises(ToolError, match=words):
            await split(context, parts, transaction_id=whole)
    assert (await booked(context))["matches"] == 1


async def test_a_deposit_splits_with_its_sign_and_the_net_stays(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    [pay] = await ledger.add_transactions(user, [earned("1000")])
    await split(context, [("900", "Income"), ("100", "Business Expenses")], transaction_id=pay)
    [totals] = (await booked(context))["totals"]
    assert (totals["income"], totals["refunds"], totals["net"]) == ("900.00", "100.00", "1000.00")


async def test_what_is_split_or_a_transfer_is_not_split_again(ledger: Ledger, user: str, context: ToolContext) -> None:
    [whole, moved] = await ledger.add_transactions(user, [spent("10"), transferred("-7")])
    result = await split(context, [("5", "Groceries"), ("5", "Shopping")], transaction_id=whole)
    for part in result["parts"]:
        with pytest.raises(ToolError, match="split already"):
            await split(context, [("2", "Groceries"), ("3", "Shopping")], transaction_id=part["id"])
    with pytest.raises(ToolError, match="transfer"):
        await split(context, [("5", "Groceries"), ("2", "Shopping")], transaction_id=moved)


async def test_which_one_is_meant_must_be_clear(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(user, [spent("10", merchant="Mart")] * 2)
    [theirs] = await ledger.add_transactions(str(uuid.uuid4()), [spent("10", merchant="Secret")])
    parts = [("5", "Groceries"), ("5", "Shopping")]
    with pytest.raises(ToolError, match="Ambiguous: 2 transactions match"):
        await split(context, parts, merchant="mart", amount="10", day="2025-11-20")
    for unknown in (theirs, uuid.uuid4()):
        with pytest.raises(ToolError, match="Unknown: no such transaction"):
            await split(context, parts, transaction_id=unknown)
    with pytest.raises(ToolError, match="Say which transaction"):
        await split(context, parts)


async def test_a_split_is_undone_to_the_very_sums(ledger: Ledger, user: str, context: ToolContext) -> None:
    [whole] = await ledger.add_transactions(user, [spent("100", merchant="Mart")])
    before = await booked(context)
    result = await split(context, [("30", "Shopping"), ("70", "Groceries")], transaction_id=whole)
    joined = await join(context, transaction_id=result["parts"][1]["id"])
    assert (joined["after"]["id"], joined["after"]["category"]) == (str(whole), "Groceries")
    assert await booked(context) == before
    with pytest.raises(ToolError, match="not split"):
        await join(context, transaction_id=whole)


async def test_previews_show_parts_and_whole_and_change_nothing(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    [whole] = await ledger.add_transactions(user, [spent("9", merchant="Mart")])
    arguments = SplitTransaction(transaction_id=whole, parts=as_parts([("4", "Shopping"), ("5", "Groceries")]))
    preview = await preview_split_transaction(arguments, context)
    [change] = preview["changes"]
    assert preview["count"] == 2
    assert change["before"]["amount"] == "-9.00"
    assert [(part["amount"], part["category"]) for part in change["after"]] == [
        ("-4.00", "Shopping"),
        ("-5.00", "Groceries"),
    ]
    assert (await booked(context))["matches"] == 1
    await split_transaction(arguments, context)
    undo = await preview_undo_split(UndoSplit(transaction_id=whole, category="education"), context)
    assert undo["changes"][0]["after"]["amount"] == "-9.00"
    assert "in Education" in undo["summary"]
    assert (await booked(context))["matches"] == 2


async def test_deleting_what_was_split_deletes_its_parts(ledger: Ledger, user: str, context: ToolContext) -> None:
    [whole] = await ledger.add_transactions(user, [spent("9")])
    await split(context, [("4", "Shopping"), ("5", "Groceries")], transaction_id=whole)
    await ledger.delete(user, whole)
    assert (await booked(context))["status"] == "no_rows"


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    cents=st.lists(st.integers(1, 10**9), min_size=2, max_size=20),
    sign=st.sampled_from([-1, 1]),
    names=st.lists(st.sampled_from(["Groceries", "Shopping", "Income", "Uncategorized"]), min_size=20, max_size=20),
    data=st.data(),
)
def test_splitting_and_joining_lose_no_cent(
    database_url: str, cents: list[int], sign: int, names: list[str], data: st.DataObject
) -> None:
    async def there_and_back() -> None:
        user = str(uuid.uuid4())
        context = ToolContext(UserRows(database_url, user), TODAY)
        amounts = [Decimal(each).scaleb(-2) for each in cents]
        [whole] = await Ledger(database_url).add_transactions(user, [{"amount": sign * sum(amounts)}])
        net = [(row["net"], row["currency"]) for row in (await booked(context))["totals"]]
        result = await split(context, list(zip(amounts, names, strict=False)), transaction_id=whole)
        assert sum(Decimal(part["amount"]) for part in result["parts"]) == sign * sum(amounts)
        assert [(row["net"], row["currency"]) for row in (await booked(context))["totals"]] == net
        joined = await join(context, transaction_id=data.draw(st.sampled_from(result["parts"]))["id"])
        assert Decimal(joined["after"]["amount"]) == sign * sum(amounts)

    asyncio.run(there_and_back())


def test_an_empty_day_is_today() -> None:
    assert AddTransaction(amount="1", type="expense", day=" ").day is None
    assert AddTransaction(amount="1", type="expense", day="2024-02-29").day == dt.date(2024, 2, 29)
