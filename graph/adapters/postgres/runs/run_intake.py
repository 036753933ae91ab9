"""Accepts runs in Postgres (port `RunIntake`)."""

from collections.abc import Mapping
from typing import Any, Protocol
from uuid import uuid4

from psycopg.errors import UniqueViolation

from graph.adapters.crypto.cipher import VaultCipher
from graph.adapters.postgres.database import Connection, Database, fetch_all, fetch_one, outcome_unknown
from graph.adapters.postgres.runs.run_rows import QUERIES, append_events, decrypt_input, supersede, to_events, to_run
from graph.errors import (
    DatabaseUnavailable,
    IdempotencyMismatch,
    LimitExceeded,
    NotFound,
    RunAbandoned,
    RunActive,
    TokenBudgetSpent,
    TooManyTurns,
)
from graph.ports.memory import MemorySnapshot
from graph.ports.runs import WITHDRAWN, LoggedEvent, OnConflict, Question, Run, RunRequest

MAX_QUEUED = 10
"""Runs that may wait for one session."""
PRIORITIES: Mapping[OnConflict, int] = {"reject": 0, "enqueue": 0, "interrupt": 1}
"""Of the runs that wait for a session, the run with the highest priority starts first."""


class PendingSnapshot(Protocol):
    """The queries of a memory snapshot, sent and not read yet."""

    async def receive(self) -> MemorySnapshot: ...


class MemoryQueries(Protocol):
    """Reads the memory of a session in a transaction of its user."""

    async def send(self, connection: Connection, session_id: str) -> PendingSnapshot: ...


class PostgresRunIntake:
    """Accepts each run in one transaction, within the limits of its user."""

    def __init__(
        self,
        database: Database,
        cipher: VaultCipher,
        memory: MemoryQueries | None,
        *,
        default_employee: str,
        turns_per_minute: int,
        daily_tokens: int,
        lease_seconds: float,
    ) -> None:
        """`memory` is read in the transaction that accepts a run, unless it is None; see `Run.memory`."""
        self.database = database
        self.cipher = cipher
        self.memory = memory
        self.default_employee = default_employee
        self.limits = {"per_minute": turns_per_minute, "daily_tokens": daily_tokens}
        self.lease_seconds = lease_seconds

    async def accept(self, request: RunRequest) -> Run:
        values = self._values(request)
        try:
            return await self._accept(request, values)
        except (UniqueViolation, RunActive):
            if request.client_key is None:
                raise
            # Another connection may have accepted the same key at the same moment; its run is visible now.
            return await self._accept(request, values)
        except DatabaseUnavailable as error:
            if not outcome_unknown(error):
                raise
            return await self._accepted(request, values) or await self._accept(request, values)

    async def _accepted(self, request: RunRequest, values: dict[str, Any]) -> Run | None:
        row = await self.database.fetch_one(request.user_id, QUERIES["accepted_run"], values)
        if row is None:
            return None
        return Run(
            values["run_id"], request.user_id, values["session_id"], row["employee_slug"], row["status"], row["epoch"]
        )

    async def _accept(self, request: RunRequest, values: dict[str, Any]) -> Run:
        """Store the run. Statements are pipelined: the results are read after the last one is sent."""
        async with self.database.transaction(request.user_id) as connection:
            earlier = await self._same_request(connection, request)
            if earlier:
                return earlier
            await self._prepare_session(connection, request, values)
            if request.time_zone:
                await connection.execute(QUERIES["set_missing_time_zone"], {"time_zone": request.time_zone})
            if request.edited_message_id:
                values = {**values, "replaces": await self._run_of_question(connection, request, values)}
            inserted = await connection.execute(QUERIES["insert_run"], values)
            turn = await connection.execute(QUERIES["take_turn"], self.limits)
            # An edit supersedes messages that must not be read, and they are not superseded yet.
            pending = None
            if self.memory and not values["replaces"]:
                pending = await self.memory.send(connection, values["session_id"])
            await connection.sync()
            row = await inserted.fetchone()
            if row:
                memory_snapshot = await pending.receive() if pending else None
                run = Run(
                    values["run_id"],
                    request.user_id,
                    values["session_id"],
                    row["employee_slug"],
                    memory=memory_snapshot,
                )
                await supersede(connection, values)
            else:
                run = await self._queue(connection, request, values)
            if not await turn.fetchone():
                raise await self._limit_error(connection)
            return run

    async def _same_request(self, connection: Connection, request: RunRequest) -> Run | None:
        if request.client_key is None:
            return None
        row = await fetch_one(connection, QUERIES["run_by_client_key"], {"client_key": self._key(request)})
        if row is None:
            return None
        if bytes(row["request_hash"]) != self._hash(request):
            raise IdempotencyMismatch
        return to_run(request.user_id, row)

    def _hash(self, request: RunRequest) -> bytes:
        """The hash of the request. For a regeneration it leaves out the run, which the server chooses."""
        target = (request.employee or "", request.session_id or "")
        if request.regenerated_run_id:
            return self.cipher.digest("", *target, "again")
        return self.cipher.digest(
            request.text, *target, *([request.edited_message_id] if request.edited_message_id else [])
        )

    def _key(self, request: RunRequest) -> str | None:
        """The keyed hash of an idempotency key. Clients choose the key, so it may hold personal data."""
        return self.cipher.digest(request.user_id, request.client_key).hex() if request.client_key else None

    def _values(self, request: RunRequest) -> dict[str, Any]:
        run_id = str(uuid4())
        return {
            "run_id": run_id,
            "session_id": request.session_id or str(uuid4()),
            "employee": request.employee or self.default_employee,
            "client_key": self._key(request),
            "request_hash": self._hash(request),
            "encrypted_input": self.cipher.encrypt(request.text.encode(), f"{request.user_id}/{run_id}"),
            "replaces": request.regenerated_run_id,
            "lease_seconds": self.lease_seconds,
        }

    async def _prepare_session(self, connection: Connection, request: RunRequest, values: dict[str, Any]) -> None:
        """Create the session, or hand it over if the request names an employee."""
        if request.session_id is None:
            await connection.execute(QUERIES["insert_session"], values)
        elif request.employee is not None:
            await connection.execute(QUERIES["set_employee"], values)

    async def _run_of_question(self, connection: Connection, request: RunRequest, values: dict[str, Any]) -> str:
        """Raises: NotFound."""
        row = await fetch_one(
            connection, QUERIES["run_of_question"], {**values, "message_id": request.edited_message_id}
        )
        if row is None or row["run_id"] is None:
            raise NotFound
        return str(row["run_id"])

    async def _queue(self, connection: Connection, request: RunRequest, values: dict[str, Any]) -> Run:
        """Queue the run for its session; a run of the session that waits for approval is stopped.

        Raises:
            NotFound: no such session.
            RunActive: the request rejects waiting, or too many runs wait.
        """
        cancelled = await fetch_one(connection, QUERIES["cancel_session_wait"], values)
        if request.on_conflict != "reject" or cancelled:
            queued = {**values, "priority": PRIORITIES[request.on_conflict], "max_queued": MAX_QUEUED}
            if row := await fetch_one(connection, QUERIES["queue_run"], queued):
                return Run(
                    values["run_id"], request.user_id, values["session_id"], row["employee_slug"], "queued", epoch=0
                )
        if not await fetch_one(connection, QUERIES["read_session"], values):
            raise NotFound
        active = await fetch_one(connection, QUERIES["active_runs"], values)
        if request.on_conflict == "reject":
            raise RunActive(run_id=str(active["id"]) if active else "")
        raise RunActive("Too many messages wait for this session; send this one later.")

    async def _limit_error(self, connection: Connection) -> LimitExceeded:
        reason = await fetch_one(connection, QUERIES["limit_reason"], self.limits)
        assert reason is not None
        if reason["spent"]:
            return TokenBudgetSpent(retry_after=reason["day_wait"])
        return TooManyTurns(retry_after=reason["bucket_wait"])

    async def read(self, user_id: str, run_id: str) -> Run:
        row = await self.database.fetch_one(user_id, QUERIES["read_run"], {"run_id": run_id})
        if row is None:
            raise NotFound
        return to_run(user_id, row)

    async def last_question(self, user_id: str, session_id: str, on_conflict: OnConflict) -> Question:
        values = {"session_id": session_id, "priority": PRIORITIES[on_conflict]}
        async with self.database.transaction(user_id) as connection:
            # In this order, because a run that ends in between has stored its question in the history.
            ahead = await connection.execute(QUERIES["run_ahead"], values)
            question = await connection.execute(QUERIES["last_question"], values)
            await connection.sync()
            run, message = await ahead.fetchone(), await question.fetchone()
        if run:
            text = decrypt_input(self.cipher, user_id, str(run["id"]), run["encrypted_input"])
            if text is None:
                raise RunAbandoned
            return Question(str(run["id"]), text)
        if message is None or message["run_id"] is None:
            raise NotFound
        return Question(str(message["run_id"]), message["content"])

    async def active(self, user_id: str, session_id: str) -> list[Run]:
        values = {"session_id": session_id}
        async with self.database.transaction(user_id) as connection:
            session = await connection.execute(QUERIES["read_session"], values)
            rows = await fetch_all(connection, QUERIES["active_runs"], values)
            if not await session.fetchone():
                raise NotFound
        return [to_run(user_id, row) for row in rows]

    async def events(self, user_id: str, run_id: str, after: int) -> list[LoggedEvent]:
        return to_events(
            await self.database.fetch_all(user_id, QUERIES["read_events"], {"run_id": run_id, "after": after})
        )

    async def request_stop(self, user_id: str, run_id: str) -> None:
        async with self.database.transaction(user_id) as connection:
            await connection.execute(QUERIES["request_stop"], {"run_id": run_id})
            await connection.execute(QUERIES["cancel_run_wait"], {"run_id": run_id})
            if await fetch_one(connection, QUERIES["withdraw_run"], {"run_id": run_id}):
                await append_events(connection, run_id, [(1, WITHDRAWN)])
