"""Passages are the caller's own, of the embedder's own model, similar enough, best first, five at most."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, sin
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from graph.adapters.postgres.conversation.embedding_store import (
    EmbeddingStore,
    SourceText,
    open_vector_store,
    user_engine,
)
from graph.adapters.postgres.conversation.retriever import MAX_PASSAGES, PostgresRetriever
from graph.adapters.postgres.database import Database, fetch_one
from graph.errors import DatabaseUnavailable
from tests.audit.vectors import ENOUGH, compare
from tests.support.database import Sql
from tests.support.fakes.ports import words


@dataclass
class Compass:
    """An embedder of directions: a text is the number of degrees by which it differs from the query `0`."""

    model: str = "compass"
    minimum_similarity: float = 0.5

    async def query(self, text: str) -> list[float]:
        return (await self.passages([text]))[0]

    async def passages(self, texts: Sequence[str]) -> list[list[float]]:
        angles = [float(text.split()[0]) * 3.141592653589793 / 180 for text in texts]
        return [[cos(angle), sin(angle), *([0.0] * 382)] for angle in angles]


@pytest.fixture
def retriever(database: Database) -> PostgresRetriever:
    return PostgresRetriever(database, Compass())


@pytest.fixture
def notes(database: Database) -> EmbeddingStore:
    return EmbeddingStore(database, Compass(), words)


def note(degrees: float, about: str = "") -> SourceText:
    return SourceText(f"note:{degrees}{about}", f"title {degrees}", f"{degrees} degrees {about}".strip())


async def test_passages_come_best_first_with_their_source(
    retriever: PostgresRetriever, notes: EmbeddingStore, user_id: str
) -> None:
    await notes.upsert(user_id, [note(40), note(10), note(25)])
    found = await retriever.search(user_id, "0")
    assert [passage["text"] for passage in found] == ["10 degrees", "25 degrees", "40 degrees"]
    assert [passage["source"] for passage in found] == ["title 10", "title 25", "title 40"]
    assert [passage["similarity"] for passage in found] == [0.9848, 0.9063, 0.766]


async def test_what_is_not_similar_enough_is_left_out(
    retriever: PostgresRetriever, notes: EmbeddingStore, user_id: str
) -> None:
    await notes.upsert(user_id, [note(59), note(61), note(180)])
    assert [passage["text"] for passage in await retriever.search(user_id, "0")] == ["59 degrees"]


async def test_there_are_five_at_most(retriever: PostgresRetriever, notes: EmbeddingStore, user_id: str) -> None:
    await notes.upsert(user_id, [note(degrees) for degrees in range(20)])
    found = await retriever.search(user_id, "0")
    assert [passage["text"] for passage in found] == [f"{degrees} degrees" for degrees in range(MAX_PASSAGES)]


async def test_of_two_users_with_nearly_the_same_texts_each_finds_only_the_own_ones(
    retriever: PostgresRetriever, notes: EmbeddingStore, user_id: str, stranger: str
) -> None:
    await notes.upsert(user_id, [note(degrees, "mine") for degrees in (10, 20, 30)])
    await notes.upsert(stranger, [note(degrees, "theirs") for degrees in (1, 2, 3, 4, 5, 6, 7, 8)])
    assert [passage["text"] for passage in await retriever.search(user_id, "0")] == [
        "10 degrees mine",
        "20 degrees mine",
        "30 degrees mine",
    ]
    assert all("theirs" in passage["text"] for passage in await retriever.search(stranger, "0"))


async def test_other_peoples_rows_do_not_crowd_out_ones_own(
    retriever: PostgresRetriever, notes: EmbeddingStore, user_id: str
) -> None:
    for _ in range(5):
        await notes.upsert(str(uuid4()), [note(degrees) for degrees in range(20)])
    await notes.upsert(user_id, [note(50, "mine")])
    assert [passage["text"] for passage in await retriever.search(user_id, "0")] == ["50 degrees mine"]


async def test_vectors_of_another_model_are_not_met(
    retriever: PostgresRetriever, database: Database, user_id: str
) -> None:
    await EmbeddingStore(database, Compass(model="sextant"), words).upsert(user_id, [note(1)])
    assert await retriever.search(user_id, "0") == []


async def test_nothing_is_found_for_nobody(retriever: PostgresRetriever, notes: EmbeddingStore, user_id: str) -> None:
    await notes.upsert(user_id, [note(1)])
    assert await retriever.search(str(uuid4()), "0") == []


async def test_a_search_leaves_no_claims_behind(
    retriever: PostgresRetriever, database: Database, notes: EmbeddingStore, user_id: str
) -> None:
    await notes.upsert(user_id, [note(1)])
    for _ in range(10):
        await retriever.search(user_id, "0")
        async with database.system_transaction() as connection:
            row = await fetch_one(
                connection, b"select auth.uid() as uid, (select count(*) from memory_embeddings) as seen", {}
            )
        assert row == {"uid": None, "seen": 0}


async def test_all_searches_are_one_statement_to_postgres(
    database_url: str, notes: EmbeddingStore, user_id: str, stranger: str
) -> None:
    await notes.upsert(user_id, [note(1)])
    async with Database.open(database_url, size=1) as narrow:
        retriever = PostgresRetriever(narrow, Compass())
        for asking in [user_id, stranger] * 10:
            await retriever.search(asking, "0")
        async with narrow.system_transaction() as connection:
            query = b"select count(*) from pg_prepared_statements where statement like '%%<=>%%'"
            row = await fetch_one(connection, query, {})
    assert row == {"count": 1}


async def test_a_source_that_is_kept_again_is_replaced(
    retriever: PostgresRetriever, notes: EmbeddingStore, user_id: str
) -> None:
    await notes.upsert(user_id, [SourceText("note:a", "a", "10 old")])
    await notes.upsert(user_id, [SourceText("note:a", "a", "10 new")])
    assert [passage["text"] for passage in await retriever.search(user_id, "0")] == ["10 new"]


async def test_somebody_elses_source_of_the_same_name_stays(
    retriever: PostgresRetriever, notes: EmbeddingStore, user_id: str, stranger: str
) -> None:
    await notes.upsert(stranger, [SourceText("note:a", "a", "10 theirs")])
    await notes.upsert(user_id, [SourceText("note:a", "a", "10 mine")])
    assert [passage["text"] for passage in await retriever.search(stranger, "0")] == ["10 theirs"]


async def test_what_is_kept_names_its_model_scope_and_size(notes: EmbeddingStore, user_id: str, sql: Sql) -> None:
    await notes.upsert(user_id, [SourceText("note:a", "a title", "10 of four words", scope="tag-ai")])
    [row] = sql("select * from memory_embeddings where user_id = %(user_id)s", user_id=user_id)
    assert (row["embedding_model"], row["scope"], row["token_count"]) == ("compass", "tag-ai", 4)
    assert row["metadata"] == {"title": "a title"}


async def test_beside_fifty_times_as_many_texts_of_somebody_else_the_own_ones_are_found(
    admin_url: str, database_url: str
) -> None:
    found = await compare(admin_url, database_url, few=40, searches=20)
    assert found.foreign == 0
    assert found.recall >= ENOUGH


async def test_texts_that_are_written_without_a_user_are_refused(database: Database) -> None:
    async with user_engine(database, str(uuid4())) as engine, engine.connect() as connection:
        await connection.execute(text("select set_config('request.jwt.claims', '', true)"))
        with pytest.raises(DBAPIError, match=r"row-level security|null value"):
            await connection.execute(
                text(
                    "insert into memory_embeddings (source_id, chunk, embedding, embedding_model) "
                    "values ('s', 'c', array_fill(0.1, array[384])::vector, 'm')"
                )
            )


async def test_the_vector_store_sees_the_rows_of_its_user_only(
    database: Database, notes: EmbeddingStore, user_id: str, stranger: str
) -> None:
    await notes.upsert(user_id, [note(1)])
    for user, expected in ((user_id, 1), (stranger, 0)):
        async with user_engine(database, user) as engine:
            found = await (await open_vector_store(engine)).asimilarity_search_by_vector([1.0, *([0.0] * 383)])
        assert len(found) == expected


async def test_a_database_that_is_down_is_told_as_such(notes: EmbeddingStore, user_id: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(notes.database.pool, "conninfo", "postgresql://chat_server@127.0.0.1:1/chat")
        with pytest.raises(DatabaseUnavailable):
            await notes.upsert(user_id, [note(1)])
