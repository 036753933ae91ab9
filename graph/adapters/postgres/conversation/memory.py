"""The memory of a turn in Postgres (port `Memory`)."""

from dataclasses import dataclass
from typing import Any

from psycopg import AsyncCursor
from psycopg.rows import DictRow

from graph.adapters.postgres.conversation.message_rows import to_message
from graph.adapters.postgres.database import Connection, Database
from graph.adapters.postgres.named_queries import adapter_queries
from graph.ports.memory import MemorySnapshot
from graph.values.profile import Profile

QUERIES = adapter_queries("memory")

MAX_HISTORY_ROWS = 60
"""Messages that are read; the token budget fits fewer, unless they are very short."""


@dataclass(frozen=True, slots=True)
class PendingSnapshot:
    """Two queries that are sent and not read yet."""

    snapshot: AsyncCursor[DictRow]
    history: AsyncCursor[DictRow]

    async def receive(self) -> MemorySnapshot:
        [row] = await self.snapshot.fetchall()
        return MemorySnapshot(
            profile=Profile(row["name"], row["locale"], row["time_zone"], row["currency"]),
            facts=row["facts"],
            summary=format_summary(row) if row["summary"] is not None else "",
            history=[to_message(message) for message in reversed(await self.history.fetchall())],
            summary_until=row["last_summarized_position"] or 0,
            has_embeddings=row["has_embeddings"],
            newest_value_at=row["newest_value_at"],
        )


class PostgresMemory:
    """Reads everything that a turn loads in two queries."""

    def __init__(self, database: Database, embedding_model: str) -> None:
        self.database = database
        self.embedding_model = embedding_model

    async def send(self, connection: Connection, session_id: str, employee: str | None = None) -> PendingSnapshot:
        """Send the queries in an open transaction of the user.

        Args:
            connection: carries the user's claims.
            session_id: the session whose messages and summary are read.
            employee: slug of the employee whose facts are read; None means the session's employee.
        """
        values = {
            "session_id": session_id,
            "employee": employee,
            "limit": MAX_HISTORY_ROWS,
            "model": self.embedding_model,
        }
        return PendingSnapshot(
            await connection.execute(QUERIES["memory_snapshot"], values),
            await connection.execute(QUERIES["history"], values),
        )

    async def load(self, user_id: str, session_id: str, employee: str) -> MemorySnapshot:
        async with self.database.transaction(user_id) as connection:
            pending = await self.send(connection, session_id, employee)
        return await pending.receive()


def format_summary(row: dict[str, Any]) -> str:
    """The summary, followed by its key facts as a list."""
    return "\n".join([row["summary"], *(f"- {fact}" for fact in row["key_facts"])])
