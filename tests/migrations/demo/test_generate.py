import asyncio
import calendar
import datetime as dt
import json
import re
import shutil
import uuid
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from graph.errors import ConfigurationError
from migrations.demo.config import FOLDER, demo_data, read_demo_data
from migrations.demo.generate import DEMO_USER, demo_rows, rows_of
from migrations.demo.rows import DemoLedger, DemoTransaction
from migrations.demo.seed import seed

TODAY = dt.date(2025, 11, 20)
DAYS = [TODAY, dt.date(2024, 2, 29), dt.date(2026, 1, 1), dt.date(2026, 8, 11), dt.date(2027, 3, 31)]


@pytest.fixture(scope="module", params=DAYS, ids=str)
def ledger(request: pytest.FixtureRequest) -> DemoLedger:
    return demo_rows(request.param)


def named(ledger: DemoLedger, merchant: str | None) -> list[DemoTransaction]:
    return [row for row in ledger.transactions if row.merchant == merchant]


def test_the_same_day_gives_the_same_ledger() -> None:
    assert demo_rows(TODAY) == demo_rows(TODAY)


def test_the_next_day_leaves_the_past_as_it_was() -> None:
    tomorrow = TODAY + dt.timedelta(days=1)
    before, after = demo_rows(TODAY).transactions, demo_rows(tomorrow).transactions
    first = min(row.posted_at for row in after)
    assert [row for row in before if row.posted_at >= first] == [row for row in after if row.posted_at <= TODAY]


def test_a_year_has_about_a_thousand_rows_and_none_in_the_future(ledger: DemoLedger) -> None:
    today = ledger.accounts[0].balance_as_of
    assert today is not None
    assert 900 <= len(ledger.transactions) <= 1300
    assert {row.posted_at for row in ledger.transactions} <= {today - dt.timedelta(days=n) for n in range(365)}


def test_rows_are_oldest_first_and_named_once(ledger: DemoLedger) -> None:
    days = [row.posted_at for row in ledger.transactions]
    assert days == sorted(days)
    assert max(Counter(row.key for row in ledger.transactions).values()) == 1


def test_amounts_are_whole_cents_and_never_nothing(ledger: DemoLedger) -> None:
    assert all(row.amount and row.amount == row.amount.quantize(Decimal("0.01")) for row in ledger.transactions)


def test_salary_comes_on_two_working_days_a_month() -> None:
    rows = [row for row in demo_rows(TODAY).transactions if row.merchant == "Northwind Robotics"]
    assert len(rows) == 24
    assert all(row.posted_at.weekday() < 5 and row.amount > 0 and row.category == "Income" for row in rows)


def test_one_subscription_rises_in_price_and_the_others_do_not(ledger: DemoLedger) -> None:
    prices = [-row.amount for row in named(ledger, "StreamBox")]
    assert prices == sorted(prices)
    assert prices[0] < prices[-1]
    assert {row.amount for row in named(ledger, "Tunewave")} == {Decimal("-10.99")}


def test_refunds_are_positive_rows_of_expense_categories(ledger: DemoLedger) -> None:
    refunds = [row for row in ledger.transactions if row.description.startswith("REFUND")]
    assert len(refunds) >= 3
    assert all(row.amount > 0 and row.category != "Income" and not row.is_transfer for row in refunds)


def test_a_transfer_has_two_sides_that_cancel_out_in_one_currency(ledger: DemoLedger) -> None:
    sides: dict[dt.date, list[DemoTransaction]] = {}
    for row in ledger.transactions:
        if row.is_transfer:
            sides.setdefault(row.posted_at, []).append(row)
    assert 35 <= len(sides) <= 37
    for out, into in sides.values():
        assert out.amount < 0 < into.amount
        assert out.amount == -into.amount or into.currency == "CAD"


def test_two_currencies_and_one_unknown_balance(ledger: DemoLedger) -> None:
    assert {row.currency for row in ledger.transactions} == {"USD", "CAD"}
    assert [account.currency for account in ledger.accounts if account.balance is None] == ["CAD"]
    currency = {account.name: account.currency for account in ledger.accounts}
    assert all(row.currency == currency[row.account] for row in ledger.transactions)


def test_balances_are_plausible(ledger: DemoLedger) -> None:
    checking, savings, card, _ = (account.balance for account in ledger.accounts)
    assert checking is not None
    assert 1000 < checking < 40000
    assert savings is not None
    assert 10000 < savings < 20000
    assert card is not None
    assert -6000 < card <= 0


@pytest.mark.parametrize("month", range(1, 13))
def test_the_card_is_paid_off_on_the_first(month: int) -> None:
    last = dt.date(2025, month, calendar.monthrange(2025, month)[1])
    owed = demo_rows(last).accounts[2].balance
    assert owed is not None
    [paid] = [row for row in rows_of(last + dt.timedelta(days=1)) if row.is_transfer and row.amount > 0]
    assert paid.amount == -owed


def test_telephone_numbers_belong_to_nobody(ledger: DemoLedger) -> None:
    numbers = re.findall(r"\d{3}-\d{3}-\d{4}", " ".join(row.description for row in ledger.transactions))
    assert len(numbers) > 10
    assert all(re.fullmatch(r"\d{3}-555-01\d\d", number) for number in numbers)


def test_a_person_is_never_the_merchant(ledger: DemoLedger) -> None:
    sent = [row for row in ledger.transactions if "E-TRANSFER" in row.description]
    assert sent
    assert all(row.merchant is None for row in sent)


def test_there_are_budgets_and_goals(ledger: DemoLedger) -> None:
    assert 8 <= len({budget.category for budget in ledger.budgets}) == len(ledger.budgets)
    assert 3 <= len(ledger.goals) <= 4


def test_two_debts_differ_so_that_the_order_of_paying_them_matters(ledger: DemoLedger) -> None:
    dearest, smallest = (
        max(ledger.debts, key=lambda debt: debt.annual_rate_percent),
        min(ledger.debts, key=lambda debt: debt.balance),
    )
    assert len(ledger.debts) == 2
    assert dearest != smallest


def test_a_reminder_lies_ahead(ledger: DemoLedger) -> None:
    today = ledger.accounts[0].balance_as_of
    assert today is not None
    assert [today < reminder.due_on <= today + dt.timedelta(days=62) for reminder in ledger.reminders] == [True]


def test_rates_have_a_day_in_the_year_and_the_canadian_one_is_that_of_the_transfers(ledger: DemoLedger) -> None:
    assert {rate.quote for rate in ledger.rates} == {"CAD", "EUR", "GBP"}
    assert len({(rate.quote, rate.day) for rate in ledger.rates}) == len(ledger.rates) == 36
    rates = {rate.day: rate.rate for rate in ledger.rates if rate.quote == "CAD"}
    received = {row.posted_at: row.amount for row in ledger.transactions if row.key.endswith("to-canada:in")}
    assert received == {day: (240 * rate).quantize(Decimal("0.01")) for day, rate in rates.items()}


FAULTS = [
    ("habits", "returned: 0.14", "return: 0.14", "4.return: the key is unknown"),
    ("habits", "low: 2800,", "low: 2800, hihg: 1,", "0.lines.0.hihg: the key is unknown"),
    ("habits", "weekend: 0.48", "weekend: 48", "0.weekend: Input should be less than or equal to 1"),
    ("habits", "low: 2800,", "low: 280000,", "0.lines.0: Value error, low (280000) is greater than high (11800)"),
    ("bills", "  day: 9\n", "", "1.day: the key is missing"),
    ("trip", "account: card", "account: purse", "lines.0.account: Input should be 'checking', 'savings', 'card'"),
    ("user", '"900.00"', "900.00", 'budgets.Groceries: Value error, an amount must be in quotes, as in "12.50"'),
    ("user", "time_zone:", "zone:", "profile.time_zone: the key is missing"),
    ("user", "profile: {", "profile: {{", "it is not valid YAML"),
    ("user", "accounts:\n", "cars: {}\naccounts:\n", "cars: the key is unknown"),
]


@pytest.mark.parametrize(("name", "old", "new", "complaint"), FAULTS)
def test_a_file_that_is_not_right_is_refused_with_its_name_and_the_place(
    tmp_path: Path, name: str, old: str, new: str, complaint: str
) -> None:
    for file in FOLDER.glob("demo_*.yaml"):
        shutil.copy(file, tmp_path)
    file = tmp_path / f"demo_{name}.yaml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(ConfigurationError, match=re.escape(f"migrations/demo/{file.name}: {complaint}")):
        read_demo_data(tmp_path)


def test_what_is_paid_has_a_name_of_its_own() -> None:
    data = demo_data()
    names = [habit.name for habit in data.habits] + [bill.name for bill in data.bills]
    assert max(Counter(names).values()) == 1


def sown(address: str, user_id: str, today: dt.date = TODAY) -> bool:
    async def sow() -> bool:
        async with await psycopg.AsyncConnection.connect(address) as connection:
            return await seed(connection, user_id, today)

    return asyncio.run(sow())


def stored(address: str, user_id: str, table: str) -> list[dict[str, Any]]:
    with psycopg.connect(address, row_factory=dict_row) as connection:
        return connection.execute(f"select * from {table} where user_id = %s", (user_id,)).fetchall()  # noqa: S608


@pytest.mark.parametrize("address", ["database_url", "admin_url"])
def test_the_server_and_an_administrator_can_seed(request: pytest.FixtureRequest, admin_url: str, address: str) -> None:
    user_id = str(uuid.uuid4())
    assert sown(request.getfixturevalue(address), user_id)
    expected = demo_rows(TODAY)
    rows = stored(admin_url, user_id, "transactions")
    assert Counter((row["posted_at"], row["amount"], row["description"]) for row in rows) == Counter(
        (row.posted_at, row.amount, row.description) for row in expected.transactions
    )
    for table in ("accounts", "budgets", "goals", "debts", "reminders"):
        assert len(stored(admin_url, user_id, table)) == len(getattr(expected, table))
    [profile] = stored(admin_url, user_id, "profiles")
    assert (profile["currency"], profile["time_zone"]) == ("USD", "America/Los_Angeles")
    with psycopg.connect(admin_url) as connection:
        rates = connection.execute("select base, quote, day, rate from exchange_rates where source = 'demo'").fetchall()
    assert {*rates} >= {(each.base, each.quote, each.day, each.rate) for each in expected.rates}


def test_seeding_twice_changes_nothing(database_url: str, admin_url: str) -> None:
    sown(database_url, DEMO_USER)
    before = stored(admin_url, DEMO_USER, "transactions")
    assert not sown(database_url, DEMO_USER, TODAY + dt.timedelta(days=3))
    assert stored(admin_url, DEMO_USER, "transactions") == before


def test_a_user_with_transactions_is_left_alone(database_url: str, admin_url: str) -> None:
    user_id = str(uuid.uuid4())
    with psycopg.connect(database_url) as connection:
        connection.execute("select set_config('request.jwt.claims', %s, true)", (json.dumps({"sub": user_id}),))
        connection.execute("insert into transactions (posted_at, amount, currency) values (%s, -1, 'USD')", (TODAY,))
    assert not sown(database_url, user_id)
    assert len(stored(admin_url, user_id, "transactions")) == 1
    assert stored(admin_url, user_id, "accounts") == []
