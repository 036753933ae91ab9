"""Rows of `chat_runs` and `chat_run_events`, as both ports of runs read and write them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from psycopg.rows import DictRow

from graph.adapters.crypto.cipher import VaultCipher
from graph.adapters.postgres.database import Connection
from graph.adapters.postgres.named_queries import adapter_queries
from graph.errors import ConfigurationError
from graph.ports.runs import LoggedEvent, Run

log = structlog.get_logger(__name__)

QUERIES = adapter_queries("runs")


def to_run(user_id: str, row: DictRow) -> Run:
    return Run(
        str(row["id"]),
        user_id,
        str(row["session_id"]),
        row["employee_slug"],
        row["status"],
        row["epoch"],
        created=False,
        log_expired=bool(row.get("log_deleted")),
    )


def to_events(rows: Sequence[DictRow]) -> list[LoggedEvent]:
    return [(row["seq"], row["event"]) for row in rows]


async def append_events(connection: Connection, run_id: str, events: Sequence[LoggedEvent]) -> None:
    entries = [{"seq": seq, "event": event} for seq, event in events]
    await connection.execute(QUERIES["append_events"], {"run_id": run_id, "entries": json.dumps(entries)})


async def supersede(connection: Connection, values: Mapping[str, Any]) -> None:
    """Supersede the messages that a run replaces which begins in this transaction."""
    if values["replaces"]:
        await connection.execute(QUERIES["supersede"], values)
        await connection.execute(QUERIES["delete_superseded_summary"], values)


def decrypt_input(cipher: VaultCipher, user_id: str, run_id: str, encrypted: bytes) -> str | None:
    """The message of a run; None if no configured key decrypts it."""
    try:
        return cipher.decrypt(bytes(encrypted), f"{user_id}/{run_id}").decode()
    except ConfigurationError:
        log.error("run_input_unreadable", run_id=run_id)
        return None
