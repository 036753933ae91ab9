"""The pool of connections, and the one way to use it: inside a transaction that carries the caller's claims."""

import asyncio
import json
import select
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Self, cast

import psycopg
from psycopg import AsyncConnection, AsyncPipeline
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout, TooManyRequests

from graph.errors import DatabaseUnavailable, LeaseLost

WAIT_SECONDS = 1.0
"""How long a request waits for a connection before it is told 503; a chat that waits longer has lost its user."""

RECONNECT_SECONDS = 0.5
"""How long the pool goes on trying to connect of its own accord. Its pauses double, and requests would wait for the end of one
though the database is back; once it has given up, each request tries at once."""

TRANSACTION = b"""
select
    set_config('request.jwt.claims', %s, true),
    set_config('statement_timeout', '20s', true),
    set_config('lock_timeout', '3s', true),
    set_config('idle_in_transaction_session_timeout', '3s', true)
"""
"""How each transaction begins: whose it is, and how long it may take. A process that was stopped in the middle of one must not
keep others from the rows that it holds. Set here, the limits hold behind any pooler."""

TRANSACTION_POOLER_PORT = "6543"
"""Where Supabase's transaction pooler listens; prepared statements do not survive there."""

OPEN = (TransactionStatus.INTRANS, TransactionStatus.INERROR)

RUN_LOST = "RL001"
"""The SQLSTATE by which `fence_run` refuses."""


class Connection(AsyncConnection[DictRow]):
    """A connection that knows the pipeline that is open on it."""

    sending: AsyncPipeline | None = None

    async def settle(self) -> None:
        """Wait until all statements so far are done, and tell the server that it waits for us from here on.

        Without that it takes what follows for a part of the same message, and would wait without limit for a process that
        was stopped here, with all the rows that it holds.
        """
        if self.sending:
            await self.sending.sync()

    @asynccontextmanager
    async def pipelined(self) -> AsyncIterator[None]:
        """A transaction whose statements travel together until a result is fetched, the last of them with its commit.

        psycopg's own `transaction` would wait three times more for the server: after its beginning, before its end, and for it.
        """
        try:
            async with self.pipeline() as self.sending:
                await self.execute(b"begin")
                yield
                await self.execute(b"commit")
        except BaseException:
            if self.info.transaction_status in OPEN:
                with suppress(psycopg.Error):  # a connection that cannot roll back is no longer one; its pool drops it
                    await self.rollback()
            raise
        finally:
            self.sending = None


def claims(user_id: str) -> str:
    """What `auth.uid()` reads."""
    return json.dumps({"sub": user_id, "role": "authenticated"})


def is_transaction_pooler(address: str) -> bool:
    return conninfo_to_dict(address).get("port") == TRANSACTION_POOLER_PORT


class Database:
    """Transactions on behalf of a user. Without claims the database shows no rows, so there is no way around it."""

    def __init__(self, pool: AsyncConnectionPool[Connection]) -> None:
        self.pool = pool
        self._returning: set[asyncio.Task[None]] = set()
        """Connections on their way back, so that they are not forgotten underway."""

    @property
    def url(self) -> str:
        """The address of the database, for connections beside the pool."""
        return cast(str, self.pool.conninfo)

    @classmethod
    @asynccontextmanager
    async def open(cls, address: str, *, size: int) -> AsyncIterator[Self]:
        """Open a pool of at most `size` connections; the database need not be there yet."""
        pooled = is_transaction_pooler(address)

        async def check_all(connection: Connection) -> None:
            try:
                await check(connection)
            except psycopg.Error:
                # Its neighbours broke with it. Left in the pool, each would cost a request its wait.
                await pool.check()
                raise

        pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            address,
            connection_class=Connection,
            min_size=min(4, size),
            max_size=size,
            timeout=WAIT_SECONDS,
            reconnect_timeout=RECONNECT_SECONDS,
            check=check_all,
            kwargs={
                "autocommit": True,
                "row_factory": dict_row,
                "prepare_threshold": None if pooled else 2,
                "connect_timeout": 2,
            },
            open=False,
        )
        await pool.open()
        try:
            yield cls(pool)
        finally:
            await pool.close()

    @asynccontextmanager
    async def acting_for(self, user_id: str, *, snapshot: bool = False) -> AsyncIterator[Connection]:
        """A transaction in which `auth.uid()` is this user. Statements are pipelined until a result is fetched.

        Args:
            owner: the user.
            snapshot: whether all statements see the database as the first one does (repeatable read).

        Raises:
            DatabaseUnavailable: no connection within a second, or the connection broke.
            LeaseLost: it was to hold a run (see `run_store.hold`) that is another process's.
        """
        async with self._connection() as connection, connection.pipelined():
            if snapshot:
                await connection.execute("set transaction isolation level repeatable read")
            await connection.execute(TRANSACTION, (claims(user_id),))
            yield connection

    async def rows(self, user_id: str, query: bytes, parameters: Mapping[str, Any]) -> list[DictRow]:
        """What one query finds for this user, or returns of what it changes.

        It travels with the claims in one message, which is a transaction to Postgres without being told so (what stands before
        one Sync of the protocol's extended queries is).

        Raises:
            DatabaseUnavailable: as `acting_for`.
        """
        async with self._connection() as connection, connection.pipeline():
            await connection.execute(TRANSACTION, (claims(user_id),))
            found = await connection.execute(query, parameters)
        return await found.fetchall()

    async def find(self, user_id: str, query: bytes, parameters: Mapping[str, Any]) -> DictRow | None:
        """The same for a query that finds one row, or none."""
        rows = await self.rows(user_id, query, parameters)
        return rows[0] if rows else None

    @asynccontextmanager
    async def acting_for_nobody(self) -> AsyncIterator[Connection]:
        """A transaction without claims: it sees the shared tables only."""
        async with self._connection() as connection, connection.pipelined():
            yield connection

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        try:
            connection = await self._borrow()
            try:
                async with connection:
                    yield connection
            except psycopg.errors.ReadOnlySqlTransaction as error:
                await connection.close()  # its server was demoted: the next connection finds the new one
                raise DatabaseUnavailable(retry_after=1) from error
            finally:
                await asyncio.shield(self._give_back(connection))
        except (PoolTimeout, PoolClosed, TooManyRequests, psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise DatabaseUnavailable(retry_after=1) from error
        except psycopg.DatabaseError as error:
            if error.sqlstate == RUN_LOST:
                raise LeaseLost from error
            raise

    async def _borrow(self) -> Connection:
        """A connection of the pool. The pool would lose the one that it hands to somebody who is cancelled just then."""
        borrowing = asyncio.create_task(self.pool.getconn())
        try:
            return await asyncio.shield(borrowing)
        except asyncio.CancelledError:
            borrowing.add_done_callback(self._give_back_unused)
            raise

    def _give_back_unused(self, borrowed: "asyncio.Task[Connection]") -> None:
        if not borrowed.cancelled() and borrowed.exception() is None:
            self._give_back(borrowed.result())

    def _give_back(self, connection: Connection) -> "asyncio.Task[None]":
        """Return a connection in a task of its own, which no cancellation of the borrower reaches."""
        returning = asyncio.create_task(self.pool.putconn(connection))
        self._returning.add(returning)
        returning.add_done_callback(self._returning.discard)
        return returning


def broke_off(error: DatabaseUnavailable) -> bool:
    """Whether the connection broke while it was used, so that what was sent may have been done."""
    return not isinstance(error.__cause__, PoolTimeout | PoolClosed | TooManyRequests)


async def check(connection: Connection) -> None:
    """Ask a connection whether it lives, if there is a sign that it does not.

    On an idle connection nothing arrives but bad news: a server that stopped has closed it, so it can be read. Asking each
    connection at each use would cost a round trip.
    """
    if select.select([connection.fileno()], [], [], 0)[0]:
        await AsyncConnectionPool.check_connection(connection)


async def fetch_all(connection: Connection, query: bytes, parameters: dict[str, Any]) -> list[DictRow]:
    cursor = await connection.execute(query, parameters)
    await connection.settle()
    return await cursor.fetchall()


async def fetch_one(connection: Connection, query: bytes, parameters: dict[str, Any]) -> DictRow | None:
    cursor = await connection.execute(query, parameters)
    await connection.settle()
    return await cursor.fetchone()
