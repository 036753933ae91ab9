"""A database of the version before has its amounts unchanged, and room for smaller ones."""

import asyncio
import uuid
from decimal import Decimal

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from graph.adapters.postgres.embedded import EmbeddedPostgres
from migrations.runner import migrate, read_migrations

WIDER = "minor_units.sql"

ROWS = (
    ("accounts", "name, type, balance, balance_as_of, currency", "'a', 'checking', {amount}, current_date, 'USD'"),
    ("transactions", "posted_at, amount, currency, category", "'2025-01-01', -{amount}, 'USD', 'Groceries'"),
    ("transactions", "posted_at, amount, currency, category", "'2025-01-02', {amount}, 'JPY', 'Uncategorized'"),
    ("transactions", "posted_at, amount, currency, is_transfer", "'2025-01-03', {amount}, 'EUR', true"),
    ("budgets", "category, monthly_amount, currency", "'Groceries', {amount}, 'USD'"),
    ("goals", "name, target_amount, current_amount, currency", "'g', {amount}, {amount}, 'USD'"),
    (
        "debts",
        "name, kind, balance, currency, annual_rate_percent, minimum_payment, as_of",
        "'d', 'other', {amount}, 'USD', 1, {amount}, current_date",
    ),
)
MONEY = ("accounts", "transactions", "budgets", "goals", "debts")
COLUMNS = {"balance", "amount", "monthly_amount", "target_amount", "current_amount", "minimum_payment"}
AMOUNT = "999999999999.99"


@pytest.fixture
def former(cluster: EmbeddedPostgres) -> str:
    """The administrator's address of a database of the version before, with rows."""
    name = f"former_{uuid.uuid4().hex}"
    cluster.create_database(name)
    address = cluster.admin_url(name)
    files = [each.name for each in read_migrations()]
    place = next(number for number, file in enumerate(files) if file.endswith(WIDER))
    asyncio.run(migrate(address, read_migrations()[:place]))
    with psycopg.connect(address, autocommit=True) as connection:
        for table, columns, values in ROWS:
            filled = values.format(amount=AMOUNT)
            query = sql.SQL(f"insert into {{}} (user_id, {columns}) values (%s, {filled})")  # noqa: S608 -- texts of ours
            connection.execute(query.format(sql.Identifier(table)), (uuid.UUID(int=7),))
    return address


def contents(address: str) -> dict[str, list[dict[str, object]]]:
    """All rows, in an order that is the same each time."""
    with psycopg.connect(address, autocommit=True, row_factory=dict_row) as connection:
        query = "select * from {} order by created_at"
        return {table: connection.execute(sql.SQL(query).format(sql.Identifier(table))).fetchall() for table in MONEY}


def test_rows_of_the_version_before_are_unchanged(former: str) -> None:
    before = contents(former)
    asyncio.run(migrate(former, read_migrations()))
    after = contents(former)
    assert after == before
    assert {row["flow"] for row in after["transactions"]} == {"expense", "income", "transfer"}
    amounts = [value for rows in after.values() for row in rows for name, value in row.items() if name in COLUMNS]
    assert {abs(Decimal(str(value))) for value in amounts} == {Decimal(AMOUNT)}


def test_every_column_of_money_has_room_for_four_decimals(former: str) -> None:
    asyncio.run(migrate(former, read_migrations()))
    with psycopg.connect(former, autocommit=True) as connection:
        scales = connection.execute(
            "select column_name, numeric_precision, numeric_scale from information_schema.columns "
            "where table_name = any (%s) and data_type = 'numeric' and column_name = any (%s)",
            (list(MONEY), sorted(COLUMNS)),
        ).fetchall()
    assert len(scales) == 7
    assert {scale[1:] for scale in scales} == {(18, 4)}


def test_what_a_row_counts_as_is_still_worked_out_by_the_database(former: str) -> None:
    asyncio.run(migrate(former, read_migrations()))
    with psycopg.connect(former, autocommit=True) as connection:
        row = connection.execute(
            "insert into transactions (user_id, posted_at, amount, currency, category) "
            "values (%s, '2025-01-04', 0.0001, 'CLF', 'Uncategorized') returning flow, amount",
            (uuid.UUID(int=7),),
        ).fetchone()
    assert row == ("income", Decimal("0.0001"))
