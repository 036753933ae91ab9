"""The rows on which tools compute (ports `Toolbox` and `Rows`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graph.adapters.database import Database, fetch_all
from graph.adapters.queries import read_queries
from graph.tool import Tool


@dataclass(frozen=True, slots=True)
class OwnedRows:
    """The rows of one user, through the named queries of the tools."""

    database: Database
    queries: Mapping[str, bytes]
    owner: str

    async def fetch(self, query: str, **parameters: object) -> list[dict[str, Any]]:
        async with self.database.acting_for(self.owner) as connection:
            return await fetch_all(connection, self.queries[query], parameters)


class PostgresToolbox:
    """The catalogue, and for each caller the rows that its tools may read."""

    def __init__(self, database: Database, catalog: Mapping[str, Tool], queries: Path) -> None:
        self.database = database
        self.catalog = catalog
        self.queries = read_queries(*sorted(queries.glob("*.sql")))

    def tools(self, names: Sequence[str]) -> Sequence[Tool]:
        return [self.catalog[name] for name in names]

    def rows(self, owner: str) -> OwnedRows:
        return OwnedRows(self.database, self.queries, owner)
