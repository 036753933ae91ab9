"""What the ledger's tables promise, whoever writes to them."""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import errors

TABLES = ("profiles", "accounts", "categories", "transactions", "budgets", "goals")

ActAs = Callable[[uuid.UUID], AbstractContextManager[psycopg.Connection[Any]]]

TRANSACTION = "insert into transactions (posted_at, amount, currency, category) values ('2025-01-01', %s, %s, %s)"


@pytest.fixture
def transaction(database_url: str) -> ActAs:
    @contextmanager
    def act(user_id: uuid.UUID) -> Iterator[psycopg.Connection[Any]]:
        with psycopg.connect(database_url) as connection:
            claims = json.dumps({"sub": str(user_id)})
            connection.execute("select set_config('request.jwt.claims', %s, true)", (claims,))
            yield connection

    return act


@pytest.fixture
def user() -> uuid.UUID:
    return uuid.uuid4()


def values(connection: psycopg.Connection[Any], query: LiteralString, *parameters: object) -> list[Any]:
    return [row[0] for row in connection.execute(query, parameters)]


@pytest.mark.parametrize("table", TABLES)
def test_row_level_security_is_forced_and_only_the_server_has_rights(admin_url: str, table: str) -> None:
    with psycopg.connect(admin_url) as connection:
        [flags] = connection.execute(
            "select relrowsecurity, relforcerowsecurity from pg_class where oid = %s::regclass", (table,)
        )
        grantees = values(
            connection,
            "select distinct grantee from information_schema.role_table_grants "
            "where table_name = %s and grantee <> grantor",
            table,
        )
        assert flags == (True, True)
        assert grantees == ["chat_server"]
        assert values(connection, "select obj_description(%s::regclass)", table) != [None]


def test_without_claims_only_the_systems_categories_are_seen(
    database_url: str, transaction: ActAs, user: uuid.UUID
) -> None:
    with transaction(user) as connection:
        connection.execute(TRANSACTION, ("-1", "USD", "Groceries"))
        connection.execute("insert into categories (name, slug) values ('Pets', 'pets')")
    with psycopg.connect(database_url) as connection:
        assert values(connection, "select count(*) from transactions") == [0]
        assert values(connection, "select count(*) from categories") == [18]


def test_a_row_cannot_be_written_for_somebody_else(transaction: ActAs, user: uuid.UUID) -> None:
    with transaction(user) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute("insert into profiles (user_id) values (%s)", (uuid.uuid4(),))


@pytest.mark.parametrize(
    ("amount", "currency", "category"),
    [("0", "USD", "Groceries"), ("-1", "usd", "Groceries"), ("-1", "USD", "Yachts")],
    ids=["nothing", "no currency code", "unknown category"],
)
def test_a_senseless_transaction_is_refused(
    transaction: ActAs, user: uuid.UUID, amount: str, currency: str, category: str
) -> None:
    with transaction(user) as connection, pytest.raises(errors.CheckViolation):
        connection.execute(TRANSACTION, (amount, currency, category))


def test_another_users_account_cannot_be_booked_on(transaction: ActAs, user: uuid.UUID) -> None:
    with transaction(uuid.uuid4()) as connection:
        [account] = values(
            connection, "insert into accounts (name, type, currency) values ('A', 'checking', 'USD') returning id"
        )
    with transaction(user) as connection, pytest.raises(errors.ForeignKeyViolation):
        connection.execute(
            "insert into transactions (account_id, posted_at, amount, currency) values (%s, '2025-01-01', -1, 'USD')",
            (account,),
        )


def test_a_deleted_account_leaves_its_transactions(transaction: ActAs, user: uuid.UUID) -> None:
    with transaction(user) as connection:
        [account] = values(
            connection, "insert into accounts (name, type, currency) values ('A', 'checking', 'USD') returning id"
        )
        connection.execute(
            "insert into transactions (account_id, posted_at, amount, currency) values (%s, '2025-01-01', -1, 'USD')",
            (account,),
        )
        connection.execute("delete from accounts")
        assert values(connection, "select account_id from transactions") == [None]


def test_another_users_category_cannot_be_used(transaction: ActAs, user: uuid.UUID) -> None:
    with transaction(uuid.uuid4()) as connection:
        connection.execute("insert into categories (name, slug) values ('Boats', 'boats')")
    with transaction(user) as connection, pytest.raises(errors.CheckViolation):
        connection.execute(TRANSACTION, ("-1", "USD", "Boats"))


def test_transactions_and_budgets_follow_their_category(transaction: ActAs, user: uuid.UUID) -> None:
    with transaction(user) as connection:
        connection.execute("insert into categories (name, slug) values ('Pets', 'pets')")
        connection.execute(TRANSACTION, ("-1", "USD", "Pets"))
        connection.execute("insert into budgets (category, monthly_amount, currency) values ('Pets', 10, 'USD')")
        connection.execute("update categories set name = 'Animals' where name = 'Pets'")
        assert values(connection, "select category from transactions") == ["Animals"]
        assert values(connection, "select category from budgets") == ["Animals"]
        connection.execute("delete from categories where name = 'Animals'")
        assert values(connection, "select category from transactions") == ["Uncategorized"]
        assert values(connection, "select category from budgets") == []


def test_the_systems_categories_cannot_be_changed(transaction: ActAs, user: uuid.UUID) -> None:
    with transaction(user) as connection:
        assert connection.execute("update categories set name = 'Mine'").rowcount == 0
        assert connection.execute("delete from categories").rowcount == 0


def test_a_category_cannot_take_a_system_name(transaction: ActAs, user: uuid.UUID) -> None:
    with transaction(user) as connection, pytest.raises(errors.UniqueViolation):
        connection.execute("insert into categories (name, slug) values ('groceries', 'food')")


def test_a_balance_has_a_day_or_is_unknown(transaction: ActAs, user: uuid.UUID) -> None:
    with transaction(user) as connection, pytest.raises(errors.CheckViolation):
        connection.execute("insert into accounts (name, type, currency, balance) values ('A', 'savings', 'USD', 1)")


@pytest.mark.parametrize(
    ("amount", "category", "is_transfer", "flow"),
    [
        ("-1", "Groceries", False, "expense"),
        ("1", "Groceries", False, "expense"),
        ("1", "Income", False, "income"),
        ("-1", "Income", False, "income"),
        ("1", "Investments", False, "income"),
        ("-1", "Investments", False, "expense"),
        ("1", "Uncategorized", False, "income"),
        ("-1", "Income", True, "transfer"),
    ],
)
def test_what_a_transaction_counts_as(
    transaction: ActAs, user: uuid.UUID, amount: str, category: str, is_transfer: bool, flow: str
) -> None:
    with transaction(user) as connection:
        assert values(
            connection,
            "insert into transactions (posted_at, amount, currency, category, is_transfer) "
            "values ('2025-01-01', %s, 'USD', %s, %s) returning flow",
            amount,
            category,
            is_transfer,
        ) == [flow]
