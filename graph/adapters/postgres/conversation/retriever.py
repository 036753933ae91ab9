"""Texts of a user that resemble a query (port `Retriever`): an exact search, in one statement of our own.

langchain-postgres writes texts (see `embedding_store`) but does not search them: its search uses SQLAlchemy, which takes
twice as long, and gives its filters random names, so Postgres plans every search again.
"""

import json

from graph.adapters.postgres.database import Database
from graph.adapters.postgres.named_queries import adapter_queries
from graph.ports.models import Embedder
from graph.state import Passage

QUERIES = adapter_queries("memory")

MAX_PASSAGES = 5
"""Passages that a question gets."""


class PostgresRetriever:
    """Searches all vectors that a user has of the embedder's model."""

    def __init__(self, database: Database, embedder: Embedder) -> None:
        self.database = database
        self.embedder = embedder

    async def search(self, user_id: str, query: str) -> list[Passage]:
        passages = await self.nearest(user_id, await self.embedder.query(query))
        return [passage for passage in passages if passage["similarity"] >= self.embedder.minimum_similarity]

    async def nearest(self, user_id: str, vector: list[float], limit: int = MAX_PASSAGES) -> list[Passage]:
        """The user's texts by descending cosine similarity to a vector of the embedder's model."""
        values = {"vector": json.dumps(vector), "model": self.embedder.model, "limit": limit}
        rows = await self.database.fetch_all(user_id, QUERIES["nearest_texts"], values)
        return [
            Passage(
                id=str(row["id"]),
                text=row["chunk"],
                source=row["title"] or row["source_id"],
                similarity=round(row["similarity"], 4),
            )
            for row in rows
        ]
