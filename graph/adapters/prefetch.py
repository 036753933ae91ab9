"""Starts a turn's independent work when its run is accepted: masking, reading the memory, embedding and searching.

The steps of a turn wait for one another, but this work depends on no step. Each wrapper implements the port of the adapter that
it wraps and returns a prefetched result if there is one. A result is used once. Unused results are dropped, and none is stored.
`PREFETCH=false` turns this off: nothing is started early, and the wrappers call what they wrap.
"""

import asyncio
import datetime as dt
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from graph.ports.memory import Memory, MemorySnapshot, Retriever
from graph.ports.models import Embedder
from graph.ports.redaction import NOTHING_RESTORED, JsonT, MaskedTexts, Redactor
from graph.ports.runs import Run
from graph.state import Passage

Result = TypeVar("Result")

MAX_PENDING = 1024
"""More than the turns of a process at once: an older result belongs to a turn that did not use it."""


class PrefetchCache(Generic[Result]):
    """Results under way, by what they answer. The oldest are cancelled beyond `MAX_PENDING`."""

    def __init__(self) -> None:
        self._pending: OrderedDict[Hashable, asyncio.Future[Result]] = OrderedDict()

    def start(self, key: Hashable, work: Coroutine[Any, Any, Result]) -> "asyncio.Task[Result]":
        task = asyncio.create_task(work)
        self.put(key, task)
        return task

    def put(self, key: Hashable, result: "asyncio.Future[Result]") -> None:
        """Replace and cancel an earlier result for the same key."""
        result.add_done_callback(ignore_error)
        replaced = self._pending.pop(key, None)
        self._pending[key] = result
        if replaced:
            replaced.cancel()
        while len(self._pending) > MAX_PENDING:
            self._pending.popitem(last=False)[1].cancel()

    def pop(self, key: Hashable) -> "asyncio.Future[Result] | None":
        return self._pending.pop(key, None)


class PrefetchingRedactor:
    """A redactor (port `Redactor`) whose masking can start early."""

    def __init__(self, inner: Redactor) -> None:
        self.inner = inner
        self._cache: PrefetchCache[MaskedTexts] = PrefetchCache()

    def prefetch(self, user_id: str, texts: Sequence[str]) -> "asyncio.Task[MaskedTexts]":
        return self._cache.start((user_id, tuple(texts)), self.inner.mask(user_id, texts))

    async def mask(
        self, user_id: str, texts: Sequence[str], restored: Mapping[str, str] = NOTHING_RESTORED
    ) -> MaskedTexts:
        prefetched = None if restored else self._cache.pop((user_id, tuple(texts)))
        return await (prefetched or self.inner.mask(user_id, texts, restored))

    async def token_values(self, user_id: str, value: Any) -> Mapping[str, str]:
        return await self.inner.token_values(user_id, value)

    async def unmask(self, user_id: str, value: JsonT) -> JsonT:
        return await self.inner.unmask(user_id, value)


class PrefetchingMemory:
    """A memory (port `Memory`) that can be read early, or handed what was read already."""

    def __init__(self, inner: Memory) -> None:
        self.inner = inner
        self._cache: PrefetchCache[MemorySnapshot] = PrefetchCache()

    def prefetch(self, user_id: str, session_id: str, employee: str) -> "asyncio.Task[MemorySnapshot]":
        return self._cache.start((user_id, session_id, employee), self.inner.load(user_id, session_id, employee))

    def put(self, user_id: str, session_id: str, employee: str, remembered: MemorySnapshot) -> None:
        result = asyncio.get_running_loop().create_future()
        result.set_result(remembered)
        self._cache.put((user_id, session_id, employee), result)

    async def load(self, user_id: str, session_id: str, employee: str) -> MemorySnapshot:
        prefetched = self._cache.pop((user_id, session_id, employee))
        return await (prefetched or self.inner.load(user_id, session_id, employee))


class PrefetchingEmbedder:
    """An embedder (port `Embedder`) whose queries can start early.

    A query is embedded before it is masked, so it wraps only an embedder that computes in this process.
    """

    def __init__(self, inner: Embedder) -> None:
        self.inner = inner
        self._cache: PrefetchCache[list[float]] = PrefetchCache()

    @property
    def model(self) -> str:
        return self.inner.model

    @property
    def minimum_similarity(self) -> float:
        return self.inner.minimum_similarity

    def prefetch(self, text: str) -> None:
        self._cache.start(text, self.inner.query(text))

    async def query(self, text: str) -> list[float]:
        return await (self._cache.pop(text) or self.inner.query(text))

    async def passages(self, texts: Sequence[str]) -> list[list[float]]:
        return await self.inner.passages(texts)


class PrefetchingRetriever:
    """A retriever (port `Retriever`) whose searches can start early."""

    def __init__(self, inner: Retriever) -> None:
        self.inner = inner
        self._cache: PrefetchCache[list[Passage]] = PrefetchCache()

    def prefetch(self, user_id: str, query: str) -> None:
        self._cache.start((user_id, query), self.inner.search(user_id, query))

    async def search(self, user_id: str, query: str) -> list[Passage]:
        return await (self._cache.pop((user_id, query)) or self.inner.search(user_id, query))


class TurnPrefetcher:
    """Starts what a turn will need. The text is embedded as typed, in this process; the search uses the masked text."""

    def __init__(
        self,
        redactor: PrefetchingRedactor,
        memory: PrefetchingMemory,
        retriever: PrefetchingRetriever,
        embedder: PrefetchingEmbedder | None,
        confirm_values: Callable[[str, dt.datetime | None], None],
    ) -> None:
        """
        Args:
            redactor: masks the text.
            memory: is read, unless accepting the run has read it.
            retriever: searches if the user has stored texts.
            embedder: the retriever's embedder; None if a text may not reach it unmasked.
            confirm_values: is called with a user and the time of the newest value in the user's vault. It saves the
                redactor a query.
        """
        self.redactor = redactor
        self.memory = memory
        self.retriever = retriever
        self.embedder = embedder
        self.confirm_values = confirm_values
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, run: Run, text: str) -> None:
        if run.memory:
            self.confirm_values(run.user_id, run.memory.newest_value_at)
        masking = self.redactor.prefetch(run.user_id, [text])
        if run.memory:
            self.memory.put(run.user_id, run.session_id, run.employee, run.memory)
            self._start_search(run, text, masking, run.memory)
        else:
            self._spawn(self._read_memory(run, text, masking))

    async def _read_memory(self, run: Run, text: str, masking: "asyncio.Task[MaskedTexts]") -> None:
        remembered = await self.memory.prefetch(run.user_id, run.session_id, run.employee)
        self._start_search(run, text, masking, remembered)

    def _start_search(
        self, run: Run, text: str, masking: "asyncio.Task[MaskedTexts]", remembered: MemorySnapshot
    ) -> None:
        if not remembered.has_embeddings:
            return
        if self.embedder:
            self.embedder.prefetch(text)
        self._spawn(self._search(run.user_id, masking))

    async def _search(self, user_id: str, masking: "asyncio.Task[MaskedTexts]") -> None:
        self.retriever.prefetch(user_id, (await masking).texts[0])

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(ignore_error)


def ignore_error(result: "asyncio.Future[Any]") -> None:
    """Mark a result's error as retrieved: a user of the result still gets it, and an unused one needs no log."""
    if not result.cancelled():
        result.exception()
