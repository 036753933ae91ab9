"""Chat models (port `ChatModel`): any LangChain chat model, in a small and a large size."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, cast

import httpx
import openai
import yaml
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.runnables import Runnable
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from graph.errors import ModelError, ModelRefused, ModelTimeout, ModelUnavailable
from graph.ports import ModelSettings, Price, Prices
from graph.tool import Tool

Item = TypeVar("Item")

RETRIES = 1
"""Attempts after the first, before any text came; openai honours Retry-After."""


class LangChainModel:
    """Streams answers of LangChain chat models within deadlines, and turns what goes wrong into `ModelError`s."""

    def __init__(
        self, models: Mapping[str, BaseChatModel], names: Mapping[str, str], *, first_token: float, total: float
    ) -> None:
        """
        Args:
            models: the model of each size, `small` and `large`.
            names: their provider's names.
            first_token: seconds until the first chunk.
            total: seconds for the whole answer.
        """
        self._models = models
        self._names = names
        self._first_token = first_token
        self._total = total
        self._bound = lru_cache(maxsize=256)(self._bind)

    def name(self, settings: ModelSettings) -> str:
        return self._names[settings.size]

    async def stream(
        self, messages: Sequence[BaseMessage], tools: Sequence[Tool], settings: ModelSettings
    ) -> AsyncIterator[AIMessageChunk]:
        runnable = self._bound(tuple(tools), settings)
        finished = False
        try:
            async for chunk in within(runnable.astream(list(messages)), self._first_token, self._total):
                finished = finished or bool(chunk.response_metadata.get("finish_reason"))
                yield cast(AIMessageChunk, chunk)
        except ModelError:
            raise
        except (TimeoutError, openai.APITimeoutError, httpx.TimeoutException) as error:
            raise ModelTimeout from error
        except openai.APIStatusError as error:
            raise (
                ModelUnavailable if error.status_code in (408, 409, 429) or error.status_code >= 500 else ModelRefused
            ) from error
        except (openai.APIError, httpx.HTTPError, ValueError) as error:
            raise ModelUnavailable from error
        if not finished:
            raise ModelUnavailable("The language model's answer was cut off; your message is kept, send it again.")

    def _bind(self, tools: tuple[Tool, ...], settings: ModelSettings) -> Runnable[LanguageModelInput, AIMessage]:
        model = self._models[settings.size]
        options: dict[str, Any] = {"temperature": settings.temperature, "max_tokens": settings.max_tokens}
        return model.bind_tools([tool.schema() for tool in tools], **options) if tools else model.bind(**options)


async def within(stream: AsyncIterator[Item], first: float, total: float) -> AsyncIterator[Item]:
    """Pass a stream on; TimeoutError if its first item takes longer than `first` seconds or all of it longer than `total`."""
    end = time.monotonic() + total
    deadline = min(end, time.monotonic() + first)
    while True:
        async with asyncio.timeout(deadline - time.monotonic()):
            try:
                item = await anext(stream)
            except StopAsyncIteration:
                return
        deadline = end
        yield item
        await asyncio.sleep(0)  # chunks that are here already must not keep the others, and the first words, waiting


def openai_model(name: str, *, key: SecretStr | None, base_url: str | None, timeout: float) -> ChatOpenAI:
    """A model of OpenAI, or of any server that speaks its protocol."""
    return ChatOpenAI(
        model=name,
        api_key=key or SecretStr("none"),
        base_url=base_url,
        timeout=timeout,
        max_retries=RETRIES,
        stream_usage=True,
        stream_chunk_timeout=0,  # `within` keeps the time, without a task for each chunk
        streaming=True,
    )


def read_prices(file: Path = Path(__file__).parent / "prices.yaml") -> Prices:
    """The price table; models that are not in it cost nothing."""
    table = yaml.safe_load(file.read_text("utf-8"))
    return {name: Price(Decimal(row["prompt"]), Decimal(row["completion"])) for name, row in table.items()}
