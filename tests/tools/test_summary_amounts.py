"""No amount stands in a summary that is not in its result, to the cent: every tool, over random ledgers."""

import asyncio
import re
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from psycopg.rows import dict_row

from graph.tool import DISPLAY, SUMMARY, ToolContext, ToolError
from graph.values.profile import Profile
from tests.support.fakes.ports import FakeFiles
from tests.support.ledgers import DEFAULTS, INSERT, set_claims
from tests.support.random_ledgers import BOOKS, CURRENCIES, DECIMALS, SPENDING, Book, OpenRows, stored_rows
from tests.support.tool_calls import NEWEST_PURCHASE, calls
from tools.catalog import CATALOG, by_name

DUTIES: Mapping[str, Any] = yaml.safe_load((Path(__file__).parent.parent / "replay" / "duties.yaml").read_text("utf-8"))
ARGUMENTS: Mapping[str, Any] = {name: arguments for name, arguments in DUTIES.items() if arguments is not None}
DRAWN = {name for name in ARGUMENTS if name.startswith(("chart_", "monthly_", "export_"))}
"""Tools that make a file, which takes longer."""
BULK = {"bulk_recategorise": {"from_category": "Groceries", "category": "Shopping"}}
TURNING = {"delegate_to_employee", "handoff_to_employee"}
"""They repeat what a colleague says."""

MONEY = re.compile(r"(?:[A-Z]{1,2}\$|[$€£¥]|[A-Z]{3}\u00a0)(\d[\d,]*(?:\.\d+)?)")
PERCENT = re.compile(r"(?<!Mart )(?<!\d)(\d[\d,]*(?:\.\d+)?)%")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def amounts_said(summary: str) -> list[str]:
    return [amount.replace(",", "") for amount in MONEY.findall(summary)]


def numbers_in(value: Any) -> Iterator[str]:
    """The texts of a result that are numbers, without their signs."""
    match value:
        case dict():
            for name, item in value.items():
                if name not in (SUMMARY, DISPLAY):
                    yield from numbers_in(item)
        case list():
            for item in value:
                yield from numbers_in(item)
        case str() if NUMBER.fullmatch(value):
            yield value.lstrip("-")


def check_summary(result: Mapping[str, Any], compared: Counter[str], name: str) -> None:
    known = set(numbers_in(dict(result)))
    said = amounts_said(result[SUMMARY])
    assert [amount for amount in said if amount not in known] == [], (name, result[SUMMARY])
    values = {Decimal(number) for number in known}
    percents = [Decimal(percent.replace(",", "")) for percent in PERCENT.findall(result[SUMMARY])]
    assert [percent for percent in percents if percent not in values] == [], (name, result[SUMMARY])
    compared[name] += len(said)


def test_an_amount_that_is_not_in_the_result_is_noticed() -> None:
    result = {SUMMARY: "You spent $1,234.50 and CA$7.00, 12.5% more.", "spent": "-1234.50", "percent": "12.5"}
    with pytest.raises(AssertionError, match="CA"):
        check_summary(result, Counter(), "x")
    check_summary({**result, "rows": [{"spent": "7.00"}]}, Counter(), "x")


# Random plans ---------------------------------------------------------------------------------------------------------


def amounts(currency: str, smallest: int = 1) -> st.SearchStrategy[Decimal]:
    return st.integers(smallest, 10**8).map(lambda cents: Decimal(cents).scaleb(-DECIMALS[currency]))


@dataclass(frozen=True, slots=True)
class Plans:
    """What a user has beside transactions: rows by table."""

    rows: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)


@st.composite
def plans(draw: st.DrawFn) -> Plans:
    def several(most: int) -> range:
        return range(draw(st.integers(0, most)))

    def money(smallest: int = 1) -> dict[str, Any]:
        currency = draw(st.sampled_from(CURRENCIES))
        return {"currency": currency, "amount": draw(amounts(currency, smallest))}

    def priced(column: str, **others: Any) -> dict[str, Any]:
        row = money()
        return {"currency": row["currency"], column: row["amount"], **others}

    rates = st.integers(0, 3000).map(lambda rate: Decimal(rate).scaleb(-2))
    days = st.dates(min_value=DEFAULTS["debts"]["as_of"].replace(year=2023), max_value=DEFAULTS["debts"]["as_of"])
    return Plans(
        {
            "budgets": [priced("monthly_amount", category=SPENDING[number]) for number in several(3)],
            "goals": [
                priced("target_amount", name=f"Goal {number}", target_date=draw(st.none() | days))
                for number in several(3)
            ],
            "debts": [
                priced(
                    "balance",
                    name=f"Debt {number}",
                    annual_rate_percent=draw(rates),
                    minimum_payment=draw(st.integers(0, 90)),
                )
                for number in several(3)
            ],
            "accounts": [
                {
                    **priced("balance", name=f"Purse {number}", type=draw(st.sampled_from(["checking", "credit"]))),
                    "balance_as_of": draw(days),
                }
                for number in several(3)
            ],
        }
    )


# Every tool -----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Household:
    """One random user, in a transaction that is rolled back."""

    connection: psycopg.AsyncConnection[Any]
    compared: Counter[str] = field(default_factory=Counter)

    async def check(self, book: Book, planned: Plans, drawn: bool) -> None:
        user = str(uuid.uuid4())
        async with self.connection.transaction(force_rollback=True):
            await set_claims(self.connection, user)
            await self._store(book, planned, user)
            context = ToolContext(OpenRows(self.connection), book.today, FakeFiles(), profile=Profile(currency="USD"))
            for name, arguments in ARGUMENTS.items():
                if drawn or name not in DRAWN:
                    await self._call(name, arguments, context)
            cursor = await self.connection.execute(NEWEST_PURCHASE, (user,))
            if purchase := await cursor.fetchone():
                for name, arguments in (dict(calls(purchase, book.today)) | BULK).items():
                    await self._call(name, arguments, context)

    async def _call(self, name: str, arguments: Mapping[str, Any], context: ToolContext) -> None:
        tool = by_name()[name]
        try:
            result = await tool.function(tool.arguments.model_validate(arguments), context)
        except ToolError:
            return
        check_summary(result, self.compared, name)

    async def _store(self, book: Book, planned: Plans, user: str) -> None:
        accounts = [uuid.uuid4(), uuid.uuid4()]
        async with self.connection.cursor() as cursor:
            for number, account in enumerate(accounts):
                row = {"id": account, "user_id": user, "name": f"Account {number}", "type": "checking"}
                await cursor.execute(INSERT["accounts"], DEFAULTS["accounts"] | row)
            await cursor.executemany(INSERT["transactions"], list(stored_rows(book, user, accounts)))
            for table, rows in planned.rows.items():
                for row in rows:
                    await cursor.execute(INSERT[table], {"id": uuid.uuid4(), "user_id": user} | DEFAULTS[table] | row)


@pytest.fixture
def household(database_url: str) -> Iterator[tuple[Household, asyncio.Runner]]:
    with asyncio.Runner() as runner:
        connection = runner.run(psycopg.AsyncConnection.connect(database_url, row_factory=dict_row))
        yield Household(connection), runner
        runner.run(connection.close())


def test_no_summary_says_an_amount_that_its_result_has_not(household: tuple[Household, asyncio.Runner]) -> None:
    user, runner = household
    for count, drawn in ((24, False), (4, True)):

        @settings(
            max_examples=count,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
        @given(BOOKS, plans(), st.just(drawn))
        def one(book: Book, planned: Plans, with_files: bool) -> None:
            runner.run(user.check(book, planned, with_files))

        one()
    assert set(user.compared) >= {tool.name for tool in CATALOG} - TURNING
    assert sum(user.compared.values()) > 500
