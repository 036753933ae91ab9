"""What tools work with: the rows of their user, and the effect ledger (ports `ToolRuntime` and `Rows`)."""

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
    """The rows of one user, read through the tools' named queries."""

    database: Database
    queries: Mapping[str, bytes]
    user_id: str

    async def fetch(self, query: str, **parameters: object) -> list[dict[str, Any]]:
        return await retry_on_database_down(lambda: self._fetch(query, parameters), READ_DELAYS)

    async def _fetch(self, query: str, parameters: dict[str, object]) -> list[dict[str, Any]]:
        return await self.database.fetch_all(self.user_id, self.queries[query], parameters)


@dataclass(frozen=True, slots=True)
class TransactionRows:
    """The rows of one user, within an open transaction."""

    connection: Connection
    queries: Mapping[str, bytes]

    async def fetch(self, query: str, **parameters: object) -> list[dict[str, Any]]:
        try:
            return await fetch_all(self.connection, self.queries[query], parameters)
        except psycopg.OperationalError as error:
            raise DatabaseUnavailable(retry_after=1) from error


class PostgresToolbox:
    """The tool catalogue, the rows of each user, and the effect ledger, which makes effects happen once."""

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
            database: holds the rows and the effect ledger.
            catalog: the tools by name.
            queries: folders with the tools' `.sql` files.
            cipher: hashes the arguments of effects.
            commit: stores the checkpoints of a run, given its id.
            files: the files of a user's call, given user and call.
            knowledge: the stored texts of a user.
        """
        self.database = database
        self.catalog = catalog
        self.queries = read_queries(*(file for folder in queries for file in sorted(folder.glob("*.sql"))))
        self.cipher = cipher
        self.commit = commit
        self.limiter = ToolCallLimiter()
        self._files = files
        self.knowledge = knowledge

    def tools(self, names: Sequence[str]) -> Sequence[Tool]:
        return [self.catalog[name] for name in names if name in self.catalog]

    def try_acquire(self, user_id: str, tool: Tool) -> bool:
        return self.limiter.try_acquire(user_id, tool.name, tool.max_calls_per_minute)

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
            return await self._execute_unrecorded(effect, execute)
        await self.commit(effect.run_id)
        async with self.database.transaction(effect.user_id) as connection:
            entry = await self._entry(connection, effect)
            if entry:
                return ToolOutput.from_json(entry["result"])
            output = await execute(TransactionRows(connection, self.queries))
            await self._record(connection, effect, json.dumps(output.to_json()))
        return output

    async def _at_most_once(self, effect: Effect, execute: Callable[[Rows], Awaitable[ToolOutput]]) -> ToolOutput:
        """Execute an external effect, which no transaction can undo."""
        if effect.epoch and (entry := await retry_on_database_down(lambda: self._begin(effect))):
            if entry["result"] is None:
                raise ToolError(UNKNOWN_OUTCOME)
            return ToolOutput.from_json(entry["result"])
        output = await execute(self.rows(effect.user_id))
        if effect.epoch:
            try:
                await retry_on_database_down(lambda: self._complete(effect, json.dumps(output.to_json())), READ_DELAYS)
            except DatabaseUnavailable as error:  # the effect happened, and its entry prevents a repetition
                log.warning("effect_not_completed", tool=effect.tool, reason=error.code)
        return output

    async def _begin(self, effect: Effect) -> DictRow | None:
        """Add an entry without a result; returns the existing entry if there is one."""
        await self.commit(effect.run_id)
        async with self.database.transaction(effect.user_id) as connection:
            entry = await self._entry(connection, effect)
            if entry is None:
                await self._record(connection, effect, None)
        return entry

    async def _complete(self, effect: Effect, result: str) -> None:
        async with self.database.transaction(effect.user_id) as connection:
            await fence(connection, effect.run_id, effect.epoch)
            await connection.execute(QUERIES["complete_effect"], {**effect_key(effect), "result": result})

    async def _entry(self, connection: Connection, effect: Effect) -> DictRow | None:
        """The entry of an effect, read in a fenced transaction."""
        await fence(connection, effect.run_id, effect.epoch)
        return await fetch_one(connection, QUERIES["read_effect"], effect_key(effect))

    async def _record(self, connection: Connection, effect: Effect, result: str | None) -> None:
        entry = {"tool": effect.tool, "arguments_hash": self._hash(effect), "result": result}
        await connection.execute(QUERIES["record_effect"], {**effect_key(effect), **entry})

    async def _execute_unrecorded(self, effect: Effect, execute: Callable[[Rows], Awaitable[ToolOutput]]) -> ToolOutput:
        """Execute an effect of a turn without an accepted run, as in LangGraph Studio: no process can repeat such a turn."""
        async with self.database.transaction(effect.user_id) as connection:
            return await execute(TransactionRows(connection, self.queries))

    def _hash(self, effect: Effect) -> bytes:
        return self.cipher.digest(effect.tool, json.dumps(effect.arguments, sort_keys=True))


def effect_key(effect: Effect) -> dict[str, Any]:
    return {"run_id": effect.run_id, "ordinal": effect.ordinal}
