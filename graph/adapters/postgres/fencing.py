"""Fencing: a write for a run counts only while this process owns the run."""

from graph.adapters.postgres.database import Connection
from graph.adapters.postgres.named_queries import adapter_queries

QUERIES = adapter_queries("fencing")


async def hold(connection: Connection, run: str, epoch: int) -> None:
    """What is done in this transaction counts only if this process works on the run, and nobody can take the run over
    meanwhile.

    If another process works on it, or has ended it, the database refuses what follows: `Database` tells it by `LeaseLost`.
    """
    await connection.execute(QUERIES["fence_run"], {"run_id": run, "epoch": epoch})
