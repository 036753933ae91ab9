"""A prefetched result is used once, by the call that it was started for; every other call reaches the wrapped port."""

import asyncio
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from graph.adapters.prefetch import (
    MAX_PENDING,
    PrefetchCache,
    PrefetchingEmbedder,
    PrefetchingMemory,
    PrefetchingRedactor,
    PrefetchingRetriever,
    TurnPrefetcher,
)
from graph.errors import RedactionFailed
from graph.ports.memory import MemorySnapshot
from graph.ports.redaction import MaskedTexts
from graph.ports.runs import Run
from tests.support.fakes.ports import (
    NAME,
    OWNER,
    RUN,
    SESSION,
    TOKEN,
    FakeMemory,
    FakeRetriever,
    OneNameRedactor,
    passage,
)

STRANGER = "0b4e2f8e-0000-4000-8000-000000000002"
NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)


@dataclass
class LengthEmbedder:
    """Port `Embedder`: a text's vector is its length."""

    queries: list[str] = field(default_factory=list)
    model: str = "length"
    minimum_similarity: float = 0.5

    async def query(self, text: str) -> list[float]:
        self.queries.append(text)
        return [float(len(text))]

    async def passages(self, texts: Sequence[str]) -> list[list[float]]:
        return [[float(len(text))] for text in texts]


@dataclass
class Wrapped:
    """The ports behind a prefetcher, and the wrappers in front of them."""

    remembered: MemorySnapshot = field(default_factory=MemorySnapshot)
    local: bool = True

    def __post_init__(self) -> None:
        self.masked, self.read = OneNameRedactor(), FakeMemory(self.remembered)
        self.searched, self.embedded = FakeRetriever([passage(1)]), LengthEmbedder()
        self.confirmed: list[tuple[str, dt.datetime | None]] = []
        self.redactor, self.memory = PrefetchingRedactor(self.masked), PrefetchingMemory(self.read)
        self.retriever = PrefetchingRetriever(self.searched)
        self.embedder = PrefetchingEmbedder(self.embedded)
        self.prefetcher = TurnPrefetcher(
            self.redactor,
            self.memory,
            self.retriever,
            self.embedder if self.local else None,
            lambda user_id, newest_at: self.confirmed.append((user_id, newest_at)),
        )

    async def start(self, run: Run, text: str) -> None:
        before = asyncio.all_tasks()
        self.prefetcher.start(run, text)
        while started := asyncio.all_tasks() - before:
            await asyncio.gather(*started)


def run(remembered: MemorySnapshot | None = None) -> Run:
    return Run(RUN, OWNER, SESSION, "tester", memory=remembered)


async def test_a_turn_uses_what_was_started_and_each_port_is_called_once() -> None:
    wrapped = Wrapped()
    await wrapped.start(run(), f"call {NAME}")
    assert (await wrapped.redactor.mask(OWNER, [f"call {NAME}"])).texts == (f"call {TOKEN}",)
    assert await wrapped.memory.load(OWNER, SESSION, "tester") == wrapped.remembered
    assert await wrapped.retriever.search(OWNER, f"call {TOKEN}") == [passage(1)]
    assert wrapped.masked.seen == [f"call {NAME}"]
    assert wrapped.read.asked == [(OWNER, SESSION, "tester")]
    assert wrapped.searched.asked == [(OWNER, f"call {TOKEN}")]


async def test_a_result_is_used_once() -> None:
    wrapped = Wrapped()
    await wrapped.start(run(), "hello")
    for _ in range(2):
        await wrapped.redactor.mask(OWNER, ["hello"])
        await wrapped.memory.load(OWNER, SESSION, "tester")
        await wrapped.retriever.search(OWNER, "hello")
        await wrapped.embedder.query("hello")
    assert wrapped.masked.seen == ["hello"] * 2
    assert wrapped.read.asked == [(OWNER, SESSION, "tester")] * 2
    assert wrapped.searched.asked == [(OWNER, "hello")] * 2
    assert wrapped.embedded.queries == ["hello"] * 2


async def test_another_users_call_does_not_get_the_result() -> None:
    wrapped = Wrapped()
    await wrapped.start(run(), "hello")
    await wrapped.redactor.mask(STRANGER, ["hello"])
    await wrapped.memory.load(STRANGER, SESSION, "tester")
    await wrapped.retriever.search(STRANGER, "hello")
    assert wrapped.masked.seen == ["hello"] * 2
    assert wrapped.read.asked == [(OWNER, SESSION, "tester"), (STRANGER, SESSION, "tester")]
    assert wrapped.searched.asked == [(OWNER, "hello"), (STRANGER, "hello")]


async def test_a_result_of_a_tool_is_masked_with_its_restored_values() -> None:
    wrapped = Wrapped()
    await wrapped.start(run(), "hello")
    await wrapped.redactor.mask(OWNER, ["hello"], {TOKEN: "hello"})
    assert wrapped.masked.seen == ["hello"] * 2


async def test_a_memory_that_was_read_with_the_run_is_not_read_again() -> None:
    remembered = MemorySnapshot(summary="tea", newest_value_at=NOW)
    wrapped = Wrapped()
    await wrapped.start(run(remembered), "hello")
    assert await wrapped.memory.load(OWNER, SESSION, "tester") is remembered
    assert (wrapped.read.asked, wrapped.confirmed) == ([], [(OWNER, NOW)])


async def test_nothing_is_embedded_or_searched_for_a_user_without_texts() -> None:
    wrapped = Wrapped(MemorySnapshot(has_embeddings=False))
    await wrapped.start(run(), "hello")
    assert (wrapped.embedded.queries, wrapped.searched.asked) == ([], [])


async def test_without_a_local_embedder_only_the_masked_text_is_searched() -> None:
    wrapped = Wrapped(local=False)
    await wrapped.start(run(), f"call {NAME}")
    assert (wrapped.embedded.queries, wrapped.searched.asked) == ([], [(OWNER, f"call {TOKEN}")])


async def test_a_vector_of_one_text_is_not_given_for_another() -> None:
    embedder = PrefetchingEmbedder(LengthEmbedder())
    embedder.prefetch("a long text")
    assert await embedder.query("short") == [5.0]


class FailingRedactor(OneNameRedactor):
    async def mask(self, *_: object, **__: object) -> MaskedTexts:
        raise RedactionFailed


async def test_an_error_is_raised_where_the_result_is_used_and_nowhere_else() -> None:
    redactor = PrefetchingRedactor(FailingRedactor())
    with pytest.raises(RedactionFailed):
        await redactor.prefetch(OWNER, ["hello"])
    with pytest.raises(RedactionFailed):
        await redactor.mask(OWNER, ["hello"])


async def test_the_oldest_unused_results_are_cancelled() -> None:
    cache: PrefetchCache[bool] = PrefetchCache()
    tasks = [cache.start(number, asyncio.Event().wait()) for number in range(MAX_PENDING + 2)]
    await asyncio.wait(tasks[:2], timeout=1)
    assert [task.cancelled() for task in tasks[:3]] == [True, True, False]
    replacement = cache.start(2, asyncio.Event().wait())
    await asyncio.wait([tasks[2]], timeout=1)
    assert tasks[2].cancelled()
    assert cache.pop(2) is replacement
    for task in [*tasks[3:], replacement]:
        task.cancel()
