import datetime as dt
import random
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from graph.tool import ToolContext, ToolError
from tests.support.ledgers import Ledger, UserRows, earned, refunded, spent, transferred
from tools.transactions_query import TransactionsQuery, transactions_query


async def call(context: ToolContext, **arguments: Any) -> dict[str, Any]:
    return await transactions_query(TransactionsQuery(**arguments), context)


def amounts(result: dict[str, Any]) -> list[str]:
    return [row["amount"] for row in result["transactions"]]


async def test_newest_first_with_signs_and_cents(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(
        user,
        [
            spent("12.5", on=dt.date(2025, 3, 1), merchant="Greenleaf", description="POS 1"),
            earned("2000", on=dt.date(2025, 3, 2)),
        ],
    )
    result = await call(context)
    assert amounts(result) == ["2000.00", "-12.50"]
    newest, oldest = result["transactions"]
    assert newest["type"] == "income"
    assert (
        oldest.items()
        >= {
            "date": "2025-03-01",
            "currency": "USD",
            "merchant": "Greenleaf",
            "description": "POS 1",
            "category": "Groceries",
            "type": "expense",
            "account": None,
        }.items()
    )


async def test_totals_cover_every_match_and_not_the_page(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(user, [spent("1.10")] * 7)
    result = await call(context, limit=2)
    assert (result["matches"], result["shown"], result["next_offset"]) == (7, 2, 2)
    assert result["totals"][0]["spent_gross"] == "7.70"
    assert result["totals"][0]["count"] == 7


async def test_a_refund_lowers_what_was_spent_and_is_no_income(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(user, [spent("50"), refunded("20"), spent("5")])
    [totals] = (await call(context, type="expense"))["totals"]
    assert totals == {
        "currency": "USD",
        "count": 3,
        "income": "0.00",
        "spent_gross": "55.00",
        "refunds": "20.00",
        "spent_net": "35.00",
        "net": "-35.00",
        "transfers": "0.00",
    }


async def test_a_transfer_is_neither_income_nor_spending(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(
        user, [transferred("-400", "Investments"), transferred("400", "Investments"), spent("3")]
    )
    [totals] = (await call(context))["totals"]
    assert (totals["spent_net"], totals["income"], totals["transfers"]) == ("3.00", "0.00", "0.00")
    assert len((await call(context, type="transfer"))["transactions"]) == 2


async def test_an_uncategorized_deposit_is_income_and_not_a_refund(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add_transactions(user, [earned("75", "Uncategorized")])
    [totals] = (await call(context))["totals"]
    assert (totals["income"], totals["refunds"]) == ("75.00", "0.00")


async def test_currencies_are_never_added_together(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(user, [spent("10"), spent("10", currency="CAD")])
    totals = (await call(context))["totals"]
    assert [(entry["currency"], entry["spent_net"]) for entry in totals] == [("CAD", "10.00"), ("USD", "10.00")]


async def test_a_currency_that_is_not_on_the_page_is_in_the_totals(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    old = dt.date(2025, 1, 1)
    await ledger.add_transactions(user, [spent("1"), spent("2", on=old, currency="CAD")])
    result = await call(context, limit=1)
    assert amounts(result) == ["-1.00"]
    assert [entry["currency"] for entry in result["totals"]] == ["CAD", "USD"]


async def test_pages_show_each_match_once(ledger: Ledger, user: str, context: ToolContext) -> None:
    ids = await ledger.add_transactions(user, [spent("1")] * 23)
    seen, offset = [], 0
    while offset is not None:
        page = await call(context, limit=5, offset=offset)
        seen += [row["id"] for row in page["transactions"]]
        offset = page["next_offset"]
    assert sorted(seen) == sorted(map(str, ids))


async def test_a_page_past_the_end_is_empty_but_the_totals_stay(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add_transactions(user, [spent("1")])
    result = await call(context, offset=10)
    assert (result["status"], result["matches"], result["shown"], result["next_offset"]) == ("ok", 1, 0, None)


async def test_no_rows_says_so_with_its_filters(context: ToolContext) -> None:
    result = await call(context, category="groceries", start_date="2025-01-01", min_amount="5")
    assert result == {
        "summary": "I found no transactions on Groceries in amounts of at least 5 since January 1.",
        "status": "no_rows",
        "matches": 0,
        "shown": 0,
        "next_offset": None,
        "totals": [],
        "transactions": [],
        "filters": {"start_date": "2025-01-01", "type": "all", "categories": ["Groceries"], "min_amount": "5"},
    }


async def test_both_days_of_a_period_belong_to_it(ledger: Ledger, user: str, context: ToolContext) -> None:
    days = [dt.date(2025, 3, day) for day in (1, 2, 3, 4)]
    await ledger.add_transactions(user, [spent(day.day, on=day) for day in days])
    assert amounts(await call(context, start_date="2025-03-02", end_date="2025-03-03")) == ["-3.00", "-2.00"]


async def test_amount_limits_ignore_the_sign(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(user, [{"amount": a} for a in ("-99.99", "-100", "100", "150.01", "-150")])
    result = await call(context, min_amount=100, max_amount=150)
    assert sorted(amounts(result)) == ["-100.00", "-150.00", "100.00"]


async def test_a_merchant_is_found_by_a_part_in_any_case(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(user, [spent("1", merchant="Blue Kettle Coffee"), spent("2")])
    assert amounts(await call(context, merchant="kettle")) == ["-1.00"]


@pytest.mark.parametrize("wildcard", ["%", "_", "\\", "100%_"])
async def test_wildcards_in_a_merchant_are_plain_characters(
    ledger: Ledger, user: str, context: ToolContext, wildcard: str
) -> None:
    await ledger.add_transactions(user, [spent("1", merchant="Plain"), spent("2", merchant=f"Odd {wildcard} shop")])
    assert amounts(await call(context, merchant=wildcard)) == ["-2.00"]


async def test_a_nul_in_a_merchant_does_not_break_the_query(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(user, [spent("1", merchant="Plain")])
    assert amounts(await call(context, merchant="Pla\0in")) == ["-1.00"]


async def test_a_person_is_found_in_the_description(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(user, [spent("1", description="E-TRANSFER TO MARIA KELLER"), spent("2")])
    assert amounts(await call(context, description="maria keller")) == ["-1.00"]


async def test_categories_add_up_and_their_case_does_not_matter(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add_categories(user, ["Pets"])
    await ledger.add_transactions(user, [spent("1", "Pets"), spent("2", "Meals & Dining"), spent("3")])
    result = await call(context, category="PETS", categories=["meals & dining"])
    assert sorted(amounts(result)) == ["-1.00", "-2.00"]
    assert result["filters"]["categories"] == ["Pets", "Meals & Dining"]


async def test_an_unknown_category_is_a_fault_that_names_the_valid_ones_and_no_input(
    ledger: Ledger, context: ToolContext
) -> None:
    await ledger.add_categories(str(uuid.uuid4()), ["Yachts"])
    with pytest.raises(ToolError, match="Meals & Dining") as fault:
        await call(context, category="Yachts")
    assert "Yachts" not in str(fault.value)


async def test_an_account_is_found_by_name_part_or_last_digits(ledger: Ledger, user: str, context: ToolContext) -> None:
    main, joint = await ledger.add_accounts(
        user,
        [
            {"name": "Checking", "type": "checking", "number_last4": "4417"},
            {"name": "Joint Checking", "type": "checking"},
        ],
    )
    await ledger.add_transactions(user, [spent("1", account_id=main), spent("2", account_id=joint)])
    assert amounts(await call(context, account="checking")) == ["-1.00"]
    assert amounts(await call(context, account="joint")) == ["-2.00"]
    assert amounts(await call(context, account="4417")) == ["-1.00"]
    assert (await call(context, account="check"))["filters"]["accounts"] == ["Checking", "Joint Checking"]


async def test_an_unknown_account_is_a_fault_that_names_the_accounts(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    with pytest.raises(ToolError, match="no accounts yet"):
        await call(context, account="gold")
    await ledger.add_accounts(user, [{"name": "Checking", "type": "checking"}])
    with pytest.raises(ToolError, match=r"the user has: Checking\."):
        await call(context, account="gold")


@pytest.mark.parametrize(
    "arguments",
    [
        {"start_date": "2025-02-02", "end_date": "2025-02-01"},
        {"min_amount": 2, "max_amount": 1},
    ],
)
async def test_limits_the_wrong_way_round_are_a_fault(context: ToolContext, arguments: dict[str, Any]) -> None:
    with pytest.raises(ToolError):
        await call(context, **arguments)


@pytest.mark.parametrize(
    "arguments", [{"limit": 101}, {"limit": 0}, {"offset": -1}, {"min_amount": "NaN"}, {"user_id": "x"}]
)
async def test_arguments_out_of_range_or_unknown_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TransactionsQuery(**arguments)


async def test_blank_and_null_arguments_count_as_not_given() -> None:
    assert TransactionsQuery(merchant="  ", category="", limit=None, type=None) == TransactionsQuery()


async def test_nobody_elses_rows_are_seen(
    ledger: Ledger, user: str, rows_of: Callable[[str], UserRows], context: ToolContext
) -> None:
    await ledger.add_transactions(user, [spent("1")])
    stranger = ToolContext(rows=rows_of(str(uuid.uuid4())), today=context.today)
    assert (await call(stranger))["status"] == "no_rows"


@pytest.mark.parametrize("seed", range(12))
async def test_totals_equal_a_sum_in_python_to_the_cent(
    ledger: Ledger, user: str, context: ToolContext, seed: int
) -> None:
    chance = random.Random(seed)
    rows = [random_row(chance) for _ in range(chance.randint(1, 80))]
    await ledger.add_transactions(user, rows)
    for _ in range(6):
        filters = random_filters(chance)
        result = await call(context, **filters, limit=chance.randint(1, 100))
        matching = [row for row in rows if matches(row, filters)]
        assert result["matches"] == len(matching)
        assert {entry["currency"]: entry for entry in result["totals"]} == expected_totals(matching)


def random_row(chance: random.Random) -> dict[str, Any]:
    amount = Decimal(chance.randint(-999_999, 99_999) or 1).scaleb(-2)
    return {
        "amount": amount,
        "currency": chance.choice(["USD", "CAD"]),
        "category": chance.choice(["Groceries", "Shopping", "Income", "Investments", "Uncategorized"]),
        "merchant": chance.choice([None, "Parcelway", "Greenleaf Market", "50% Off_Shop"]),
        "is_transfer": chance.random() < 0.15,
        "posted_at": dt.date(2025, 1, 1) + dt.timedelta(days=chance.randrange(60)),
    }


def random_filters(chance: random.Random) -> dict[str, Any]:
    start = dt.date(2025, 1, 1) + dt.timedelta(days=chance.randrange(40))
    every = {
        "start_date": start,
        "end_date": start + dt.timedelta(days=chance.randrange(40)),
        "categories": chance.sample(["Groceries", "Shopping", "Income", "Investments"], 2),
        "type": chance.choice(["expense", "income", "transfer", "all"]),
        "min_amount": Decimal(chance.randrange(300_000)).scaleb(-2),
        "merchant": chance.choice(["parcel", "%", "market"]),
    }
    return {name: every[name] for name in sorted(every) if chance.random() < 0.35}


def flow(row: dict[str, Any]) -> str:
    if row["is_transfer"]:
        return "transfer"
    by_sign = row["category"] in ("Investments", "Uncategorized") and row["amount"] > 0
    return "income" if row["category"] == "Income" or by_sign else "expense"


def matches(row: dict[str, Any], filters: dict[str, Any]) -> bool:
    return (
        filters.get("start_date", dt.date.min) <= row["posted_at"] <= filters.get("end_date", dt.date.max)
        and row["category"] in filters.get("categories", [row["category"]])
        and filters.get("type", "all") in ("all", flow(row))
        and abs(row["amount"]) >= filters.get("min_amount", 0)
        and filters.get("merchant", "") in (row["merchant"] or "").lower()
    )


def expected_totals(rows: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    return {currency: expected([row for row in rows if row["currency"] == currency]) for currency in currencies(rows)}


def currencies(rows: list[dict[str, Any]]) -> set[str]:
    return {row["currency"] for row in rows}


def expected(rows: list[dict[str, Any]]) -> dict[str, str]:
    def total(kind: str, sign: int = 0) -> Decimal:
        chosen = [r["amount"] for r in rows if flow(r) == kind and (not sign or (r["amount"] > 0) == (sign > 0))]
        return sum(chosen, Decimal())

    gross, refunds = -total("expense", -1), total("expense", +1)
    income = total("income")
    values = {
        "income": income,
        "spent_gross": gross,
        "refunds": refunds,
        "spent_net": gross - refunds,
        "net": income - gross + refunds,
        "transfers": total("transfer"),
    }
    return {name: f"{value:.2f}" for name, value in values.items()} | {
        "currency": rows[0]["currency"],
        "count": len(rows),
    }
