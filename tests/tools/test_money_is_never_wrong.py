"""Over random ledgers every sum of every tool is exact to the cent (see random_ledgers.py for the comparison)."""

import datetime as dt
from collections.abc import Iterator

import pytest

from tests.support import random_ledgers
from tests.support.random_ledgers import Book, Desk, Row, Tally, check_many


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    desk = Desk(database_url)
    yield desk
    desk.close()


def test_money_is_never_wrong(desk: Desk) -> None:
    check_many(desk, 300)
    assert desk.tally.ledgers >= 250
    assert desk.tally.amounts > 10_000
    assert desk.tally.cents_off == 0


DAY = dt.date(2024, 2, 29)
BOOK = Book(
    rows=(
        Row(DAY, -1000, "USD", "Groceries", "Greenleaf", 0, False, ((-250, "Shopping"),)),
        Row(DAY, 300, "USD", "Groceries", "GREENLEAF", None, False),
    ),
    periods=((DAY, DAY), (DAY, DAY)),
    today=DAY,
    zone="UTC",
)


def test_what_is_compared_is_right_by_hand(desk: Desk) -> None:
    exact = random_ledgers.sums(random_ledgers.entries(BOOK))
    assert (exact["spent_gross"], exact["refunds"], exact["net"], exact["count"]) == (1250, 300, -950, 3)
    assert [random_ledgers.percent(*each) for each in ((200, 201), (0, 5), (3, 4), (-1, 1))] == [
        "0.5",
        None,
        "33.3",
        None,
    ]
    desk.check(BOOK)
    assert desk.tally.wrong == []


def test_a_cent_too_much_is_noticed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    exact = random_ledgers.sums
    monkeypatch.setattr(
        random_ledgers, "sums", lambda chosen: exact(chosen) | {"spent_net": exact(chosen)["spent_net"] + 1}
    )
    desk.check(BOOK)
    assert desk.tally.cents_off > 0


def test_a_group_too_many_is_noticed() -> None:
    tally = Tally()
    tally.groups(
        "x",
        [{"currency": "USD"}],
        [],
        random_ledgers.currency_said,
        random_ledgers.currency_of,
        lambda what, row, group: None,
    )
    assert tally.cents_off == 1
