"""A user's sessions, messages, feedback and usage (port `Sessions`). Another user's session does not exist."""

from collections.abc import Sequence
from typing import Any

from psycopg.types.json import Jsonb

from graph.adapters.postgres.database import Database, fetch_one
from graph.adapters.postgres.named_queries import adapter_queries
from graph.errors import NotFound, RunActive

QUERIES = adapter_queries("sessions")
RUNS = adapter_queries("runs")

Row = dict[str, Any]


class PostgresSessions:
    """Sessions in Postgres."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def page(self, user_id: str, limit: int, before: tuple[str, str] | None) -> list[Row]:
        """A page of sessions, newest first, before a position (updated_at, id)."""
        updated_at, session_id = before or (None, None)
        values = {"limit": limit, "before": updated_at, "before_id": session_id}
        return await self._fetch_all(user_id, "list_sessions", values)

    async def read(self, user_id: str, session_id: str) -> Row:
        return await self._fetch_one(user_id, "read_session", {"session_id": session_id})

    async def get_or_create(self, user_id: str, session_id: str, employee: str | None, default: str) -> str:
        """The employee of a session; a session that does not exist is created.

        Args:
            session_id: the session.
            employee: slug of the employee who takes the session over; None leaves it with its employee.
            default: slug of the employee of a new session if `employee` is None.

        Raises:
            NotFound: the session belongs to another user.
        """
        values = {"session_id": session_id, "employee": employee or default}
        async with self.database.transaction(user_id) as connection:
            await connection.execute(QUERIES["create_missing_session"], values)
            if employee:
                await connection.execute(RUNS["set_employee"], values)
            row = await fetch_one(connection, QUERIES["read_session"], values)
        if row is None:
            raise NotFound
        return str(row["employee_slug"])

    async def rename(self, user_id: str, session_id: str, title: str) -> None:
        await self._fetch_one(user_id, "rename_session", {"session_id": session_id, "title": title})

    async def delete(self, user_id: str, session_id: str) -> None:
        """Delete a session with everything that was derived from it.

        Raises:
            NotFound: no such session.
            RunActive: the session has an active run, which would write to it again.
        """
        values = {"session_id": session_id}
        async with self.database.transaction(user_id) as connection:
            if active := await fetch_one(connection, RUNS["active_runs"], values):
                raise RunActive(run_id=str(active["id"]))
            if not await fetch_one(connection, QUERIES["delete_session"], values):
                raise NotFound
            for name in ("delete_checkpoints", "delete_blobs", "delete_writes", "delete_embeddings"):
                await connection.execute(QUERIES[name], values)

    async def messages(
        self, user_id: str, session_id: str, limit: int, before: int | None, *, all_branches: bool = False
    ) -> list[Row]:
        """A page of messages before a position, oldest first, of the current branch or of all branches.

        Raises:
            NotFound: no such session.
        """
        await self.read(user_id, session_id)
        values = {"session_id": session_id, "limit": limit, "before": before, "all_branches": all_branches}
        return await self._fetch_all(user_id, "list_messages", values)

    async def give_feedback(self, user_id: str, session_id: str, message_id: str, feedback: Row) -> None:
        values = {"session_id": session_id, "message_id": message_id, "feedback": Jsonb(feedback)}
        await self._fetch_one(user_id, "store_feedback", values)

    async def usage(self, user_id: str, days: int) -> Sequence[Row]:
        return await self._fetch_all(user_id, "usage", {"days": days})

    async def _fetch_all(self, user_id: str, name: str, values: Row) -> list[Row]:
        return await self.database.fetch_all(user_id, QUERIES[name], values)

    async def _fetch_one(self, user_id: str, name: str, values: Row) -> Row:
        row = await self.database.fetch_one(user_id, QUERIES[name], values)
        if row is None:
            raise NotFound
        return row
