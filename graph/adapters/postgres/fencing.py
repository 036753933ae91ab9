"""Fencing: a write for a run counts only while this process owns the run."""

from graph.adapters.postgres.database import Connection
from graph.adapters.postgres.named_queries import adapter_queries

QUERIES = adapter_queries("fencing")


async def fence(connection: Connection, run_id: str, epoch: int) -> None:
    """Abort this transaction unless this process still owns the run; no process can claim the run before it ends.

    The statement is pipelined, so the refusal arrives with a later one: `Database` raises `LeaseLost` for it.
    """
    await connection.execute(QUERIES["fence_run"], {"run_id": run_id, "epoch": epoch})
