"""Stores turns in Postgres (port `Transcript`)."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

from langchain_core.messages import AIMessage

from graph.adapters.postgres.conversation.message_rows import rows_of, to_message
from graph.adapters.postgres.database import Connection, Database, fetch_all, fetch_one
from graph.adapters.postgres.fencing import fence
from graph.adapters.postgres.named_queries import adapter_queries
from graph.errors import LeaseLost
from graph.ports.memory import StoredTurn, TurnRecord
from graph.ports.models import CountTokens
from graph.redaction.values.placeholders import TOKEN
from graph.state import Usage
from graph.turn.handoff import employee_after

QUERIES = adapter_queries("transcript")
RUNS = adapter_queries("runs")

MAX_TITLE_CHARS = 60

PLACEHOLDER_PATTERN = re.compile(TOKEN)


class PostgresTranscript:
    """Stores each turn once, in one transaction."""

    def __init__(self, database: Database, count: CountTokens) -> None:
        self.database = database
        self.count = count

    async def record(self, turn: TurnRecord) -> str:
        async with self.database.transaction(turn.user_id) as connection:
            if turn.epoch:
                await fence(connection, turn.run_id, turn.epoch)
            # The usage comes first: its row is unique for the run, so the second of two concurrent recordings waits here.
            if await fetch_one(connection, QUERIES["log_usage"], {**turn_ids(turn), **usage_row(turn)}):
                return await self._store(connection, turn)
            stored = await fetch_one(connection, QUERIES["last_message_of_run"], {"run_id": turn.run_id})
            if stored is None:
                raise LeaseLost  # and its session is deleted
            return str(stored["id"])

    async def find(self, user_id: str, run_id: str) -> StoredTurn | None:
        async with self.database.transaction(user_id) as connection:
            usage = await connection.execute(QUERIES["run_usage"], {"run_id": run_id})
            rows = await fetch_all(connection, QUERIES["run_messages"], {"run_id": run_id})
            taken = await usage.fetchone()
        if not rows or taken is None:
            return None
        return StoredTurn(
            message_id=str(rows[-1]["id"]),
            messages=[to_message(row) for row in rows],
            usage=usage_of_row(taken),
            status="complete" if taken["success"] else "failed" if taken["error"] else "stopped",
            error=taken["error"],
        )

    async def _store(self, connection: Connection, turn: TurnRecord) -> str:
        rows = list(self._rows(turn))
        place = turn_ids(turn)
        await connection.execute(QUERIES["insert_messages"], {**place, "messages": json.dumps(rows)})
        title = to_title(str(turn.messages[0].content))
        marks = {"session_id": turn.session_id, "title": title, "untrusted_sources": list(turn.untrusted_sources)}
        await connection.execute(QUERIES["update_session"], marks)
        await connection.execute(QUERIES["add_day_tokens"], {"total": turn.usage["total"]})
        if (speaker := employee_after(turn.messages, turn.employee)) != turn.employee:
            await connection.execute(RUNS["set_employee"], {"session_id": turn.session_id, "employee": speaker})
        return str(rows[-1]["id"])

    def _rows(self, turn: TurnRecord) -> Iterator[dict[str, Any]]:
        for index, row in enumerate(rows_of(turn)):
            speaker = employee_after(turn.messages[:index], turn.employee)
            employee = None if row["role"] == "user" else speaker
            yield {**row, "id": str(uuid4()), "employee_slug": employee, "tokens": self.count(row["content"])}


def turn_ids(turn: TurnRecord) -> dict[str, str]:
    return {"session_id": turn.session_id, "run_id": turn.run_id}


def usage_of_row(row: Mapping[str, Any]) -> Usage:
    """The usage of a stored turn."""
    return Usage(
        prompt=row["prompt"],
        completion=row["completion"],
        total=row["total"],
        cost=f"{row['cost'].normalize():f}",
        source=row["source"],
    )


def usage_row(turn: TurnRecord) -> dict[str, Any]:
    tools = [call["name"] for message in turn.messages if isinstance(message, AIMessage) for call in message.tool_calls]
    return {
        **turn.usage,
        "employee": employee_after(turn.messages, turn.employee),
        "model": turn.model,
        "tools_used": sorted(set(tools)),
        "success": turn.status == "complete",
        "error": turn.error,
    }


def to_title(text: str) -> str:
    """A text as a title of one line. A placeholder at the limit is left out rather than cut."""
    line = " ".join(text.split())
    if len(line) <= MAX_TITLE_CHARS:
        return line
    end = MAX_TITLE_CHARS - 1
    cut = next(
        (token.start() for token in PLACEHOLDER_PATTERN.finditer(line) if token.start() < end < token.end()), end
    )
    return line[:cut].rstrip() + "…"
