"""Chat models (port `ChatModel`): any LangChain chat model, in a small and a large size.

The retry is own code: tenacity and stamina repeat a call, but not a stream that may fail before its first visible chunk only.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import lru_cache
from secrets import SystemRandom
from typing import Any, TypeVar, cast

import openai
import structlog
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.runnables import Runnable
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from graph.adapters.base.circuit_breaker import CircuitBreaker
from graph.adapters.base.provider_errors import is_provider_down, operator_fault
from graph.adapters.models.answer_errors import (
    classify_finish_reason,
    raise_if_incomplete,
    to_model_error,
    unavailable_for,
)
from graph.adapters.models.openai_client import use_raw_completions
from graph.adapters.models.visible_text import VisibleText
from graph.errors import ModelError, ModelRefused, safe_summary
from graph.ports.models import ModelSettings
from graph.tool import Tool
from graph.turn.model_reply import WERE_THOUGHTS

log = structlog.get_logger(__name__)

Item = TypeVar("Item")

MAX_ATTEMPTS = 2
"""Calls of the provider for one answer. The second is made only if the first failed before its first visible chunk."""
RETRY_PAUSE_SECONDS = (0.2, 0.6)
"""Bounds of the random pause between two attempts, added to the provider's Retry-After. The jitter spreads calls that failed
together."""
CONNECT_SECONDS = 5.0
"""Timeout of connecting: short enough that a second attempt fits before the deadline of the first chunk."""


class LangChainModel:
    """Streams answers within deadlines and raises `ModelError`s. Its models share one provider and breaker."""

    def __init__(
        self,
        models: Mapping[str, BaseChatModel],
        names: Mapping[str, str],
        *,
        first_token: float,
        total: float,
        between_tokens: float = math.inf,
        attempts: int = MAX_ATTEMPTS,
        breaker: CircuitBreaker | None = None,
        report: Callable[[str | None], None] | None = None,
    ) -> None:
        """
        Args:
            models: the model of each size, `small` and `large`.
            names: the provider's name of each model.
            first_token: seconds until the first chunk, all attempts together.
            total: seconds for the whole answer.
            between_tokens: seconds from one chunk to the next.
            attempts: maximum calls of the provider for one answer.
            breaker: the provider's circuit breaker; by default a new one.
            report: called with a fault that only an operator can fix, and with None when an answer begins.
        """
        self._models = models
        self._names = names
        self._first_token = first_token
        self._between_tokens = between_tokens
        self._total = total
        self._attempts = attempts
        self._breaker = breaker or CircuitBreaker()
        self._report = report or (lambda fault: None)
        self._thinking: set[str] = set()
        """Names of models whose answers begin with thoughts without an opening tag."""
        self._bound = lru_cache(maxsize=256)(self._bind)

    def name(self, settings: ModelSettings) -> str:
        return self._names[settings.size]

    async def stream(
        self, messages: Sequence[BaseMessage], tools: Sequence[Tool], settings: ModelSettings
    ) -> AsyncIterator[AIMessageChunk]:
        model, name = self._bound(tuple(tools), settings), self.name(settings)
        end = time.monotonic() + self._total
        first = min(end, time.monotonic() + self._first_token)
        for more in reversed(range(self._attempts)):
            if wait := self._breaker.wait_seconds():
                raise unavailable_for(wait)
            chunks = with_deadlines(model.astream(list(messages)), first, self._between_tokens, end)
            visible = VisibleText(begins_with_thoughts=name in self._thinking)
            shown = False
            try:
                async for chunk in hold_until_content(until_finish(chunks, name, visible)):
                    if not shown:
                        shown = True
                        self._breaker.record_success()
                        self._report(None)
                    yield chunk
                self._learn(name, visible)
                return
            except ModelError as error:
                log.warning(
                    "model_call_failed", model=name, reason=error.code, cause=safe_summary(error.__cause__ or error)
                )
                if shown:
                    raise
                self._note(error)
                pause = (error.retry_after or 0.0) + SystemRandom().uniform(*RETRY_PAUSE_SECONDS)
                if not more or isinstance(error, ModelRefused) or time.monotonic() + pause >= first:
                    raise
            await asyncio.sleep(pause)

    def _note(self, error: ModelError) -> None:
        """Record an answer that did not begin. A provider that refuses is not down."""
        if is_provider_down(error.__cause__):
            self._breaker.record_failure()
        else:
            self._breaker.record_success()
        if fault := operator_fault(error.__cause__):
            self._report(fault)

    def _learn(self, name: str, visible: VisibleText) -> None:
        """Remember whether a model's answers begin with thoughts, so that its next ones are hidden from the start."""
        if visible.began_with_thoughts:
            self._thinking.add(name)
        elif visible.lacked_thoughts:
            self._thinking.discard(name)

    def _bind(self, tools: tuple[Tool, ...], settings: ModelSettings) -> Runnable[LanguageModelInput, AIMessageChunk]:
        model, schemas = self._models[settings.size], [tool.schema() for tool in tools]
        options: dict[str, Any] = {"temperature": settings.temperature, "max_tokens": settings.max_tokens}
        bound: Runnable[Any, Any] = model.bind_tools(schemas, **options) if schemas else model.bind(**options)
        return cast(
            Runnable[LanguageModelInput, AIMessageChunk], bound
        )  # true for `astream`, which is all that is used


async def with_deadlines(stream: AsyncIterator[Item], first: float, between: float, end: float) -> AsyncIterator[Item]:
    """Yield the items of a stream until one misses its deadline. Instants are of `time.monotonic`.

    Args:
        stream: the source.
        first: instant of the first item's deadline.
        between: seconds from one item to the next.
        end: instant of the whole stream's deadline.

    Raises:
        TimeoutError: an item is late.
    """
    deadline = first
    while True:
        async with asyncio.timeout(deadline - time.monotonic()):
            try:
                item = await anext(stream)
            except StopAsyncIteration:
                return
        yield item
        await asyncio.sleep(0)  # buffered chunks must not block other runs, or the sending of the first text
        deadline = min(end, time.monotonic() + between)


async def until_finish(
    chunks: AsyncIterator[AIMessageChunk], name: str, visible: VisibleText
) -> AsyncIterator[AIMessageChunk]:
    """Yield the visible text of an answer, then one chunk with its finish reason and model name. Later errors are ignored.

    Raises:
        ModelError: the stream failed before its finish reason, or the answer is incomplete.
    """
    begun = calls = False
    reason = ""
    try:
        async for chunk in chunks:
            begun = True
            calls = calls or bool(chunk.tool_call_chunks)
            if ending := chunk.response_metadata.get("finish_reason"):
                reason = str(ending)  # some providers repeat it in every chunk: the last one counts
                chunk = chunk.model_copy(update={"response_metadata": {}})
            yield with_visible_text(chunk, visible)
    except Exception as fault:
        if not reason:
            raise to_model_error(fault, begun) from fault
    kind = classify_finish_reason(reason)
    if kind != "cut":
        metadata = {"finish_reason": kind if kind in ("length", "refusal") else reason, "model_name": name}
        yield AIMessageChunk(content=visible.flush(is_cut=kind == "length"), response_metadata=metadata)
    raise_if_incomplete(kind, calls=calls)


def with_visible_text(chunk: AIMessageChunk, visible: VisibleText) -> AIMessageChunk:
    """The chunk without thoughts. `WERE_THOUGHTS` is set if text that was already yielded turns out to be thoughts."""
    if content := chunk.content:
        knew = visible.has_shown_thoughts
        words = visible.push(content if isinstance(content, str) else str(chunk.text))
        if words != content:
            chunk = chunk.model_copy(update={"content": words})
        if visible.has_shown_thoughts and not knew:
            chunk.additional_kwargs[WERE_THOUGHTS] = True
    return chunk


async def hold_until_content(chunks: AsyncIterator[AIMessageChunk]) -> AsyncIterator[AIMessageChunk]:
    """Hold invisible chunks back until the first visible one: until then the answer can be retried."""
    held: list[AIMessageChunk] = []
    shown = False
    async for chunk in chunks:
        held.append(chunk)
        shown = shown or bool(chunk.text or chunk.tool_call_chunks or chunk.response_metadata.get("finish_reason"))
        if shown:
            for ready in held:
                yield ready
            held.clear()


def openai_model(
    name: str, *, key: SecretStr | None, base_url: str | None, timeout: float, raw: bool = True
) -> ChatOpenAI:
    """Build a model of OpenAI, or of any server that speaks its protocol.

    Args:
        name: the provider's name of the model.
        key: the API key; None for a server that needs none.
        base_url: address of the server; None for OpenAI's.
        timeout: seconds for a whole answer.
        raw: whether chunks are read as plain objects; see `use_raw_completions`.
    """
    model = ChatOpenAI(
        model=name,
        api_key=key or SecretStr("none"),
        base_url=base_url,
        timeout=openai.Timeout(timeout, connect=CONNECT_SECONDS),
        max_retries=0,  # `LangChainModel` retries, within one deadline
        stream_usage=True,
        stream_chunk_timeout=0,  # `with_deadlines` keeps the time, without a task for each chunk
        streaming=True,
    )
    if raw:
        use_raw_completions(model)
    return model
