"""Chat models (port `ChatModel`): any LangChain chat model, in a small and a large size."""

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

from graph.adapters.base.circuit_breaker import Breaker
from graph.adapters.base.provider_errors import is_down, operators_fault
from graph.adapters.models.answer_errors import check_end, kind_of_end, translate, unavailable
from graph.adapters.models.openai_client import use_raw_completions
from graph.adapters.models.visible_text import VisibleText
from graph.errors import ModelError, ModelRefused, safe_summary
from graph.ports.models import ModelSettings
from graph.tool import Tool
from graph.turn.model_reply import WERE_THOUGHTS

log = structlog.get_logger(__name__)

Item = TypeVar("Item")

ATTEMPTS = 2
"""Calls of the provider for one answer; the second is made only if the first failed before it showed anything."""
PAUSE_SECONDS = (0.2, 0.6)
"""Least and most between the two, beyond what the provider asks for. It is drawn each time, so that calls that failed
together do not come back together."""
CONNECT_SECONDS = 5.0
"""How long a connection may take to be made; a call that waits no longer can be made again before the first deadline."""


class LangChainModel:
    """Streams answers of LangChain chat models within deadlines, and turns what goes wrong into `ModelError`s.

    All its models are one provider's: its breaker watches whether their answers begin.
    """

    def __init__(
        self,
        models: Mapping[str, BaseChatModel],
        names: Mapping[str, str],
        *,
        first_token: float,
        total: float,
        between_tokens: float = math.inf,
        attempts: int = ATTEMPTS,
        breaker: Breaker | None = None,
        report: Callable[[str | None], None] | None = None,
    ) -> None:
        """
        Args:
            models: the model of each size, `small` and `large`.
            names: their provider's names.
            first_token: seconds until the first chunk, all attempts together.
            total: seconds for the whole answer.
            between_tokens: seconds from one chunk to the next.
            attempts: most calls of the provider for one answer.
            breaker: the provider's; one of its own unless given.
            report: is called with what the provider's operator has to mend, or with None once an answer begins.
        """
        self._models = models
        self._names = names
        self._first_token = first_token
        self._between_tokens = between_tokens
        self._total = total
        self._attempts = attempts
        self._breaker = breaker or Breaker()
        self._report = report or (lambda fault: None)
        self._thinking: set[str] = set()
        """Models whose answers begin with thoughts that no opening tag announces."""
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
            if wait := self._breaker.admit():
                raise unavailable(wait)
            chunks = within(model.astream(list(messages)), first, self._between_tokens, end)
            visible = VisibleText(begins_with_thoughts=name in self._thinking)
            shown = False
            try:
                async for chunk in from_the_first_word(to_its_end(chunks, name, visible)):
                    if not shown:
                        shown = True
                        self._breaker.succeeded()
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
                pause = (error.retry_after or 0.0) + SystemRandom().uniform(*PAUSE_SECONDS)
                if not more or isinstance(error, ModelRefused) or time.monotonic() + pause >= first:
                    raise
            await asyncio.sleep(pause)

    def _note(self, error: ModelError) -> None:
        """Report an answer that did not begin; a provider that refuses is not down."""
        if is_down(error.__cause__):
            self._breaker.failed()
        else:
            self._breaker.succeeded()
        if fault := operators_fault(error.__cause__):
            self._report(fault)

    def _learn(self, name: str, visible: VisibleText) -> None:
        """Remember whether a model's answers begin with thoughts, so that those of its next answer are not shown at all."""
        if visible.began_with_thoughts:
            self._thinking.add(name)
        elif visible.waited_in_vain:
            self._thinking.discard(name)

    def _bind(self, tools: tuple[Tool, ...], settings: ModelSettings) -> Runnable[LanguageModelInput, AIMessageChunk]:
        model, schemas = self._models[settings.size], [tool.schema() for tool in tools]
        options: dict[str, Any] = {"temperature": settings.temperature, "max_tokens": settings.max_tokens}
        bound: Runnable[Any, Any] = model.bind_tools(schemas, **options) if schemas else model.bind(**options)
        return cast(Runnable[LanguageModelInput, AIMessageChunk], bound)  # as long as it is only streamed


async def within(stream: AsyncIterator[Item], first: float, between: float, end: float) -> AsyncIterator[Item]:
    """Pass a stream on as long as it keeps its times; the clock is `time.monotonic`.

    Args:
        stream: what is passed on.
        first: the instant before which its first item must come.
        between: the seconds within which each next one must come.
        end: the instant before which all must have come.

    Raises:
        TimeoutError: it does not.
    """
    deadline = first
    while True:
        async with asyncio.timeout(deadline - time.monotonic()):
            try:
                item = await anext(stream)
            except StopAsyncIteration:
                return
        yield item
        await asyncio.sleep(0)  # chunks that are here already must not keep the others, and the first words, waiting
        deadline = min(end, time.monotonic() + between)


async def to_its_end(
    chunks: AsyncIterator[AIMessageChunk], name: str, visible: VisibleText
) -> AsyncIterator[AIMessageChunk]:
    """The visible words of an answer, and at the end that its model gives it a chunk that says why it ended and names its
    model; what goes wrong after that end is no matter.

    Raises:
        ModelError: something went wrong before it, or the answer is not whole.
    """
    begun = calls = False
    reason = ""
    try:
        async for chunk in chunks:
            begun = True
            calls = calls or bool(chunk.tool_call_chunks)
            if ending := chunk.response_metadata.get("finish_reason"):
                reason = str(ending)  # some give it in every chunk: the last one counts, and is told once
                chunk = chunk.model_copy(update={"response_metadata": {}})
            yield with_visible_words(chunk, visible)
    except Exception as fault:
        if not reason:
            raise translate(fault, begun) from fault
    kind = kind_of_end(reason)
    if kind != "cut":
        metadata = {"finish_reason": kind if kind in ("length", "refusal") else reason, "model_name": name}
        yield AIMessageChunk(content=visible.flush(is_cut=kind == "length"), response_metadata=metadata)
    check_end(kind, calls=calls)


def with_visible_words(chunk: AIMessageChunk, visible: VisibleText) -> AIMessageChunk:
    """The chunk without thoughts; it says so if the words that were passed on before it turn out to be thoughts."""
    if content := chunk.content:
        knew = visible.has_shown_thoughts
        words = visible.push(content if isinstance(content, str) else str(chunk.text))
        if words != content:
            chunk = chunk.model_copy(update={"content": words})
        if visible.has_shown_thoughts and not knew:
            chunk.additional_kwargs[WERE_THOUGHTS] = True
    return chunk


async def from_the_first_word(chunks: AsyncIterator[AIMessageChunk]) -> AsyncIterator[AIMessageChunk]:
    """The same chunks, but those that show nothing wait for the first that does: until then the answer can be begun anew."""
    held: list[AIMessageChunk] = []
    shown = False
    async for chunk in chunks:
        held.append(chunk)
        shown = shown or bool(chunk.text or chunk.tool_call_chunks or chunk.response_metadata.get("finish_reason"))
        if shown:
            for each in held:
                yield each
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
        max_retries=0,  # `LangChainModel` makes the attempts: both within one deadline, and again after an empty beginning
        stream_usage=True,
        stream_chunk_timeout=0,  # `within` keeps the time, without a task for each chunk
        streaming=True,
    )
    if raw:
        use_raw_completions(model)
    return model
