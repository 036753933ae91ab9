"""Reads `.sql` files of named queries.

Each query starts with the line `-- name: <name>`, followed by a comment that describes it.
"""

import re
from collections.abc import Mapping
from pathlib import Path

HEADER = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


def read_queries(*files: Path) -> Mapping[str, bytes]:
    """The queries of these files by name, encoded for psycopg.

    Raises:
        ValueError: two queries have one name.
    """
    queries: dict[str, bytes] = {}
    for file in files:
        _, *pairs = HEADER.split(file.read_text("utf-8"))
        for name, sql in zip(pairs[::2], pairs[1::2], strict=True):
            if name in queries:
                raise ValueError(f"{file.name}: there are two queries named {name}")
            queries[name] = sql.strip().rstrip(";").encode()
    return queries


def adapter_queries(name: str) -> Mapping[str, bytes]:
    """The queries of `graph/adapters/postgres/sql/<name>.sql`."""
    return read_queries(Path(__file__).parent / "sql" / f"{name}.sql")
