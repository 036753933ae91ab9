"""Stores the demo user's ledger in the database, once."""

import datetime as dt
import json
import uuid
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import psycopg

from migrations.demo.chance import SEED
from migrations.demo.generate import demo_rows
from migrations.demo.rows import DemoLedger

LOCK_KEY = 7_236_403
"""Key of the advisory lock that prevents two servers from seeding at the same time."""

INSERT_PROFILE = """
insert into profiles (user_id, currency, time_zone)
values (%(user_id)s, %(currency)s, %(time_zone)s)
on conflict (user_id) do nothing
"""
INSERT_ACCOUNT = """
insert into accounts (id, user_id, name, type, currency, number_last4, balance, balance_as_of)
values (%(id)s, %(user_id)s, %(name)s, %(type)s, %(currency)s, %(number_last4)s, %(balance)s, %(balance_as_of)s)
on conflict (id) do nothing
"""
INSERT_TRANSACTION = """
insert into transactions
    (id, user_id, account_id, posted_at, amount, currency, merchant, description, category, is_transfer, source)
values (
    %(id)s, %(user_id)s, %(account_id)s, %(posted_at)s, %(amount)s, %(currency)s, %(merchant)s, %(description)s,
    %(category)s, %(is_transfer)s, 'demo'
)
"""
INSERT_BUDGET = """
insert into budgets (user_id, category, monthly_amount, currency)
values (%(user_id)s, %(category)s, %(monthly_amount)s, %(currency)s)
on conflict do nothing
"""
INSERT_GOAL = """
insert into goals
    (id, user_id, name, description, goal_type, target_amount, current_amount, target_date, status, priority)
values (
    %(id)s, %(user_id)s, %(name)s, %(description)s, %(goal_type)s, %(target_amount)s, %(current_amount)s,
    %(target_date)s, %(status)s, %(priority)s
)
on conflict (id) do nothing
"""
INSERT_DEBT = """
insert into debts (id, user_id, name, kind, balance, currency, annual_rate_percent, minimum_payment, as_of)
values (
    %(id)s, %(user_id)s, %(name)s, %(kind)s, %(balance)s, %(currency)s, %(annual_rate_percent)s, %(minimum_payment)s,
    %(as_of)s
)
on conflict do nothing
"""
INSERT_REMINDER = """
insert into reminders (id, user_id, text, due_on, recurrence)
values (%(id)s, %(user_id)s, %(text)s, %(due_on)s, %(recurrence)s)
on conflict (id) do nothing
"""
INSERT_RATE = """
insert into exchange_rates (base, quote, day, rate, source)
values (%(base)s, %(quote)s, %(day)s, %(rate)s, 'demo')
on conflict do nothing
"""


async def seed(connection: psycopg.AsyncConnection[Any], user_id: str, today: dt.date) -> bool:
    """Store the demo ledger for a user who has no transactions.

    Args:
        connection: of the server's role or of an administrator. The claims of its transaction are set to `user_id`.
        user_id: the user who gets the ledger.
        today: the last day of the ledger.

    Returns:
        Whether the ledger was stored.
    """
    async with connection.transaction():
        await connection.execute(
            "select set_config('request.jwt.claims', %s, true)",
            (json.dumps({"sub": user_id, "role": "authenticated"}),),
        )
        await connection.execute("select pg_advisory_xact_lock(%s)", (LOCK_KEY,))
        cursor = await connection.execute("select from transactions where user_id = %s limit 1", (user_id,))
        if await cursor.fetchall():
            return False
        await insert(connection, uuid.UUID(user_id), demo_rows(today))
        return True


async def insert(connection: psycopg.AsyncConnection[Any], user_id: uuid.UUID, ledger: DemoLedger) -> None:
    async with connection.cursor() as cursor:
        for statement, rows in inserts(user_id, ledger):
            await cursor.executemany(statement, [row | {"user_id": user_id} for row in rows])


def inserts(user_id: uuid.UUID, ledger: DemoLedger) -> Iterator[tuple[str, list[dict[str, object]]]]:
    """The statements with the rows they insert, accounts before the transactions that refer to them."""

    def row_id(*names: str) -> uuid.UUID:
        return uuid.uuid5(user_id, ":".join([SEED, *names]))

    yield INSERT_PROFILE, [asdict(ledger.profile)]
    yield INSERT_ACCOUNT, [asdict(account) | {"id": row_id("account", account.name)} for account in ledger.accounts]
    yield (
        INSERT_TRANSACTION,
        [
            asdict(transaction)
            | {"id": row_id("transaction", transaction.key), "account_id": row_id("account", transaction.account)}
            for transaction in ledger.transactions
        ],
    )
    yield INSERT_BUDGET, [asdict(budget) for budget in ledger.budgets]
    yield INSERT_GOAL, [asdict(goal) | {"id": row_id("goal", goal.name)} for goal in ledger.goals]
    yield INSERT_DEBT, [asdict(debt) | {"id": row_id("debt", debt.name)} for debt in ledger.debts]
    yield (
        INSERT_REMINDER,
        [asdict(reminder) | {"id": row_id("reminder", reminder.text)} for reminder in ledger.reminders],
    )
    yield INSERT_RATE, [asdict(rate) for rate in ledger.rates]
