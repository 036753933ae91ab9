"""Two users have nearly the same texts, one fifty times as many: each finds the own ones only, and those that are nearest.

python -m tests.audit.vectors
"""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg

from graph.adapters.postgres.conversation.retriever import PostgresRetriever
from graph.adapters.postgres.database import Database
from tests.audit.database import own_database
from tests.audit.line import Line

DIMENSIONS = 384
TOPICS = 20
"""Texts lie close together around so many topics, as real ones do; on vectors without any order nothing can be found."""
RATIO = 50
NEAREST = 10
ENOUGH = 0.95
MODEL = "audit"

Vectors = np.ndarray[Any, np.dtype[np.float64]]


class NoText:
    """An embedder that is never asked."""

    model = MODEL
    minimum_similarity = -1.0

    async def query(self, text: str) -> list[float]:
        raise AssertionError

    async def passages(self, texts: Sequence[str]) -> list[list[float]]:
        raise AssertionError


@dataclass(frozen=True)
class Found:
    """What the searches of both users came to."""

    searches: int
    foreign: int
    recall: float
    """Of the ten that are nearest, computed over all vectors of the user, so many were found; the worse user's share."""


def near(dice: np.random.Generator, topics: Vectors, number: int) -> Vectors:
    """Vectors of length 1 near the topics, each topic in turn."""
    around = topics[np.arange(number) % TOPICS] + dice.normal(scale=0.02, size=(number, DIMENSIONS))
    unit: Vectors = around / np.linalg.norm(around, axis=1, keepdims=True)
    return unit


def keep(admin_url: str, user: str, vectors: Vectors) -> None:
    """Store the vectors as a user's texts; a text is the user and the vector's number."""
    with psycopg.connect(admin_url) as connection, connection.cursor() as cursor:
        statement = "copy memory_embeddings (user_id, source_id, chunk, embedding, embedding_model) from stdin"
        with cursor.copy(statement) as copy:
            for number, vector in enumerate(vectors):
                copy.write_row((user, f"note:{number}", f"{user} {number}", str(vector.tolist()), MODEL))
        cursor.execute("analyze memory_embeddings")


async def search(retriever: PostgresRetriever, user: str, vector: Vectors) -> list[str]:
    """The texts that a user finds."""
    found = await retriever.nearest(user, vector.tolist(), NEAREST)
    return [passage["text"] for passage in found]


async def compare(admin_url: str, server_url: str, few: int, searches: int) -> Found:
    """Search as both users, at one time, for what lies near the topics."""
    dice = np.random.default_rng(5)
    topics = dice.normal(size=(TOPICS, DIMENSIONS))
    topics /= np.linalg.norm(topics, axis=1, keepdims=True)
    texts = {str(uuid.uuid4()): near(dice, topics, number) for number in (few, few * RATIO)}
    for user, vectors in texts.items():
        keep(admin_url, user, vectors)
    foreign = 0
    shares: dict[str, list[float]] = {user: [] for user in texts}
    async with Database.open(server_url, size=4) as database:
        retriever = PostgresRetriever(database, NoText())
        for question in near(dice, topics, searches):
            answers = await asyncio.gather(*(search(retriever, user, question) for user in texts))
            for (user, vectors), found in zip(texts.items(), answers, strict=True):
                nearest = {f"{user} {number}" for number in np.argsort(-(vectors @ question))[:NEAREST]}
                foreign += sum(not text.startswith(user) for text in found)
                shares[user].append(len(nearest & set(found)) / NEAREST)
    return Found(2 * searches, foreign, min(float(np.mean(share)) for share in shares.values()))


def measure() -> Line:
    with own_database() as (admin_url, server_url):
        found = asyncio.run(compare(admin_url, server_url, few=200, searches=100))
    return Line(
        f"Of two users with nearly the same texts, {RATIO} to 1, each finds the own ones",
        f"{found.foreign} foreign rows in {found.searches} searches, recall@{NEAREST} {found.recall:.3f} of exact",
        not found.foreign and found.recall >= ENOUGH,
    )


if __name__ == "__main__":
    print(measure())
