"""Chat models, embedders, token counts and prices."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Protocol

from langchain_core.messages import AIMessageChunk, BaseMessage

from graph.tool import Tool

CountTokens = Callable[[str], int]
"""The number of tokens of a text."""


DIMENSIONS = 384
"""Size of a vector; the database's column has the same."""


class Embedder(Protocol):
    """Turns text into vectors of `DIMENSIONS` numbers and unit length."""

    @property
    def model(self) -> str:
        """The name stored beside each vector; vectors of different models are never compared."""
        ...

    @property
    def minimum_similarity(self) -> float:
        """Cosine similarity below which a passage is unrelated to the query, measured for this model."""
        ...

    async def query(self, text: str) -> list[float]:
        """The vector of a search query.

        Raises:
            ModelError: the embedding model could not be reached, did not answer in time, or refused.
        """
        ...

    async def passages(self, texts: Sequence[str]) -> list[list[float]]:
        """The vectors of texts to store, in the order of the texts.

        Raises:
            ModelError: the embedding model could not be reached, did not answer in time, or refused.
        """
        ...


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """The model settings of an employee."""

    size: Literal["small", "large"] = "small"
    temperature: float = 0.7
    max_tokens: int = 2000


class ChatModel(Protocol):
    """A language model that streams its answers."""

    def name(self, settings: ModelSettings) -> str:
        """The provider's name of the model that these settings select."""
        ...

    def stream(
        self, messages: Sequence[BaseMessage], tools: Sequence[Tool], settings: ModelSettings
    ) -> AsyncIterator[AIMessageChunk]:
        """Stream one answer: text, tool calls, and the usage if the provider reports it.

        Raises:
            ModelError: the provider could not be reached, did not answer in time, or refused.
        """
        ...


MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens."""

    prompt: Decimal
    completion: Decimal

    def cost(self, prompt_tokens: int, completion_tokens: int) -> Decimal:
        """US dollars for this many tokens."""
        return (self.prompt * prompt_tokens + self.completion * completion_tokens) / MILLION


Prices = Mapping[str, Price]
"""Prices by the provider's name of the model."""
