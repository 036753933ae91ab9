"""The rows on which tools compute (ports `ToolRuntime` and `Rows`)."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import structlog
from psycopg.rows import DictRow

from graph.adapters.base.rate_limiter import ToolCallLimiter
from graph.adapters.crypto.cipher import VaultCipher
from graph.adapters.postgres.database import Connection, Database, fetch_all, fetch_one
from graph.adapters.postgres.fencing import fence
from graph.adapters.postgres.named_queries import adapter_queries, read_queries
from graph.errors import DatabaseUnavailable
from graph.ports.tools import Effect
from graph.retry import READ_DELAYS, retry_on_database_down
from graph.tool import Files, Knowledge, NoFiles, NoKnowledge, Rows, Tool, ToolError, ToolOutput

log = structlog.get_logger(__name__)

QUERIES = adapter_queries("effects")

UNKNOWN_OUTCOME = (
    "this call was begun before, and it is not known whether it was carried out; "
    "tell the user to look, do not repeat it"
)


@dataclass(frozen=True, slots=True)
class UserRows:
    """The rows of one user, through the named queries of the tools."""

    database: Database
    queries: Mapping[str, bytes]
    user_id: str

    async def fetch(self, query: str, **parameters: object) -> list[dict[str, Any]]:
        return await retry_on_database_down(lambda: self._fetch(query, parameters), READ_DELAYS)

    async def _fetch(self, query: str, parameters: dict[str, object]) -> list[dict[str, Any]]:
        return await self.database.fetch_all(self.user_id, self.queries[query], parameters)


@dataclass(frozen=True, slots=True)
class TransactionRows:
    """The rows of one user, within a transaction that is open."""

    connection: Connection
    queries: Mapping[str, bytes]

    async def fetch(self, query: str, **parameters: object) -> list[dict[str, Any]]:
        try:
            return await fetch_all(self.connection, self.queries[query], parameters)
        except psycopg.OperationalError as error:
            raise DatabaseUnavailable(retry_after=1) from error


class PostgresToolbox:
    """The catalogue, for each caller the rows that its tools may read, and the ledger of what they change."""

    def __init__(
        self,
        database: Database,
        catalog: Mapping[str, Tool],
        queries: Sequence[Path],
        cipher: VaultCipher,
        commit: Callable[[str], Awaitable[None]],
        files: Callable[[str, str], Files] = lambda user_id, call: NoFiles(),
        knowledge: Callable[[str], Knowledge] = lambda user_id: NoKnowledge(),
    ) -> None:
        """
        Args:
            database: where the rows are.
            catalog: the tools by name.
            queries: folders of their queries.
            sealer: makes the hash of an effect's arguments.
            commit: stores all that a run has come to.
            files: where a call of a user's tools leaves files.
            knowledge: a user's stored texts.
        """
        self.database = database
        self.catalog = catalog
        self.queries = read_queries(*(file for folder in queries for file in sorted(folder.glob("*.sql"))))
        self.cipher = cipher
        self.commit = commit
        self.rates = ToolCallLimiter()
        self._files = files
        self.knowledge = knowledge

    def tools(self, names: Sequence[str]) -> Sequence[Tool]:
        return [self.catalog[name] for name in names if name in self.catalog]

    def try_acquire(self, user_id: str, tool: Tool) -> bool:
        return self.rates.try_acquire(user_id, tool.name, tool.max_calls_per_minute)

    def files(self, user_id: str, call: str = "") -> Files:
        return self._files(user_id, call)

    def rows(self, user_id: str) -> UserRows:
        return UserRows(self.database, self.queries, user_id)

    async def execute_once(self, effect: Effect, execute: Callable[[Rows], Awaitable[ToolOutput]]) -> ToolOutput:
        if effect.external:
            return await self._at_most_once(effect, execute)
        return await retry_on_database_down(lambda: self._once(effect, execute))

    async def _once(self, effect: Effect, execute: Callable[[Rows], Awaitable[ToolOutput]]) -> ToolOutput:
        if not effect.epoch:
            return await self._without_ledger(effect, execute)
        await self.commit(effect.run_id)
        async with self.database.transaction(effect.user_id) as connection:
            made = await self._entry(connection, effect)
            if made:
                return ToolOutput.from_json(made["result"])
            output = await execute(TransactionRows(connection, self.queries))
            await self._record(connection, effect, json.dumps(output.to_json()))
        return output

    async def _at_most_once(self, effect: Effect, execute: Callable[[Rows], Awaitable[ToolOutput]]) -> ToolOutput:
        """Make an effect that no transaction can hold."""
        if effect.epoch and (begun := await retry_on_database_down(lambda: self._begin(effect))):
            if begun["result"] is None:
                raise ToolError(UNKNOWN_OUTCOME)
            return ToolOutput.from_json(begun["result"])
        output = await execute(self.rows(effect.user_id))
        if effect.epoch:
            try:
                await retry_on_database_down(lambda: self._complete(effect, json.dumps(output.to_json())), READ_DELAYS)
            except DatabaseUnavailable as error:  # it was made, and its entry keeps it from being made again
                log.warning("effect_not_completed", tool=effect.tool, reason=error.code)
        return output

    async def _begin(self, effect: Effect) -> DictRow | None:
        """Write the entry of an effect without a result; if there is one, that."""
        await self.commit(effect.run_id)
        async with self.database.transaction(effect.user_id) as connection:
            begun = await self._entry(connection, effect)
            if begun is None:
                await self._record(connection, effect, None)
        return begun

    async def _complete(self, effect: Effect, result: str) -> None:
        async with self.database.transaction(effect.user_id) as connection:
            await fence(connection, effect.run_id, effect.epoch)
            await connection.execute(QUERIES["complete_effect"], {**place_of(effect), "result": result})

    async def _entry(self, connection: Connection, effect: Effect) -> DictRow | None:
        """The entry of an effect, while nobody can take over its run.

        Raises: LeaseLost.
        """
        await fence(connection, effect.run_id, effect.epoch)
        return await fetch_one(connection, QUERIES["read_effect"], place_of(effect))

    async def _record(self, connection: Connection, effect: Effect, result: str | None) -> None:
        entry = {"tool": effect.tool, "arguments_hash": self._hash(effect), "result": result}
        await connection.execute(QUERIES["record_effect"], {**place_of(effect), **entry})

    async def _without_ledger(self, effect: Effect, execute: Callable[[Rows], Awaitable[ToolOutput]]) -> ToolOutput:
        """An effect of a turn that is no accepted run, as in LangGraph Studio: nobody takes it over and makes it again."""
        async with self.database.transaction(effect.user_id) as connection:
            return await execute(TransactionRows(connection, self.queries))

    def _hash(self, effect: Effect) -> bytes:
        return self.cipher.digest(effect.tool, json.dumps(effect.arguments, sort_keys=True))


def place_of(effect: Effect) -> dict[str, Any]:
    return {"run_id": effect.run_id, "ordinal": effect.ordinal}
