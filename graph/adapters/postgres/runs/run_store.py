"""The store of runs: both ports of runs on one database, and the retention of event logs."""

from graph.adapters.crypto.cipher import VaultCipher
from graph.adapters.postgres.database import Database, fetch_all
from graph.adapters.postgres.runs.run_intake import MemoryQueries, PostgresRunIntake
from graph.adapters.postgres.runs.run_queue import PostgresRunQueue
from graph.adapters.postgres.runs.run_rows import QUERIES

MAX_DELETED = 500
"""Event logs of one deletion batch."""


class PostgresRunStore(PostgresRunIntake, PostgresRunQueue):
    """Implements `RunIntake` and `RunQueue`."""

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
        PostgresRunQueue.__init__(self, database, cipher, lease_seconds=lease_seconds)
        PostgresRunIntake.__init__(
            self,
            database,
            cipher,
            memory,
            default_employee=default_employee,
            turns_per_minute=turns_per_minute,
            daily_tokens=daily_tokens,
            lease_seconds=lease_seconds,
        )

    async def delete_expired_logs(self, days: float) -> int:
        """Delete the events of one batch of runs that ended more than so many days ago; returns the number of runs."""
        async with self.database.system_transaction() as connection:
            rows = await fetch_all(connection, QUERIES["expired_run_logs"], {"days": days, "max_rows": MAX_DELETED})
        for row in rows:
            async with self.database.transaction(str(row["user_id"])) as connection:
                await connection.execute(QUERIES["delete_run_log"], {"run_id": row["run_id"]})
        return len(rows)
