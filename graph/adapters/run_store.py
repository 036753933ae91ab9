"""Accepted runs and their logs in Postgres (port `RunStore`)."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from psycopg.errors import UniqueViolation
from psycopg.rows import DictRow
from psycopg.types.json import Json

from graph.adapters.database import Connection, Database, fetch_all, fetch_one
from graph.adapters.queries import adapter_queries
from graph.adapters.sealer import Sealer
from graph.errors import (
    IdempotencyMismatch,
    LimitExceeded,
    NotFound,
    RunActive,
    RunLost,
    TokenBudgetSpent,
    TooManyTurns,
)
from graph.ports import Ending, LoggedEvent, Run, RunRequest

QUERIES = adapter_queries("runs")


class PostgresRunStore:
    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        *,
        default_employee: str,
        turns_per_minute: int,
        daily_tokens: int,
        lease_seconds: float,
    ) -> None:
        self.database = database
        self.sealer = sealer
        self.default_employee = default_employee
        self.limits = {"per_minute": turns_per_minute, "daily_tokens": daily_tokens}
        self.lease_seconds = lease_seconds

    async def accept(self, request: RunRequest) -> Run:
        try:
            return await self._accept(request)
        except (UniqueViolation, RunActive):
            if request.client_key is None:
                raise
            # The same key may have been accepted at the same moment by another connection; now its run can be found.
            return await self._accept(request)

    async def _accept(self, request: RunRequest) -> Run:
        """Store the run. The statements travel together: what each says is read after the last was sent."""
        async with self.database.acting_for(request.owner) as connection:
            earlier = await self._same_request(connection, request)
            if earlier:
                return earlier
            values = self._values(request)
            await self._prepare_session(connection, request, values)
            inserted = await connection.execute(QUERIES["insert_run"], values)
            turn = await connection.execute(QUERIES["take_turn"], self.limits)
            row = await inserted.fetchone() or await self._insert_again(connection, values)
            if not await turn.fetchone():
                raise await self._why_no_turn(connection)
            return Run(values["run_id"], request.owner, values["session_id"], row["employee_slug"])

    async def _same_request(self, connection: Connection, request: RunRequest) -> Run | None:
        if request.client_key is None:
            return None
        row = await fetch_one(connection, QUERIES["find_by_key"], {"client_key": self._key(request)})
        if row is None:
            return None
        if bytes(row["request_hash"]) != self._hash(request):
            raise IdempotencyMismatch
        return Run(
            str(row["id"]), request.owner, str(row["session_id"]), row["employee_slug"], row["status"], fresh=False
        )

    def _hash(self, request: RunRequest) -> bytes:
        return self.sealer.digest(request.text, request.employee or "", request.session_id or "")

    def _key(self, request: RunRequest) -> str | None:
        """What is stored of an idempotency key: clients choose it, and it may be somebody's address."""
        return self.sealer.digest(request.owner, request.client_key).hex() if request.client_key else None

    def _values(self, request: RunRequest) -> dict[str, Any]:
        run_id = str(uuid4())
        return {
            "run_id": run_id,
            "session_id": request.session_id or str(uuid4()),
            "employee": request.employee or self.default_employee,
            "client_key": self._key(request),
            "request_hash": self._hash(request),
            "sealed_input": self.sealer.seal(request.text.encode(), f"{request.owner}/{run_id}"),
            "lease_seconds": self.lease_seconds,
        }

    async def _prepare_session(self, connection: Connection, request: RunRequest, values: dict[str, Any]) -> None:
        """Open the session, or hand it over if another employee is asked for."""
        if request.session_id is None:
            await connection.execute(QUERIES["open_session"], values)
        elif request.employee is not None:
            await connection.execute(QUERIES["hand_over"], values)

    async def _insert_again(self, connection: Connection, values: dict[str, Any]) -> DictRow:
        """Accept a run after giving up one whose process is gone.

        Raises:
            NotFound: no such session.
            RunActive: its run is alive.
        """
        await connection.execute(QUERIES["lose_expired"], values)
        row = await fetch_one(connection, QUERIES["insert_run"], values)
        if row:
            return row
        found = await fetch_one(connection, QUERIES["read_session"], values)
        raise RunActive if found else NotFound

    async def _why_no_turn(self, connection: Connection) -> LimitExceeded:
        why = await fetch_one(connection, QUERIES["why_no_turn"], self.limits)
        assert why is not None
        if why["spent"]:
            return TokenBudgetSpent(retry_after=why["day_wait"])
        return TooManyTurns(retry_after=why["bucket_wait"])

    async def read(self, owner: str, run_id: str) -> Run:
        async with self.database.acting_for(owner) as connection:
            row = await fetch_one(connection, QUERIES["read_run"], {"run_id": run_id})
        if row is None:
            raise NotFound
        return Run(
            str(row["id"]),
            owner,
            str(row["session_id"]),
            row["employee_slug"],
            row["status"],
            row["error_code"],
            expired=row["status"] == "running" and row["expired"],
            fresh=False,
        )

    async def events(self, owner: str, run_id: str, after: int) -> list[LoggedEvent]:
        async with self.database.acting_for(owner) as connection:
            rows = await fetch_all(connection, QUERIES["read_events"], {"run_id": run_id, "after": after})
        return [(row["seq"], row["event"]) for row in rows]

    async def append(self, run: Run, events: Sequence[LoggedEvent]) -> None:
        async with self.database.acting_for(run.owner) as connection:
            await self._append(connection, run, events)

    async def _append(self, connection: Connection, run: Run, events: Sequence[LoggedEvent]) -> None:
        entries = [{"seq": seq, "event": event} for seq, event in events]
        await connection.execute(QUERIES["append_events"], {"run_id": run.id, "entries": json.dumps(entries)})

    async def renew(self, run: Run) -> bool:
        async with self.database.acting_for(run.owner) as connection:
            values = {"run_id": run.id, "epoch": run.epoch, "lease_seconds": self.lease_seconds}
            row = await fetch_one(connection, QUERIES["renew_lease"], values)
        if row is None:
            raise RunLost
        return bool(row["stop_requested"])

    async def request_stop(self, owner: str, run_id: str) -> None:
        async with self.database.acting_for(owner) as connection:
            await connection.execute(QUERIES["request_stop"], {"run_id": run_id})

    async def finish(self, run: Run, events: Sequence[LoggedEvent], ending: Ending) -> None:
        values: dict[str, Any] = {
            "run_id": run.id,
            "epoch": run.epoch,
            "status": ending.status,
            "message_id": ending.message_id and UUID(ending.message_id),
            "error_code": ending.error_code,
            "trace": Json(ending.trace) if ending.trace else None,
        }
        async with self.database.acting_for(run.owner) as connection:
            if not await fetch_one(connection, QUERIES["finish_run"], values):
                raise RunLost
            await self._append(connection, run, events)
