"""Hands runs to processes in Postgres (port `RunQueue`)."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import structlog
from psycopg.errors import UniqueViolation
from psycopg.types.json import Json

from graph.adapters.crypto.cipher import VaultCipher
from graph.adapters.postgres.database import Connection, Database, fetch_all, fetch_one
from graph.adapters.postgres.fencing import fence
from graph.adapters.postgres.runs.run_rows import QUERIES, append_events, decrypt_input, supersede, to_events
from graph.errors import LeaseLost
from graph.ports.runs import ClaimedRun, LoggedEvent, Run, RunOutcome

log = structlog.get_logger(__name__)

BLOCKED_SECONDS = 0.5
"""How long a claim waits for the row of an abandoned run before idle blockers are terminated."""
MAX_CLAIMED = 20
"""Runs of one listing, so that several processes share the claimable runs."""


class PostgresRunQueue:
    """Claims runs and writes for them; every write is fenced by the epoch of the claim."""

    def __init__(self, database: Database, cipher: VaultCipher, *, lease_seconds: float) -> None:
        self.database = database
        self.cipher = cipher
        self.lease_seconds = lease_seconds

    async def list_claimable(self) -> list[tuple[str, str]]:
        async with self.database.system_transaction() as connection:
            rows = await fetch_all(connection, QUERIES["claimable_runs"], {"max_rows": MAX_CLAIMED})
        return [(str(row["run_id"]), str(row["user_id"])) for row in rows]

    async def claim(self, user_id: str, run_id: str) -> ClaimedRun | None:
        values = {"run_id": run_id, "lease_seconds": self.lease_seconds, "after": 0}
        try:
            async with self.database.transaction(user_id) as connection:
                async with self._unblocked(connection):
                    row = await fetch_one(connection, QUERIES["claim_run"], values)
                if row and row["epoch"] == 1:
                    await supersede(connection, {**row, "run_id": run_id})
                logged = await fetch_all(connection, QUERIES["read_events"], values)
        except UniqueViolation:  # another run of the session started at this moment
            return None
        if row is None:
            return None
        run = Run(run_id, user_id, str(row["session_id"]), row["employee_slug"], epoch=row["epoch"])
        return ClaimedRun(
            run,
            decrypt_input(self.cipher, user_id, run_id, row["encrypted_input"]),
            to_events(logged),
            row["stop_requested"],
        )

    @asynccontextmanager
    async def _unblocked(self, connection: Connection) -> AsyncIterator[None]:
        """Terminate the connections of suspended processes that block this connection during the block."""
        terminating = asyncio.create_task(self._terminate_idle_blockers(connection.info.backend_pid))
        try:
            yield
        finally:
            terminating.cancel()
            await asyncio.gather(terminating, return_exceptions=True)

    async def _terminate_idle_blockers(self, pid: int) -> None:
        """Terminate, again and again, the connections that block this backend while their client is silent."""
        while True:
            await asyncio.sleep(BLOCKED_SECONDS)
            async with self.database.system_transaction() as connection:
                for blocker in await fetch_all(connection, QUERIES["terminate_idle_blockers"], {"pid": pid}):
                    log.warning("idle_blocker_terminated", pid=blocker["pid"])

    async def append(self, run: Run, events: Sequence[LoggedEvent]) -> None:
        async with self.database.transaction(run.user_id) as connection:
            await fence(connection, run.id, run.epoch)
            await append_events(connection, run.id, events)

    async def renew(self, run: Run) -> bool:
        row = await self.database.fetch_one(run.user_id, QUERIES["renew_lease"], self._lease(run))
        if row is None:
            raise LeaseLost
        return bool(row["stop_requested"])

    async def release(self, run: Run) -> None:
        async with self.database.transaction(run.user_id) as connection:
            await connection.execute(QUERIES["release_lease"], self._lease(run))

    def _lease(self, run: Run) -> dict[str, Any]:
        return {"run_id": run.id, "epoch": run.epoch, "lease_seconds": self.lease_seconds}

    async def finish(self, run: Run, events: Sequence[LoggedEvent], outcome: RunOutcome) -> bool:
        values: dict[str, Any] = {
            "run_id": run.id,
            "epoch": run.epoch,
            "status": outcome.status,
            "message_id": outcome.message_id and UUID(outcome.message_id),
            "error_code": outcome.error_code,
            "trace": Json(outcome.trace) if outcome.trace else None,
        }
        async with self.database.transaction(run.user_id) as connection:
            await fence(connection, run.id, run.epoch)
            finished = await connection.execute(
                QUERIES["suspend_run" if outcome.status == "waiting" else "finish_run"], values
            )
            await append_events(connection, run.id, events)
        [row] = await finished.fetchall()
        return bool(row["others_wait"])
