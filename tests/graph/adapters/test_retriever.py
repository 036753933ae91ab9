"""Passages are the caller's own, of the embedder's own model, similar enough, best first, five at most."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from math import cos, sin
from uuid import uuid4

import pytest
from sqlalchemy import text

from graph.adapters.database import Database
from graph.adapters.notes import Note, PostgresNotes
from graph.adapters.retriever import ACTING, TOP, PostgresRetriever
from tests.audit.vectors import ENOUGH, compare
from tests.fakes.ports import words
from tests.graph.conftest import Sql

pytestmark = pytest.mark.anyio


@dataclass
class Compass:
    """An embedder of directions: a text is the number of degrees by which it differs from the query `0`."""

    model: str = "compass"
    minimum_similarity: float = 0.5

    def anticipate(self, text: str) -> None:
        """Nothing to begin."""

    async def query(self, text: str) -> list[float]:
        return (await self.passages([text]))[0]

    async def passages(self, texts: Sequence[str]) -> list[list[float]]:
        angles = [float(text.split()[0]) * 3.141592653589793 / 180 for text in texts]
        return [[cos(angle), sin(angle), *([0.0] * 382)] for angle in angles]


@pytest.fixture
async def retriever(database_url: str, sql: Sql) -> AsyncIterator[PostgresRetriever]:
    async with PostgresRetriever.open(database_url, Compass()) as opened:
        yield opened


@pytest.fixture
def notes(database: Database) -> PostgresNotes:
    return PostgresNotes(database, Compass(), words)


def note(degrees: float, about: str = "") -> Note:
    return Note(f"note:{degrees}{about}", f"title {degrees}", f"{degrees} degrees {about}".strip())


async def test_passages_come_best_first_with_their_source(
    retriever: PostgresRetriever, notes: PostgresNotes, owner: str
) -> None:
    await notes.keep(owner, [note(40), note(10), note(25)])
    found = await retriever.search(owner, "0")
    assert [passage["text"] for passage in found] == ["10 degrees", "25 degrees", "40 degrees"]
    assert [passage["source"] for passage in found] == ["title 10", "title 25", "title 40"]
    assert [passage["similarity"] for passage in found] == [0.9848, 0.9063, 0.766]


async def test_what_is_not_similar_enough_is_left_out(
    retriever: PostgresRetriever, notes: PostgresNotes, owner: str
) -> None:
    await notes.keep(owner, [note(59), note(61), note(180)])
    assert [passage["text"] for passage in await retriever.search(owner, "0")] == ["59 degrees"]


async def test_there_are_five_at_most(retriever: PostgresRetriever, notes: PostgresNotes, owner: str) -> None:
    await notes.keep(owner, [note(degrees) for degrees in range(20)])
    found = await retriever.search(owner, "0")
    assert [passage["text"] for passage in found] == [f"{degrees} degrees" for degrees in range(TOP)]


async def test_of_two_users_with_nearly_the_same_texts_each_finds_only_the_own_ones(
    retriever: PostgresRetriever, notes: PostgresNotes, owner: str, stranger: str
) -> None:
    await notes.keep(owner, [note(degrees, "mine") for degrees in (10, 20, 30)])
    await notes.keep(stranger, [note(degrees, "theirs") for degrees in (1, 2, 3, 4, 5, 6, 7, 8)])
    assert [passage["text"] for passage in await retriever.search(owner, "0")] == [
        "10 degrees mine",
        "20 degrees mine",
        "30 degrees mine",
    ]
    assert all("theirs" in passage["text"] for passage in await retriever.search(stranger, "0"))


async def test_other_peoples_rows_do_not_crowd_out_ones_own(
    retriever: PostgresRetriever, notes: PostgresNotes, owner: str
) -> None:
    for _ in range(5):
        await notes.keep(str(uuid4()), [note(degrees) for degrees in range(20)])
    await notes.keep(owner, [note(50, "mine")])
    assert [passage["text"] for passage in await retriever.search(owner, "0")] == ["50 degrees mine"]


async def test_vectors_of_another_model_are_not_met(
    retriever: PostgresRetriever, database: Database, owner: str
) -> None:
    await PostgresNotes(database, Compass(model="sextant"), words).keep(owner, [note(1)])
    assert await retriever.search(owner, "0") == []


async def test_nothing_is_found_for_nobody(retriever: PostgresRetriever, notes: PostgresNotes, owner: str) -> None:
    await notes.keep(owner, [note(1)])
    assert await retriever.search(str(uuid4()), "0") == []
    async with retriever.engine.connect() as connection:
        assert (await connection.execute(text("select count(*) from memory_embeddings"))).scalar() == 0


async def test_a_search_leaves_no_claims_behind(retriever: PostgresRetriever, notes: PostgresNotes, owner: str) -> None:
    await notes.keep(owner, [note(1)])
    for _ in range(10):
        await retriever.search(owner, "0")
        assert ACTING.get() == ""
        async with retriever.engine.connect() as connection:
            assert (await connection.execute(text("select auth.uid()"))).scalar() is None


async def test_a_source_that_is_kept_again_is_replaced(
    retriever: PostgresRetriever, notes: PostgresNotes, owner: str
) -> None:
    await notes.keep(owner, [Note("note:a", "a", "10 old")])
    await notes.keep(owner, [Note("note:a", "a", "10 new")])
    assert [passage["text"] for passage in await retriever.search(owner, "0")] == ["10 new"]


async def test_somebody_elses_source_of_the_same_name_stays(
    retriever: PostgresRetriever, notes: PostgresNotes, owner: str, stranger: str
) -> None:
    await notes.keep(stranger, [Note("note:a", "a", "10 theirs")])
    await notes.keep(owner, [Note("note:a", "a", "10 mine")])
    assert [passage["text"] for passage in await retriever.search(stranger, "0")] == ["10 theirs"]


async def test_what_is_kept_names_its_model_scope_and_size(notes: PostgresNotes, owner: str, sql: Sql) -> None:
    await notes.keep(owner, [Note("note:a", "a title", "10 of four words", scope="tag-ai")])
    [row] = sql("select * from memory_embeddings where user_id = %(owner)s", owner=owner)
    assert (row["embedding_model"], row["owner_scope"], row["token_count"]) == ("compass", "tag-ai", 4)
    assert row["metadata"] == {"title": "a title"}


async def test_beside_fifty_times_as_many_texts_of_somebody_else_the_own_ones_are_found(
    admin_url: str, database_url: str
) -> None:
    found = await compare(admin_url, database_url, few=40, searches=20)
    assert found.foreign == 0
    assert found.recall >= ENOUGH
