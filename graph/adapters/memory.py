"""What is stored of a user and a conversation (port `Memory`)."""

import asyncio
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage

from graph.adapters.anticipation import Anticipated
from graph.adapters.database import Database
from graph.adapters.queries import adapter_queries
from graph.ports import Remembered

QUERIES = adapter_queries("memory")

HISTORY_ROWS = 60
"""Messages read at most: more than the budget holds of any but the shortest."""


class PostgresMemory:
    def __init__(self, database: Database, embedding_model: str) -> None:
        self.database = database
        self.embedding_model = embedding_model
        self._begun: Anticipated[Remembered] = Anticipated()

    def anticipate(self, owner: str, session_id: str, employee: str) -> "asyncio.Task[Remembered]":
        """Begin to recall."""
        return self._begun.begin((owner, session_id, employee), self._recall(owner, session_id, employee))

    async def recall(self, owner: str, session_id: str, employee: str) -> Remembered:
        begun = self._begun.take((owner, session_id, employee))
        return await (begun or self._recall(owner, session_id, employee))

    async def _recall(self, owner: str, session_id: str, employee: str) -> Remembered:
        values = {"session_id": session_id, "employee": employee, "limit": HISTORY_ROWS, "model": self.embedding_model}
        async with self.database.acting_for(owner) as connection:
            remembered = await connection.execute(QUERIES["remembered"], values)
            history = await connection.execute(QUERIES["history"], values)
        [row] = await remembered.fetchall()
        return Remembered(
            time_zone=row["time_zone"] or "UTC",
            facts=row["facts"],
            summary=summary_text(row) if row["summary"] is not None else "",
            history=[to_message(each) for each in reversed(await history.fetchall())],
            summarized_to=row["last_summarized_position"] or 0,
            searchable=row["searchable"],
        )


def summary_text(row: dict[str, Any]) -> str:
    """The summary with its key facts as a list."""
    return "\n".join([row["summary"], *(f"- {fact}" for fact in row["key_facts"])])


def to_message(row: dict[str, Any]) -> AnyMessage:
    """A row of `chat_messages` as the model reads it."""
    details = row["metadata"]
    match row["role"]:
        case "user":
            return HumanMessage(row["content"])
        case "assistant":
            return AIMessage(row["content"], tool_calls=details.get("tool_calls", []))
        case "tool":
            return ToolMessage(row["content"], tool_call_id=details["tool_call_id"], name=details.get("name"))
        case _:
            return SystemMessage(row["content"])
