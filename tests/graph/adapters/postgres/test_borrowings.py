"""Whatever happens in a borrowing, its claims do not survive it: not in our pool, nor in a transaction pooler behind it."""

from collections.abc import AsyncIterator

import pytest

from graph.adapters.postgres.database import Database
from tests.audit.borrowings import SIZE, behind, borrow_often, look
from tests.support.fakes.pgbouncer import PgBouncer

EVERY_ENDING = {"well", "LookupError", "TimeoutError", "DivisionByZero"}


@pytest.fixture
async def bounced(database_url: str, database: Database) -> AsyncIterator[Database]:
    """The database behind PgBouncer."""
    if why := PgBouncer.missing():
        pytest.skip(why)
    with PgBouncer.before(database_url, size=SIZE) as bouncer:
        async with behind(bouncer) as opened:
            yield opened


async def test_a_thousand_borrowings_leave_no_claims(database_url: str) -> None:
    async with Database.open(database_url, size=SIZE) as database:
        endings = await borrow_often(database, 1002)
    assert endings["left over"] == 0
    assert endings.keys() >= EVERY_ENDING, endings


async def test_so_do_those_through_pgbouncer_in_transaction_mode(bounced: Database) -> None:
    endings = await borrow_often(bounced, 504)
    assert endings["left over"] == 0
    assert endings.keys() >= EVERY_ENDING, endings


async def test_claims_of_a_session_would_be_met_by_the_next_borrower(database_url: str, user_id: str) -> None:
    """The measurement finds what it looks for: a claim that is set for the session stays."""
    async with Database.open(database_url, size=1) as database:
        async with database.pool.connection() as connection:
            await connection.execute("select set_config('request.jwt.claims', %s, false)", (f'{{"sub": "{user_id}"}}',))
        assert (await look(database))[0] == user_id
