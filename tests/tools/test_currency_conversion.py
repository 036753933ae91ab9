"""The rates are everybody's, so each test has currencies of its own."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from graph.tool import ToolContext, ToolError
from tools.currency_conversion import CurrencyConversion, best_path, currency_conversion


async def convert(context: ToolContext, amount: int | str, start: str, end: str, **more: Any) -> dict[str, Any]:
    arguments = CurrencyConversion(amount=amount, from_currency=start, to_currency=end, **more)
    return await currency_conversion(arguments, context)


@pytest.fixture
def store(admin_url: str) -> Callable[..., None]:
    def put(*rates: tuple[str, str, str, str]) -> None:
        with psycopg.connect(admin_url, autocommit=True) as connection:
            for base, quote, day, rate in rates:
                connection.execute(
                    "insert into exchange_rates (base, quote, day, rate, source) values (%s, %s, %s, %s, 'a test')",
                    (base, quote, day, rate),
                )

    return put


async def test_the_newest_rate_of_the_day_or_before_counts(store: Callable[..., None], context: ToolContext) -> None:
    store(("QAA", "QAB", "2025-11-01", "1.5"), ("QAA", "QAB", "2025-11-18", "1.25"), ("QAA", "QAB", "2025-11-21", "9"))
    result = await convert(context, "10.02", "qaa", "QAB")
    assert (result["converted"], result["rate"], result["rate_day"], result["days_old"]) == (
        "12.52",  # 12.525, half to even
        "1.250000",
        "2025-11-18",
        2,
    )
    assert result["rates"] == [
        {"base": "QAA", "quote": "QAB", "rate": "1.25000000", "day": "2025-11-18", "source": "a test"}
    ]
    assert (await convert(context, 10, "QAA", "QAB", day=dt.date(2025, 11, 17)))["converted"] == "15.00"
    assert (await convert(context, -10, "QAA", "QAB", day=dt.date(2025, 11, 1)))["converted"] == "-15.00"


async def test_a_pair_the_other_way_round_is_inverted(store: Callable[..., None], context: ToolContext) -> None:
    store(("QBA", "QBB", "2025-11-01", "3"))
    assert (await convert(context, 10, "QBB", "QBA"))["converted"] == "3.33"


async def test_a_pair_that_is_not_stored_goes_through_another_with_the_older_day(
    store: Callable[..., None], context: ToolContext
) -> None:
    store(("QCC", "QCA", "2025-11-01", "4"), ("QCC", "QCB", "2025-10-01", "2"))
    result = await convert(context, 10, "QCA", "QCB")
    assert (result["converted"], result["rate_day"], len(result["rates"])) == ("5.00", "2025-10-01", 2)


async def test_without_a_rate_the_answer_is_unknown(store: Callable[..., None], context: ToolContext) -> None:
    store(("QDA", "QDB", "2025-11-21", "4"), ("QDC", "QDD", "2025-11-01", "4"))
    for start, end in (("QDA", "QDB"), ("QDA", "QDC"), ("QDE", "QDF")):
        result = await convert(context, 10, start, end)
        assert (result["status"], result["converted"]) == ("unknown", None)


async def test_a_currency_is_worth_itself_and_tomorrow_has_no_rate(context: ToolContext) -> None:
    assert (await convert(context, "10.5", "USD", "usd"))["converted"] == "10.50"
    with pytest.raises(ToolError, match="day to come"):
        await convert(context, 1, "USD", "CAD", day=dt.date(2025, 11, 21))


def test_a_direct_rate_goes_before_a_newer_way_around() -> None:
    def rate(base: str, quote: str, day: int, worth: int | str) -> dict[str, Any]:
        return {"base": base, "quote": quote, "day": dt.date(2025, 1, day), "rate": Decimal(worth), "source": "x"}

    found = [rate("A", "B", 1, 2), rate("A", "C", 9, 3), rate("C", "B", 9, 3)]
    direct, through = best_path(found, "A", "B"), best_path(found[1:], "A", "B")
    assert direct is not None
    assert direct.rate == 2
    assert through is not None
    assert through.rate == 9
    assert best_path([], "A", "B") is None


def test_the_server_reads_rates_and_adds_none_but_the_demos(database_url: str) -> None:
    insert = "insert into exchange_rates (base, quote, day, rate, source) values ('QEA', 'QEB', '2025-01-01', 2, %s)"
    with psycopg.connect(database_url) as connection:
        connection.execute(insert, ("demo",))
        for statement in ("update exchange_rates set rate = 1", "delete from exchange_rates"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(statement)
        with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
            connection.execute(insert.replace("QEA", "QEC"), ("a bank",))
        connection.rollback()
