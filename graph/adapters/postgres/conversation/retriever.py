"""Similar texts of the owner (port `Retriever`), with langchain-postgres on the migration's own table."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from copy import copy
from typing import Any, Self, cast

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_postgres import PGEngine
from langchain_postgres.v2.async_vectorstore import AsyncPGVectorStore
from langchain_postgres.v2.indexes import DistanceStrategy
from psycopg.rows import DictRow
from sqlalchemy import TextClause
from sqlalchemy.ext.asyncio import AsyncEngine

from graph.adapters.postgres.database import Database
from graph.ports.models import Embedder
from graph.state import Passage

TOP = 5
"""Passages a question gets at most, as in the original."""

NOBODY = ""

NAMED = re.compile(r"(?<!:):(\w+)")
"""A parameter as SQLAlchemy writes it."""


class VectorsOnly(Embeddings):
    """The vector store wants an embedding service; ours is asked beforehand, off the event loop."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        raise TypeError("vectors are made by the Embedder port")

    def embed_query(self, text: str) -> list[float]:
        raise TypeError("vectors are made by the Embedder port")


class ActingEngine:
    """What the vector store takes for SQLAlchemy's engine, and for its one connection: statements are run for a user, on the
    connections that everything else uses. SQLAlchemy's own way to the same rows takes twice as long."""

    def __init__(self, database: Database, user_id: str) -> None:
        self.database = database
        self.user_id = user_id

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Self]:
        yield self

    async def execute(self, statement: TextClause, values: Mapping[str, Any]) -> "Found":
        query = NAMED.sub(r"%(\1)s", statement.text)
        return Found(await self.database.rows(self.user_id, query.encode(), values))


class Found(list[DictRow]):
    """Rows, with what the vector store asks of SQLAlchemy's result."""

    def mappings(self) -> Self:
        return self

    def fetchall(self) -> Self:
        return self


class OwnedVectors(AsyncPGVectorStore):
    """A store whose statements are always the same, so that Postgres plans them once: in those of langchain-postgres each
    filter has a random name."""

    def _create_filter_clause(self, filters: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        return " and ".join(f'"{name}" = :{name}' for name in filters), dict(filters)

    def of(self, database: Database, user_id: str) -> Self:
        """The same with the rows of a user."""
        own = copy(self)
        own.engine = engine_of(database, user_id)
        return own


class PostgresRetriever:
    """Searches a user's rows exactly, best first."""

    def __init__(self, database: Database, embedder: Embedder, store: OwnedVectors) -> None:
        self.database = database
        self.embedder = embedder
        self.store = store

    @classmethod
    async def open(cls, database: Database, embedder: Embedder) -> Self:
        return cls(database, embedder, await open_store(database))

    async def search(self, user_id: str, query: str) -> list[Passage]:
        found = await self.nearest(user_id, await self.embedder.query(query))
        passages = [to_passage(document, 1 - distance) for document, distance in found]
        return [passage for passage in passages if passage["similarity"] >= self.embedder.minimum_similarity]

    async def nearest(self, user_id: str, vector: list[float], most: int = TOP) -> list[tuple[Document, float]]:
        """The texts of a user that are nearest to a vector of the embedder, and their distances (1 - cosine)."""
        own = self.store.of(self.database, user_id)
        return await own.asimilarity_search_with_score_by_vector(
            vector, k=most, filter={"embedding_model": self.embedder.model}
        )


async def open_store(database: Database) -> OwnedVectors:
    store = await OwnedVectors.create(
        PGEngine.from_engine(engine_of(database, NOBODY)),
        VectorsOnly(),
        "memory_embeddings",
        id_column="id",
        content_column="chunk",
        embedding_column="embedding",
        metadata_columns=["embedding_model", "source_id"],
        metadata_json_column="metadata",
        distance_strategy=DistanceStrategy.COSINE_DISTANCE,
    )
    return cast(OwnedVectors, store)


def engine_of(database: Database, user_id: str) -> AsyncEngine:
    return cast(AsyncEngine, ActingEngine(database, user_id))


def to_passage(document: Document, similarity: float) -> Passage:
    return Passage(
        id=str(document.id),
        text=document.page_content,
        source=str(document.metadata.get("title") or document.metadata["source_id"]),
        similarity=round(float(similarity), 4),
    )
