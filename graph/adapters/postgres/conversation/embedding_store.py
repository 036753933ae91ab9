"""Masked texts with their vectors, as the retriever finds them.

`upsert` writes texts through langchain-postgres. `write` inserts one with plain SQL in a transaction of its caller: a summary
and its vector must be stored together, and langchain-postgres commits each statement on a connection of its own.
"""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from langchain_core.embeddings import Embeddings
from langchain_postgres import PGEngine, PGVectorStore
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb
from sqlalchemy import Connection as EngineConnection
from sqlalchemy import event
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from graph.adapters.postgres.database import BEGIN_SETTINGS, Connection, Database, claims
from graph.adapters.postgres.named_queries import adapter_queries
from graph.errors import DatabaseUnavailable
from graph.ports.models import CountTokens, Embedder

QUERIES = adapter_queries("memory")


@dataclass(frozen=True, slots=True)
class SourceText:
    """A masked text and where it comes from."""

    source_id: str
    title: str
    text: str
    scope: str = "global"
    """`global`, `conversation` or the slug of an employee."""


class PrecomputedVectors(Embeddings):
    """PGVectorStore requires an embedding service; the vectors come from the Embedder port instead."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        raise TypeError("the Embedder port makes the vectors")

    def embed_query(self, text: str) -> list[float]:
        raise TypeError("the Embedder port makes the vectors")


class EmbeddingStore:
    """Writes texts for one user at a time; a new text of a source replaces the former one."""

    def __init__(self, database: Database, embedder: Embedder, count_tokens: CountTokens) -> None:
        self.database = database
        self.embedder = embedder
        self.count_tokens = count_tokens

    async def upsert(self, user_id: str, texts: Sequence[SourceText]) -> None:
        """Store texts. If it fails midway, some sources may have no text until the call is repeated.

        Raises:
            DatabaseUnavailable: the database cannot be reached.
        """
        vectors = await self.embed(texts)
        try:
            async with user_engine(self.database, user_id) as engine:
                store = await open_vector_store(engine)
                await store.adelete(filter={"source_id": {"$in": [text.source_id for text in texts]}})
                await store.aadd_embeddings([text.text for text in texts], vectors, [self._row(text) for text in texts])
        except (OperationalError, InterfaceError) as error:
            raise DatabaseUnavailable(retry_after=1) from error

    async def embed(self, texts: Sequence[SourceText]) -> list[list[float]]:
        """One vector a text, in the same order."""
        return await self.embedder.passages([text.text for text in texts])

    async def write(self, connection: Connection, text: SourceText, vector: Sequence[float]) -> None:
        """Store a text in an open transaction of its user."""
        row = {**self._row(text), "chunk": text.text, "embedding": json.dumps(list(vector))}
        await connection.execute(QUERIES["delete_source"], row)
        await connection.execute(QUERIES["insert_embedding"], {**row, "metadata": Jsonb({"title": text.title})})

    def _row(self, text: SourceText) -> dict[str, str | int]:
        """The columns beside text and vector; the title becomes part of the column `metadata`."""
        return {
            "title": text.title,
            "scope": text.scope,
            "source_id": text.source_id,
            "embedding_model": self.embedder.model,
            "token_count": self.count_tokens(text.text),
        }


async def open_vector_store(engine: AsyncEngine) -> PGVectorStore:
    return await PGVectorStore.create(
        PGEngine.from_engine(engine),
        PrecomputedVectors(),
        "memory_embeddings",
        id_column="id",
        content_column="chunk",
        embedding_column="embedding",
        metadata_columns=["scope", "source_id", "embedding_model", "token_count"],
        metadata_json_column="metadata",
    )


@asynccontextmanager
async def user_engine(database: Database, user_id: str) -> AsyncIterator[AsyncEngine]:
    """An engine of SQLAlchemy whose transactions carry the user's claims, so that row level security applies to them."""

    async def connect() -> AsyncConnection[object]:
        # Behind a transaction pooler prepared statements do not survive.
        return await AsyncConnection.connect(database.url, prepare_threshold=None)

    engine = create_async_engine("postgresql+psycopg://", async_creator=connect, poolclass=NullPool)

    def set_claims(connection: EngineConnection) -> None:
        connection.exec_driver_sql(BEGIN_SETTINGS.decode(), (claims(user_id),))

    event.listen(engine.sync_engine, "begin", set_claims)
    try:
        yield engine
    finally:
        await engine.dispose()
