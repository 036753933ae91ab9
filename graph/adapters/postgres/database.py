"""The connection pool. Every use of it is a transaction that carries the user's claims."""

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
"""How long a request waits for a connection before it fails with 503; a user gives up on a chat that waits longer."""

RECONNECT_SECONDS = 0.5
"""How long the pool tries to reconnect by itself. Its pauses double, so requests would wait for the end of a pause although the
database is back; once the pool has given up, each request connects at once."""

BEGIN_SETTINGS = b"""
select
    set_config('request.jwt.claims', %s, true),
    set_config('statement_timeout', '20s', true),
    set_config('lock_timeout', '3s', true),
    set_config('idle_in_transaction_session_timeout', '3s', true)
"""
"""The first statement of each transaction of a user: the claims and the time limits. The limits free the rows of a process that
was suspended in the middle of a transaction. Set in the transaction, they hold behind any pooler."""

TRANSACTION_POOLER_PORT = "6543"
"""The port of Supabase's transaction pooler, behind which prepared statements do not survive."""

IN_TRANSACTION = (TransactionStatus.INTRANS, TransactionStatus.INERROR)

LEASE_LOST = "RL001"
"""The SQLSTATE that `fence_run` raises."""


class Connection(AsyncConnection[DictRow]):
    """A connection of the pool, with transactions whose statements are pipelined."""

    open_pipeline: AsyncPipeline | None = None

    async def sync(self) -> None:
        """Wait until all statements so far are done, and send the protocol's Sync.

        Without Sync the server takes the following statements for a part of the same message: it would wait without limit for
        a process that was suspended here, and keep its row locks.
        """
        if self.open_pipeline:
            await self.open_pipeline.sync()

    @asynccontextmanager
    async def pipelined(self) -> AsyncIterator[None]:
        """A transaction whose statements are sent together until a result is fetched, the last ones with the commit.

        psycopg's own `transaction` waits for the server three more times: after `begin`, before `commit` and after it.
        """
        try:
            async with self.pipeline() as self.open_pipeline:
                await self.execute(b"begin")
                yield
                await self.execute(b"commit")
        except BaseException:
            if self.info.transaction_status in IN_TRANSACTION:
                with suppress(psycopg.Error):  # the pool discards a connection that cannot roll back
                    await self.rollback()
            raise
        finally:
            self.open_pipeline = None


def claims(user_id: str) -> str:
    """The JWT claims that `auth.uid()` reads, as JSON."""
    return json.dumps({"sub": user_id, "role": "authenticated"})


def is_transaction_pooler(address: str) -> bool:
    return conninfo_to_dict(address).get("port") == TRANSACTION_POOLER_PORT


class Database:
    """Transactions of one user each. Without claims the database shows no rows, so code cannot forget them."""

    def __init__(self, pool: AsyncConnectionPool[Connection]) -> None:
        self.pool = pool
        self._returning: set[asyncio.Task[None]] = set()
        """Tasks that return connections, referenced here so that they are not garbage-collected."""

    @property
    def url(self) -> str:
        """The address of the database, for connections beside the pool."""
        return cast(str, self.pool.conninfo)

    @classmethod
    @asynccontextmanager
    async def open(cls, address: str, *, size: int) -> AsyncIterator[Self]:
        """Open a pool of at most `size` connections; the database may still be down."""
        pooled = is_transaction_pooler(address)

        async def ensure_usable(connection: Connection) -> None:
            try:
                await ensure_alive(connection)
            except psycopg.Error:
                # The other idle connections broke too. Left in the pool, each would delay a request.
                await pool.check()
                raise

        pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            address,
            connection_class=Connection,
            min_size=min(4, size),
            max_size=size,
            timeout=WAIT_SECONDS,
            reconnect_timeout=RECONNECT_SECONDS,
            check=ensure_usable,
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
    async def transaction(self, user_id: str, *, snapshot: bool = False) -> AsyncIterator[Connection]:
        """A transaction in which `auth.uid()` is this user. Statements are pipelined until a result is fetched.

        Args:
            snapshot: whether all statements see the database as the first one does (repeatable read).

        Raises:
            DatabaseUnavailable: no connection within a second, or the connection broke.
            LeaseLost: the transaction is fenced (see `fencing.fence`) and another process owns the run.
        """
        async with self._connection() as connection, connection.pipelined():
            if snapshot:
                await connection.execute("set transaction isolation level repeatable read")
            await connection.execute(BEGIN_SETTINGS, (claims(user_id),))
            yield connection

    async def fetch_all(self, user_id: str, query: bytes, parameters: Mapping[str, Any]) -> list[DictRow]:
        """The rows that one statement of this user returns.

        Claims and statement are sent in one message. Postgres runs it as one transaction, as it does with all statements before
        one Sync of the extended query protocol.

        Raises:
            DatabaseUnavailable: as in `transaction`.
        """
        async with self._connection() as connection, connection.pipeline():
            await connection.execute(BEGIN_SETTINGS, (claims(user_id),))
            cursor = await connection.execute(query, parameters)
        return await cursor.fetchall()

    async def fetch_one(self, user_id: str, query: bytes, parameters: Mapping[str, Any]) -> DictRow | None:
        """The first row that one statement of this user returns, or None."""
        rows = await self.fetch_all(user_id, query, parameters)
        return rows[0] if rows else None

    @asynccontextmanager
    async def system_transaction(self) -> AsyncIterator[Connection]:
        """A transaction without claims: it sees no rows of users."""
        async with self._connection() as connection, connection.pipelined():
            yield connection

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        try:
            connection = await self._acquire()
            try:
                async with connection:
                    yield connection
            except psycopg.errors.ReadOnlySqlTransaction as error:
                await connection.close()  # its server was demoted; a new connection reaches the new primary
                raise DatabaseUnavailable(retry_after=1) from error
            finally:
                await asyncio.shield(self._return(connection))
        except (PoolTimeout, PoolClosed, TooManyRequests, psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise DatabaseUnavailable(retry_after=1) from error
        except psycopg.DatabaseError as error:
            if error.sqlstate == LEASE_LOST:
                raise LeaseLost from error
            raise

    async def _acquire(self) -> Connection:
        """A connection of the pool. A task that is cancelled while the pool hands it a connection would lose the connection."""
        acquiring = asyncio.create_task(self.pool.getconn())
        try:
            return await asyncio.shield(acquiring)
        except asyncio.CancelledError:
            acquiring.add_done_callback(self._return_unused)
            raise

    def _return_unused(self, acquired: "asyncio.Task[Connection]") -> None:
        if not acquired.cancelled() and acquired.exception() is None:
            self._return(acquired.result())

    def _return(self, connection: Connection) -> "asyncio.Task[None]":
        """Return a connection to the pool in a task of its own, which a cancellation of the caller does not reach."""
        returning = asyncio.create_task(self.pool.putconn(connection))
        self._returning.add(returning)
        returning.add_done_callback(self._returning.discard)
        return returning


def outcome_unknown(error: DatabaseUnavailable) -> bool:
    """Whether the connection broke in use, so that the statements sent on it may have been committed."""
    return not isinstance(error.__cause__, PoolTimeout | PoolClosed | TooManyRequests)


async def ensure_alive(connection: Connection) -> None:
    """Test an idle connection whose socket is readable: a server that stopped has closed it.

    Testing every connection before each use would cost a round trip.
    """
    if select.select([connection.fileno()], [], [], 0)[0]:
        await AsyncConnectionPool.check_connection(connection)


async def fetch_all(connection: Connection, query: bytes, parameters: dict[str, Any]) -> list[DictRow]:
    cursor = await connection.execute(query, parameters)
    await connection.sync()
    return await cursor.fetchall()


async def fetch_one(connection: Connection, query: bytes, parameters: dict[str, Any]) -> DictRow | None:
    cursor = await connection.execute(query, parameters)
    await connection.sync()
    return await cursor.fetchone()
