"""Similar texts of the owner (port `Retriever`), with langchain-postgres on the migration's own table."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Self

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_postgres import PGEngine, PGVectorStore
from langchain_postgres.v2.indexes import DistanceStrategy
from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as SQLAlchemyTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from graph.adapters.anticipation import Anticipated
from graph.adapters.database import WAIT_SECONDS, claims
from graph.errors import DatabaseUnavailable
from graph.ports import Embedder
from graph.state import Passage

ACTING: ContextVar[str] = ContextVar("acting", default="")
"""Whose search is running: SQLAlchemy's event has no other way to know. Without it there are no claims, hence no rows."""

TOP = 5
"""Passages a question gets at most, as in the original."""


class VectorsOnly(Embeddings):
    """PGVectorStore wants an embedding service; ours is asked beforehand, off the event loop."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        raise TypeError("vectors are made by the Embedder port")

    def embed_query(self, text: str) -> list[float]:
        raise TypeError("vectors are made by the Embedder port")


class PostgresRetriever:
    """Searches a user's rows exactly, best first."""

    def __init__(self, embedder: Embedder, engine: AsyncEngine, store: PGVectorStore) -> None:
        self.embedder = embedder
        self.engine = engine
        self.store = store
        self._begun: Anticipated[list[Passage]] = Anticipated()

    @classmethod
    @asynccontextmanager
    async def open(cls, address: str, embedder: Embedder) -> AsyncIterator[Self]:
        engine = create_async_engine(
            address.replace("postgresql://", "postgresql+psycopg://", 1),
            pool_size=4,
            max_overflow=4,
            pool_timeout=WAIT_SECONDS,
        )
        event.listen(engine.sync_engine, "begin", set_claims)
        try:
            yield cls(embedder, engine, await open_store(engine))
        finally:
            await engine.dispose()

    def anticipate(self, owner: str, query: str) -> None:
        """Begin to search."""
        self._begun.begin((owner, query), self._search(owner, query))

    async def search(self, owner: str, query: str) -> list[Passage]:
        return await (self._begun.take((owner, query)) or self._search(owner, query))

    async def _search(self, owner: str, query: str) -> list[Passage]:
        vector = await self.embedder.query(query)
        try:
            found = await self._nearest(owner, vector)
        except OperationalError:
            # The server was restarted: SQLAlchemy has emptied its pool at the first broken connection.
            try:
                found = await self._nearest(owner, vector)
            except OperationalError as error:
                raise DatabaseUnavailable(retry_after=1) from error
        passages = [to_passage(document, 1 - distance) for document, distance in found]
        return [passage for passage in passages if passage["similarity"] >= self.embedder.minimum_similarity]

    async def _nearest(self, owner: str, vector: list[float]) -> list[tuple[Document, float]]:
        caller = ACTING.set(owner)
        try:
            return await self.store.asimilarity_search_with_score_by_vector(
                vector, k=TOP, filter={"embedding_model": self.embedder.model}
            )
        except SQLAlchemyTimeout as error:
            raise DatabaseUnavailable(retry_after=1) from error
        finally:
            ACTING.reset(caller)


async def open_store(engine: AsyncEngine) -> PGVectorStore:
    return await PGVectorStore.create(
        PGEngine.from_engine(engine),
        VectorsOnly(),
        "memory_embeddings",
        id_column="id",
        content_column="chunk",
        embedding_column="embedding",
        metadata_columns=["embedding_model", "source_id"],
        metadata_json_column="metadata",
        distance_strategy=DistanceStrategy.COSINE_DISTANCE,
    )


def set_claims(connection: Connection) -> None:
    """Runs as each transaction of the engine begins."""
    connection.exec_driver_sql(
        "select set_config('request.jwt.claims', %(claims)s, true)",
        {"claims": claims(ACTING.get()) if ACTING.get() else ""},
    )


def to_passage(document: Document, similarity: float) -> Passage:
    return Passage(
        id=str(document.id),
        text=document.page_content,
        source=str(document.metadata.get("title") or document.metadata["source_id"]),
        similarity=round(float(similarity), 4),
    )
