"""Connections are borrowed again and again by users who fail and leave half-way; none finds the claims of another.

python -m tests.audit.borrowings
"""

import asyncio
import logging
import random
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from graph.adapters.postgres.database import Connection, Database
from graph.errors import DatabaseUnavailable
from tests.audit.database import own_database
from tests.audit.line import Line
from tests.support.fakes.pgbouncer import PgBouncer

SIZE = 3
BORROWERS = 6

LOOK = b"""
select
    coalesce(auth.uid()::text, nullif(current_setting('request.jwt.claims', true), '')) as claims,
    (select count(*) from user_memory_facts) as rows
"""
"""What one sees who has set no claims."""


MAX_SECONDS = 0.02
"""How long a borrower waits at most; so short that many are cancelled in the middle of a transaction."""


async def borrow(database: Database, dice: random.Random, max_seconds: float = MAX_SECONDS) -> None:
    """Act for a new user for a moment; something goes wrong three times out of four, and many are cancelled meanwhile."""
    user = str(uuid.UUID(int=dice.getrandbits(128)))
    patience = max_seconds * dice.random()
    trouble = dice.choice(["none", "statement", "error", "wait"])
    async with asyncio.timeout(patience), database.transaction(user) as connection:
        cursor = await connection.execute("select auth.uid()::text as caller")
        await connection.sync()
        assert [row["caller"] for row in await cursor.fetchall()] == [user]
        if trouble == "statement":
            await connection.execute("select 1 / 0")
        elif trouble == "error":
            raise LookupError
        elif trouble == "wait":
            await connection.execute("select pg_sleep(5)")


async def look(database: Database) -> tuple[object, object]:
    """Claims and rows of a borrower without claims; tried again if there was no connection."""
    while True:
        try:
            async with database.system_transaction() as connection:
                [row] = await (await connection.execute(LOOK)).fetchall()
                return row["claims"], row["rows"]
        except DatabaseUnavailable:
            await asyncio.sleep(0.05)


async def borrow_often(
    database: Database, times: int, seed: str = "borrowings", max_seconds: float = MAX_SECONDS
) -> Counter[str]:
    """How the borrowings ended, and how many borrowers without claims found some (`left over`)."""
    dice = random.Random(seed)
    endings: Counter[str] = Counter()

    async def borrow_and_look() -> None:
        try:
            await borrow(database, dice, max_seconds)
            endings["well"] += 1
        except (psycopg.Error, LookupError, TimeoutError, DatabaseUnavailable) as error:
            endings[type(error).__name__] += 1
        endings["left over"] += await look(database) != (None, 0)

    async def several(number: int) -> None:
        for _ in range(number):
            await borrow_and_look()

    await asyncio.gather(*(several(times // BORROWERS) for _ in range(BORROWERS)))
    return endings


@asynccontextmanager
async def behind(bouncer: PgBouncer) -> AsyncIterator[Database]:
    """The database behind PgBouncer, through a pool that is as `Database.open` makes it for a transaction pooler."""
    options = {"autocommit": True, "row_factory": dict_row, "prepare_threshold": None}
    pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
        bouncer.address, connection_class=Connection, min_size=SIZE, max_size=BORROWERS, kwargs=options, open=False
    )
    async with pool:
        yield Database(pool)


async def borrow_directly(address: str, times: int) -> int:
    """Claims that were left over in our pool."""
    async with Database.open(address, size=SIZE) as database:
        return (await borrow_often(database, times))["left over"]


async def borrow_behind(bouncer: PgBouncer, times: int) -> int:
    """Claims that were left over behind PgBouncer."""
    async with behind(bouncer) as database:
        return (await borrow_often(database, times))["left over"]


def measure(times: int = 10_000) -> Line:
    logging.getLogger("psycopg").setLevel(logging.CRITICAL)  # it tells of each connection that is cut
    with own_database() as (_, address):
        left = asyncio.run(borrow_directly(address, times))
        told = f"{left} claims left over of {times:,} borrowings; PgBouncer in transaction mode: "
        if why := PgBouncer.missing():
            told += f"skipped, {why}"
        else:
            with PgBouncer.before(address, size=SIZE) as bouncer:
                pooled = asyncio.run(borrow_behind(bouncer, times))
            told += f"{pooled} of {times:,}"
            left += pooled
    return Line("Connections that failed or were cancelled carry no claims to the next borrower", told, not left)


if __name__ == "__main__":
    print(measure())
