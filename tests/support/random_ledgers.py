"""Random ledgers, and what every sum over them must be, worked out in whole cents (whole yen, whole thousandths of a
dinar) by another method than the tools'.

`python -m tests.support.random_ledgers --count 10000` checks so many and prints how many cents the tools were off.
"""

import argparse
import asyncio
import calendar
import datetime as dt
import itertools
import json
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import psycopg
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from psycopg.rows import DictRow, dict_row

from graph.adapters.postgres.embedded import EmbeddedPostgres
from graph.tool import ToolContext
from migrations.runner import migrate, read_migrations
from tests.support.ledgers import INSERT, QUERIES
from tools.compare_periods import ComparePeriods, compare_periods
from tools.merchant_insights import MerchantInsights, merchant_insights
from tools.spending_by_account import SpendingByAccount, spending_by_account
from tools.spending_by_merchant import SpendingByMerchant, spending_by_merchant
from tools.spending_by_month import SpendingByMonth, spending_by_month
from tools.transaction_category_totals import TransactionCategoryTotals, transaction_category_totals
from tools.transactions_query import TransactionsQuery, transactions_query

DECIMALS = {"USD": 2, "CAD": 2, "EUR": 2, "JPY": 0, "KWD": 3}
"""Of the amounts of a currency; what is called cents here are its smallest units."""
CURRENCIES = tuple(DECIMALS)
SPENDING = ("Groceries", "Shopping", "Meals & Dining")
CATEGORIES = (*SPENDING, "Income", "Investments", "Uncategorized")
MERCHANTS = ("Greenleaf", "GREENLEAF", "Corner Cafe", "corner cafe", "Mart 100%", "Employer", None)
ZONES = ("UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "America/Los_Angeles", "Africa/Cairo")

FIRST, LAST = dt.date(2023, 11, 25), dt.date(2026, 3, 2)
EDGES = tuple(
    day
    for year in (2023, 2024, 2025, 2026)
    for month in range(1, 13)
    for day in (dt.date(year, month, 1), dt.date(year, month, calendar.monthrange(year, month)[1]))
    if FIRST <= day <= LAST
)
"""The first and the last day of each month, a leap day among them."""


@dataclass(frozen=True, slots=True)
class Row:
    """A booking in whole cents."""

    day: dt.date
    cents: int
    currency: str
    category: str
    merchant: str | None
    account: int | None
    is_transfer: bool
    parts: tuple[tuple[int, str], ...] = ()
    """Cents and category of the parts that it was split into, beside the first."""


@dataclass(frozen=True, slots=True)
class Book:
    """A user's ledger and what is asked of it."""

    rows: tuple[Row, ...]
    periods: tuple[tuple[dt.date, dt.date], tuple[dt.date, dt.date]]
    today: dt.date
    zone: str


# Random ledgers -------------------------------------------------------------------------------------------------------

DAYS = st.one_of(st.sampled_from(EDGES), st.dates(FIRST, LAST))
CENTS = st.one_of(
    st.sampled_from([1, -1, 5, -5, 10**14 - 1, 1 - 10**14]), st.integers(-99_999, 99_999), st.integers(-(10**9), 10**9)
).filter(bool)
PERIODS = st.tuples(DAYS, DAYS).map(lambda days: (min(days), max(days)))


@st.composite
def bookings(draw: st.DrawFn) -> list[Row]:
    """One booking; a split one, or one with a refund that cancels it, now and then."""
    cents, kind = (
        draw(CENTS),
        draw(st.sampled_from(["ordinary", "ordinary", "ordinary", "ordinary", "transfer", "split", "refund"])),
    )
    row = Row(
        day=draw(DAYS),
        cents=cents,
        currency=draw(st.sampled_from(CURRENCIES)),
        category=draw(st.sampled_from(CATEGORIES)),
        merchant=draw(st.sampled_from(MERCHANTS)),
        account=draw(st.sampled_from([0, 1, None])),
        is_transfer=kind == "transfer",
    )
    if kind == "split" and abs(cents) > 3:
        return [split(row, draw(st.lists(st.integers(1, abs(cents) - 1), min_size=1, max_size=3, unique=True)), draw)]
    if kind == "refund":
        return [row, Row(draw(DAYS), -cents, row.currency, row.category, row.merchant, row.account, False)]
    return [row]


def split(row: Row, cuts: Sequence[int], draw: st.DrawFn) -> Row:
    """The booking cut at these cents."""
    ends = [0, *sorted(cuts), abs(row.cents)]
    sizes = [after - before for before, after in itertools.pairwise(ends)]
    sign = 1 if row.cents > 0 else -1
    first, *others = sizes
    return Row(
        row.day,
        sign * first,
        row.currency,
        row.category,
        row.merchant,
        row.account,
        False,
        tuple((sign * size, draw(st.sampled_from(CATEGORIES))) for size in others),
    )


BOOKS = st.builds(
    Book,
    rows=st.lists(bookings(), max_size=14).map(lambda groups: tuple(row for group in groups for row in group)),
    periods=st.tuples(PERIODS, PERIODS),
    today=DAYS,
    zone=st.sampled_from(ZONES),
)


# Exact sums -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """A row as it is stored: an unsplit booking, or a part."""

    day: dt.date
    cents: int
    currency: str
    category: str
    merchant: str | None
    account: int | None
    kind: str
    booking: int


def entries(book: Book) -> list[Entry]:
    found = []
    for number, row in enumerate(book.rows):
        for cents, category in ((row.cents, row.category), *row.parts):
            kind = "transfer" if row.is_transfer else kind_of(category, cents)
            found.append(Entry(row.day, cents, row.currency, category, row.merchant, row.account, kind, number))
    return found


def kind_of(category: str, cents: int) -> str:
    if category == "Income" or (cents > 0 and category in ("Investments", "Uncategorized")):
        return "income"
    return "paid" if cents < 0 else "refund"


def sums(chosen: Iterable[Entry]) -> dict[str, int]:
    """Cents by what they are; what is left of income after spending is `net`."""
    total: Counter[str] = Counter()
    for entry in chosen:
        total[entry.kind] += entry.cents
        total["count"] += 1
    return {
        "income": total["income"],
        "spent_gross": -total["paid"],
        "refunds": total["refund"],
        "spent_net": -total["paid"] - total["refund"],
        "net": total["income"] + total["paid"] + total["refund"],
        "transfers": total["transfer"],
        "count": total["count"],
    }


def within(chosen: Iterable[Entry], period: tuple[dt.date, dt.date]) -> list[Entry]:
    return [entry for entry in chosen if period[0] <= entry.day <= period[1]]


# Comparing ------------------------------------------------------------------------------------------------------------

MONEY = ("income", "spent_gross", "refunds", "spent_net", "net")


@dataclass(slots=True)
class Tally:
    """What was compared, and by how much it was wrong."""

    ledgers: int = 0
    rows: int = 0
    amounts: int = 0
    cents_off: int = 0
    wrong: list[str] = field(default_factory=list)

    def amount(self, what: str, said: str, cents: int, currency: str) -> None:
        """Compare an amount as a tool says it with the exact one."""
        self.amounts += 1
        decimals = DECIMALS[currency]
        off = abs(Fraction(Decimal(said)) * 10**decimals - cents)
        exact = f"{Decimal(cents).scaleb(-decimals):.{decimals}f}"
        if exact != said:
            self.cents_off += int(off) or 1
            self.wrong.append(f"{what}: {said}, not {exact} {currency}")

    def same(self, what: str, said: object, exact: object) -> None:
        """Compare what is no amount: counts, names, percentages, which groups there are."""
        if said != exact:
            self.cents_off += 1
            self.wrong.append(f"{what}: {said}, not {exact}")

    def flows(self, what: str, said: Mapping[str, Any], exact: Mapping[str, int], names: Sequence[str] = MONEY) -> None:
        for name in names:
            self.amount(f"{what}.{name}", said[name], exact[name], said["currency"])
        self.same(f"{what}.count", said["count"], exact["count"])

    def groups(
        self,
        what: str,
        said: Iterable[Mapping[str, Any]],
        chosen: Iterable[Entry],
        key_said: Callable[[Mapping[str, Any]], Any],
        key: Callable[[Entry], Any],
        compare: Callable[[str, Mapping[str, Any], list[Entry]], None],
    ) -> None:
        """Compare groups: there must be the same ones, each once, and each right."""
        exact: dict[Any, list[Entry]] = {}
        for entry in chosen:
            exact.setdefault(key(entry), []).append(entry)
        rows = list(said)
        self.same(f"{what}: groups", Counter(map(key_said, rows)), Counter(exact.keys()))
        for row in rows:
            if key_said(row) in exact:
                compare(f"{what} {key_said(row)}", row, exact[key_said(row)])


def currency_said(row: Mapping[str, Any]) -> Any:
    return row["currency"]


def currency_of(entry: Entry) -> Any:
    return entry.currency


def moving(chosen: Iterable[Entry]) -> list[Entry]:
    """Those that are no transfers."""
    return [entry for entry in chosen if entry.kind != "transfer"]


async def check(book: Book, context: ToolContext, tally: Tally) -> None:
    """Ask every tool that adds up, and compare."""
    tally.ledgers += 1
    tally.rows += len(entries(book))
    stored, (before, after) = entries(book), book.periods
    for step in (check_query, check_categories, check_months, check_merchants, check_accounts):
        await step(within(stored, after), after, context, tally)
    await check_comparison(stored, before, after, context, tally)
    await check_merchant(stored, book.today, context, tally)


async def check_query(chosen: list[Entry], period: tuple[dt.date, dt.date], context: ToolContext, tally: Tally) -> None:
    arguments = TransactionsQuery(start_date=period[0], end_date=period[1], limit=1)
    said = await transactions_query(arguments, context)
    tally.same("matches", said["matches"], len(chosen))
    tally.groups(
        "query",
        said["totals"],
        chosen,
        currency_said,
        currency_of,
        lambda what, row, group: tally.flows(what, row, sums(group), (*MONEY, "transfers")),
    )


async def check_categories(
    chosen: list[Entry], period: tuple[dt.date, dt.date], context: ToolContext, tally: Tally
) -> None:
    arguments = TransactionCategoryTotals(start_date=period[0], end_date=period[1], type="all")
    said = await transaction_category_totals(arguments, context)

    def one(what: str, row: Mapping[str, Any], group: list[Entry]) -> None:
        exact = sums(group)
        tally.amount(what, row["total"], exact["income"] + exact["spent_net"], row["currency"])
        tally.same(f"{what} count", row["count"], exact["count"])

    tally.groups(
        "categories",
        said["categories"],
        moving(chosen),
        lambda row: (row["category"], row["type"], row["currency"]),
        lambda entry: (entry.category, "income" if entry.kind == "income" else "expense", entry.currency),
        one,
    )
    tally.groups(
        "category totals",
        said["totals"],
        moving(chosen),
        currency_said,
        currency_of,
        lambda what, row, group: tally.flows(what, row, sums(group)),
    )


async def check_months(
    chosen: list[Entry], period: tuple[dt.date, dt.date], context: ToolContext, tally: Tally
) -> None:
    said = await spending_by_month(SpendingByMonth(start_date=period[0], end_date=period[1]), context)
    filled = [row for row in said["months"] if row["count"]]
    tally.groups(
        "months",
        filled,
        moving(chosen),
        lambda row: (row["month"], row["currency"]),
        lambda entry: (entry.day.isoformat()[:7], entry.currency),
        lambda what, row, group: tally.flows(what, row, sums(group)),
    )
    for row in said["months"]:
        if not row["count"]:
            tally.flows(f"empty month {row['month']}", row, sums([]))
    tally.groups(
        "month totals",
        said["totals"],
        moving(chosen),
        currency_said,
        currency_of,
        lambda what, row, group: tally.flows(what, row, sums(group)),
    )


async def check_merchants(
    chosen: list[Entry], period: tuple[dt.date, dt.date], context: ToolContext, tally: Tally
) -> None:
    for kind in ("expense", "income"):
        arguments = SpendingByMerchant(start_date=period[0], end_date=period[1], type=kind, limit=30)
        said = await spending_by_merchant(arguments, context)
        own = [entry for entry in moving(chosen) if (entry.kind == "income") == (kind == "income")]

        def total(group: Iterable[Entry]) -> int:
            exact = sums(group)
            return exact["income"] + exact["spent_net"]

        def one(what: str, row: Mapping[str, Any], group: list[Entry]) -> None:
            tally.amount(what, row["total"], total(group), row["currency"])
            tally.same(f"{what} count", row["count"], len(group))

        def whole(what: str, row: Mapping[str, Any], group: list[Entry]) -> None:
            one(what, row, group)
            nobody = [entry for entry in group if entry.merchant is None]
            tally.amount(f"{what} without merchant", row["without_merchant"]["total"], total(nobody), row["currency"])

        tally.groups(
            f"{kind} merchants",
            said["merchants"],
            [entry for entry in own if entry.merchant],
            lambda row: (row["merchant"].lower(), row["currency"]),
            lambda entry: ((entry.merchant or "").lower(), entry.currency),
            one,
        )
        tally.groups(f"{kind} merchant totals", said["totals"], own, currency_said, currency_of, whole)


async def check_accounts(
    chosen: list[Entry], period: tuple[dt.date, dt.date], context: ToolContext, tally: Tally
) -> None:
    said = await spending_by_account(SpendingByAccount(start_date=period[0], end_date=period[1]), context)

    def one(what: str, row: Mapping[str, Any], group: list[Entry]) -> None:
        tally.flows(what, row, sums(group))
        moved = [entry.cents for entry in group if entry.kind == "transfer"]
        tally.amount(f"{what} in", row["transfers_in"], sum(cents for cents in moved if cents > 0), row["currency"])
        tally.amount(f"{what} out", row["transfers_out"], -sum(cents for cents in moved if cents < 0), row["currency"])

    tally.groups(
        "accounts",
        said["accounts_used"],
        chosen,
        lambda row: (row["account"], row["currency"]),
        lambda entry: (None if entry.account is None else f"Account {entry.account}", entry.currency),
        one,
    )
    tally.groups(
        "account totals",
        said["totals"],
        chosen,
        currency_said,
        currency_of,
        lambda what, row, group: tally.flows(what, row, sums(group), (*MONEY, "transfers")),
    )


async def check_comparison(
    stored: list[Entry],
    before: tuple[dt.date, dt.date],
    after: tuple[dt.date, dt.date],
    context: ToolContext,
    tally: Tally,
) -> None:
    arguments = ComparePeriods(
        start_date=after[0],
        end_date=after[1],
        compare_start_date=before[0],
        compare_end_date=before[1],
        limit=40,
    )
    said = await compare_periods(arguments, context)

    def changed(what: str, row: Mapping[str, Any], group: list[Entry], names: Sequence[str]) -> None:
        was, now = (
            sum(sums(within(group, before))[name] for name in names),
            sum(sums(within(group, after))[name] for name in names),
        )
        currency = group[0].currency
        tally.amount(f"{what} before", row["before"], was, currency)
        tally.amount(f"{what} after", row["after"], now, currency)
        tally.amount(f"{what} difference", row["difference"], now - was, currency)
        tally.same(f"{what} percent", row["percent"], percent(was, now))

    def totals(what: str, row: Mapping[str, Any], group: list[Entry]) -> None:
        for name in ("income", "spent_net", "net"):
            changed(f"{what}.{name}", row[name], group, [name])

    either = [entry for entry in moving(stored) if within([entry], before) or within([entry], after)]
    tally.groups("comparison totals", said["totals"], either, currency_said, currency_of, totals)
    tally.groups(
        "comparison",
        said["categories"],
        either,
        lambda row: (row["category"], row["type"], row["currency"]),
        lambda entry: (entry.category, "income" if entry.kind == "income" else "expense", entry.currency),
        lambda what, row, group: changed(what, row, group, ["income", "spent_net"]),
    )


def percent(was: int, now: int) -> str | None:
    """The change in percent of what was, with one decimal, half to even."""
    return f"{Decimal(round(Fraction(1000 * (now - was), was))).scaleb(-1):.1f}" if was > 0 else None


async def check_merchant(stored: list[Entry], today: dt.date, context: ToolContext, tally: Tally) -> None:
    own = [entry for entry in stored if entry.merchant and entry.merchant.lower() == "greenleaf"]
    said = await merchant_insights(MerchantInsights(merchant="greenleaf", months=36), context)
    tally.same("merchant status", said["status"], "ok" if moving(own) else "no_rows" if own else "unknown")
    if not own:
        return

    def one(what: str, row: Mapping[str, Any], group: list[Entry]) -> None:
        exact = sums(group)
        tally.flows(what, row, exact, ("income", "spent_gross", "refunds", "spent_net"))
        purchases = len({entry.booking for entry in group if entry.cents < 0})
        tally.same(f"{what} purchases", row["purchases"], purchases)
        if purchases:
            average = round(Fraction(exact["spent_gross"], purchases))
            tally.amount(f"{what} average", row["average_purchase"], average, row["currency"])

    tally.groups("merchant", said["sums"], moving(own), currency_said, currency_of, one)
    for name, currency in itertools.product(("income", "spent_net"), {entry.currency for entry in moving(own)}):
        alike = [entry for entry in moving(own) if entry.currency == currency]
        told = sum(Decimal(row[name]) for row in said["months"] if row["currency"] == currency)
        latest = max([today, *(entry.day for entry in alike)])
        first = (latest.year * 12 + latest.month - 1) - 35
        shown = [entry for entry in alike if entry.day.year * 12 + entry.day.month - 1 >= first]
        tally.amount(f"merchant months {name}", f"{told:.{DECIMALS[currency]}f}", sums(shown)[name], currency)


# The database ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenRows:
    """Named queries in a transaction that is open."""

    connection: psycopg.AsyncConnection[DictRow]

    async def fetch(self, query: str, **parameters: object) -> list[dict[str, Any]]:
        return await (await self.connection.execute(QUERIES[query], parameters)).fetchall()


class Desk:
    """Puts one ledger after another into a database, has it checked, and takes it away again."""

    def __init__(self, address: str) -> None:
        self.runner = asyncio.Runner()
        self.connection = self.runner.run(psycopg.AsyncConnection.connect(address, row_factory=dict_row))
        self.tally = Tally()

    def close(self) -> None:
        self.runner.run(self.connection.close())
        self.runner.close()

    def check(self, book: Book) -> None:
        self.runner.run(self._check(book))

    async def _check(self, book: Book) -> None:
        user = str(uuid.uuid4())
        async with self.connection.transaction(force_rollback=True):
            await self.connection.execute(
                "select set_config('request.jwt.claims', %s, true), set_config('timezone', %s, true)",
                (json.dumps({"sub": user}), book.zone),
            )
            await self._store(book, user)
            await check(book, ToolContext(OpenRows(self.connection), book.today), self.tally)

    async def _store(self, book: Book, user: str) -> None:
        accounts = [uuid.uuid4(), uuid.uuid4()]
        async with self.connection.cursor() as cursor:
            await cursor.executemany(
                "insert into accounts (id, user_id, name, type, currency) values (%s, %s, %s, 'checking', 'USD')",
                [(account, user, f"Account {number}") for number, account in enumerate(accounts)],
            )
            await cursor.executemany(INSERT["transactions"], list(stored_rows(book, user, accounts)))


def stored_rows(book: Book, user: str, accounts: Sequence[uuid.UUID]) -> Iterator[dict[str, Any]]:
    """The rows of the table; the parts of a split booking after the one that was split."""
    for row in book.rows:
        whole = uuid.uuid4()
        for number, (cents, category) in enumerate(((row.cents, row.category), *row.parts)):
            yield {
                "id": uuid.uuid4() if number else whole,
                "user_id": user,
                "account_id": None if row.account is None else accounts[row.account],
                "posted_at": row.day,
                "amount": Decimal(cents).scaleb(-DECIMALS[row.currency]),
                "currency": row.currency,
                "merchant": row.merchant,
                "description": "",
                "category": category,
                "is_transfer": row.is_transfer,
                "split_of": whole if number else None,
            }


def check_many(desk: Desk, count: int, report: Callable[[Tally], None] = lambda tally: None) -> None:
    """Check so many random ledgers; the smallest that is wrong fails."""

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @given(BOOKS)
    def one(book: Book) -> None:
        desk.check(book)
        report(desk.tally)
        wrong, desk.tally.wrong = desk.tally.wrong, []
        assert not wrong, "\n".join(wrong)

    one()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="how many ledgers (10000)")
    count = parser.parse_args().count
    start = time.monotonic()

    def report(tally: Tally) -> None:
        if tally.ledgers % 500 == 0:
            print(f"{tally.ledgers} ledgers, {time.monotonic() - start:.0f} s", flush=True)

    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "postgres", print) as cluster:
        cluster.create_database("chat")
        admin = cluster.admin_url("chat")
        asyncio.run(migrate(admin, read_migrations()))
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute("alter role chat_server login password 'only-for-this-run'")
        desk = Desk(cluster.url("chat_server", "only-for-this-run", "chat"))
        try:
            check_many(desk, count, report)
        finally:
            desk.close()
            tally = desk.tally
            print(
                f"{tally.ledgers} ledgers, {tally.rows} rows, {tally.amounts} amounts compared: "
                f"{tally.cents_off} cents off, in {time.monotonic() - start:.0f} s"
            )
    return 0 if tally.cents_off == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
