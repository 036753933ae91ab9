"""Notifications of runs between processes through Postgres (port `Notifier`): LISTEN on one direct connection."""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import psycopg
import structlog
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from graph.adapters.postgres.database import is_transaction_pooler
from graph.errors import safe_summary
from graph.ports.notifications import RunNotification

log = structlog.get_logger(__name__)

LISTEN = b"listen chat_runs"
PAUSE_SECONDS = 1.0
"""Pause between a broken connection and the next one."""
KEEPALIVE = "connect_timeout=5 keepalives_idle=10 keepalives_interval=5 keepalives_count=3"
"""A dead connection counts as broken after 10 s without traffic and three unanswered probes, 5 s apart."""


class PostgresNotifier:
    """Receives what the queries on runs send with `pg_notify`.

    LISTEN does not work behind a transaction pooler. There no notification arrives, and waiting processes poll the database.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.connected = False

    async def send(self, notification: RunNotification) -> None:
        """Does nothing: the query that changed the run sends the notification when it is committed."""

    async def subscribe(self) -> AsyncIterator[RunNotification]:
        if is_transaction_pooler(self.address):
            log.warning("notifications_by_polling", reason="the database is behind a transaction pooler")
            return
        while True:
            try:
                async for notification in self._listen():
                    yield notification
            except psycopg.Error as error:
                if self.connected:
                    log.warning("notifications_interrupted", reason=safe_summary(error))
            finally:
                self.connected = False
            await asyncio.sleep(PAUSE_SECONDS)

    async def _listen(self) -> AsyncIterator[RunNotification]:
        address = make_conninfo(self.address, **conninfo_to_dict(KEEPALIVE))
        async with await psycopg.AsyncConnection.connect(address, autocommit=True) as connection:
            await connection.execute(LISTEN)
            self.connected = True
            async for notification in connection.notifies():
                kind, _, run_id = notification.payload.partition(" ")
                yield cast(RunNotification, (kind, run_id))
