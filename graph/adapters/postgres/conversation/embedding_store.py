"""Masked texts with their vectors: what retrieval can find."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg.types.json import Jsonb

from graph.adapters.postgres.database import Connection, Database
from graph.adapters.postgres.named_queries import adapter_queries
from graph.ports.models import CountTokens, Embedder

QUERIES = adapter_queries("memory")


@dataclass(frozen=True, slots=True)
class Note:
    """A text and where it comes from; masked already."""

    source_id: str
    title: str
    text: str
    scope: str = "global"


class PostgresNotes:
    def __init__(self, database: Database, embedder: Embedder, count: CountTokens) -> None:
        self.database = database
        self.embedder = embedder
        self.count = count

    async def keep(self, user_id: str, notes: Sequence[Note]) -> None:
        """Store notes, each in place of what was stored of its source."""
        vectors = await self.vectors(notes)
        async with self.database.acting_for(user_id) as connection:
            await self.write(connection, notes, vectors)

    async def vectors(self, notes: Sequence[Note]) -> list[list[float]]:
        return await self.embedder.passages([note.text for note in notes])

    async def write(self, connection: Connection, notes: Sequence[Note], vectors: Sequence[Sequence[float]]) -> None:
        """Store notes in the transaction of a caller, who made their vectors before it began."""
        for note, vector in zip(notes, vectors, strict=True):
            values = {
                "scope": note.scope,
                "source_id": note.source_id,
                "chunk": note.text,
                "embedding": json.dumps(list(vector)),
                "model": self.embedder.model,
                "metadata": Jsonb({"title": note.title}),
                "token_count": self.count(note.text),
            }
            await connection.execute(QUERIES["delete_source"], values)
            await connection.execute(QUERIES["insert_embedding"], values)
