"""Vectors of one width and unit length; the same text has the same vector."""

import asyncio
import math
from pathlib import Path

import pytest

from graph.adapters.embeddings.local import LocalEmbedder, package_file
from graph.errors import ConfigurationError
from graph.ports.models import DIMENSIONS


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> LocalEmbedder:
    return LocalEmbedder(tmp_path_factory.mktemp("embedder"))


def length(vector: list[float]) -> float:
    return math.sqrt(sum(number * number for number in vector))


def similarity(one: list[float], two: list[float]) -> float:
    return sum(a * b for a, b in zip(one, two, strict=True))


TEXTS = ("rent contract", "", " ", "💶 naïve", "x", "word " * 5000, "[CARD_7K3Q9D] was declined", "a\x00b")


async def test_every_text_has_a_vector_of_unit_length(embedder: LocalEmbedder) -> None:
    for vector in await embedder.passages(TEXTS):
        assert len(vector) == DIMENSIONS == 384
        assert math.isclose(length(vector), 1, abs_tol=1e-5)


async def test_the_same_text_has_the_same_vector_as_query_and_passage(embedder: LocalEmbedder) -> None:
    [passage] = await embedder.passages(["When does my rent contract end?"])
    assert await embedder.query("When does my rent contract end?") == passage
    assert await embedder.query("When does my rent contract end?") == passage


async def test_another_machine_would_give_the_same_vector(embedder: LocalEmbedder, tmp_path: Path) -> None:
    assert await LocalEmbedder(tmp_path).query("rent contract") == await embedder.query("rent contract")


def test_the_network_is_quantised_once_and_left_alone(tmp_path: Path) -> None:
    LocalEmbedder(tmp_path)
    [network] = tmp_path.iterdir()
    made = network.stat().st_mtime_ns
    LocalEmbedder(tmp_path)
    assert (network.stat().st_mtime_ns, [*tmp_path.iterdir()]) == (made, [network])


async def test_the_loop_goes_on_while_a_text_is_embedded(embedder: LocalEmbedder) -> None:
    work = asyncio.create_task(embedder.passages(["a long text about money " * 100] * 20))
    turns = 0
    while not work.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert turns > 20


@pytest.mark.parametrize(
    ("question", "related", "unrelated"),
    [
        ("when does my lease end?", "The rent contract runs until June.", "The card pays 3 percent on restaurants."),
        ("how big is my safety cushion?", "The emergency fund holds four months.", "Receipts go into the blue folder."),
        ("what do I owe the tax office?", "The accountant files taxes in May.", "Plan meals on Sunday, buy staples."),
    ],
)
async def test_related_texts_are_nearer_than_unrelated_ones(
    embedder: LocalEmbedder, question: str, related: str, unrelated: str
) -> None:
    query = await embedder.query(question)
    near, far = await embedder.passages([related, unrelated])
    assert similarity(query, near) > similarity(query, far)


async def test_the_minimum_keeps_what_answers_and_not_what_does_not(embedder: LocalEmbedder) -> None:
    query = await embedder.query("When does the rent contract end?")
    near, far = await embedder.passages(["The rent contract runs until the end of June.", "hello"])
    assert similarity(query, near) > embedder.minimum_similarity > similarity(query, far)


def test_a_missing_package_is_named() -> None:
    with pytest.raises(ConfigurationError, match="no_such_package"):
        package_file("no_such_package", "data")


# A provider's model ---------------------------------------------------------------------------------------------------
