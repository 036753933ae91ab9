"""Chat models (port `ChatModel`): any LangChain chat model, in a small and a large size."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from email.utils import parsedate_to_datetime
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

from graph.adapters.breaker import Breaker
from graph.errors import ModelError, ModelRefused, ModelTimeout, ModelUnavailable, describe
from graph.ports import ModelSettings
from graph.tool import Tool

log = structlog.get_logger(__name__)

Item = TypeVar("Item")

ATTEMPTS = 2
"""Calls of the provider for one answer; the second is made only if the first failed before it showed anything."""
PAUSE_SECONDS = (0.2, 0.6)
"""Least and most between the two, beyond what the provider asks for. It is drawn each time, so that calls that failed
together do not come back together."""
CONNECT_SECONDS = 5.0
"""How long a connection may take to be made; a call that waits no longer can be made again before the first deadline."""

CUT_OFF = "The language model's answer was cut off; your message is kept, send it again."
CALL_CUT_OFF = (
    "The language model's call of a tool was cut off at its length; your message is kept, ask for less at once."
)
FILTERED = "The language model's provider broke its answer off; your message is kept, try another wording."
NOT_LET_IN = "The language model does not let this service in; your message is kept, tell those who run the service."


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
        """
        self._models = models
        self._names = names
        self._first_token = first_token
        self._between_tokens = between_tokens
        self._total = total
        self._attempts = attempts
        self._breaker = breaker or Breaker()
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
            shown = False
            try:
                async for chunk in from_the_first_word(to_its_end(chunks, name)):
                    if not shown:
                        shown = True
                        self._breaker.succeeded()
                    yield chunk
                return
            except ModelError as error:
                log.warning(
                    "model_call_failed", model=name, reason=error.code, cause=describe(error.__cause__ or error)
                )
                if shown:
                    raise
                self._note(error)
                pause = (error.retry_after or 0.0) + SystemRandom().uniform(*PAUSE_SECONDS)
                if not more or isinstance(error, ModelRefused) or time.monotonic() + pause >= first:
                    raise
            await asyncio.sleep(pause)

    def _note(self, error: ModelError) -> None:
        """Tell the breaker of an answer that did not begin; a provider that refuses is not down."""
        if is_down(error.__cause__):
            self._breaker.failed()
        else:
            self._breaker.succeeded()

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


async def to_its_end(chunks: AsyncIterator[AIMessageChunk], name: str) -> AsyncIterator[AIMessageChunk]:
    """An answer up to the end that its model gives it, and the model's name there; what goes wrong after it is no matter.

    Raises:
        ModelError: something went wrong before it, or the answer is none.
    """
    begun = calls = False
    reason = ""
    try:
        async for chunk in chunks:
            begun = True
            calls = calls or bool(chunk.tool_call_chunks)
            if reason:
                chunk.response_metadata.clear()  # what is told again, LangChain would write behind what was told first
            elif reason := chunk.response_metadata.get("finish_reason", ""):
                chunk.response_metadata["model_name"] = name
            yield chunk
    except Exception as fault:
        if not reason:
            raise translate(fault, begun) from fault
    check_end(reason, calls)


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


def check_end(reason: str, calls: bool) -> None:
    """Look at why an answer ended; none is given if it was cut.

    Raises:
        ModelError: it is not whole. Text may end at its allowed length; a call of a tool that does asks for something else.
    """
    if not reason:
        raise ModelUnavailable(CUT_OFF)
    if reason == "content_filter":
        raise ModelRefused(FILTERED)
    if reason == "length" and calls:
        raise ModelError(CALL_CUT_OFF)


def translate(fault: Exception, begun: bool) -> ModelError:
    """What a model raised, as an error of ours; its text stays behind, it may quote the conversation."""
    if isinstance(fault, (TimeoutError, openai.APITimeoutError)):
        return ModelTimeout()
    if isinstance(fault, openai.APIStatusError):
        return of_status(fault)
    if isinstance(fault, (openai.APIError, OSError, ValueError)):
        return ModelUnavailable(CUT_OFF if begun else None)
    return ModelError()  # an answer of a shape that LangChain stumbles over, or a fault of ours: the log says where


def of_status(fault: openai.APIStatusError) -> ModelError:
    status = fault.status_code
    if status in (401, 403, 404):
        return ModelRefused(NOT_LET_IN)
    if status in (408, 409, 429) or status >= 500:
        wait = asked_wait(fault.response.headers)
        return unavailable(wait) if wait else ModelUnavailable()
    return ModelRefused()


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds for which a provider asks to be left alone (Retry-After of RFC 9110); a date is read by the provider's clock."""
    asked = headers.get("retry-after", "")
    seconds = math.nan
    with suppress(ValueError):
        seconds = float(asked)
    with suppress(ValueError, TypeError, KeyError):
        seconds = (parsedate_to_datetime(asked) - parsedate_to_datetime(headers["date"])).total_seconds()
    return seconds if 0 < seconds < math.inf else None


def unavailable(seconds: float) -> ModelUnavailable:
    """The error that says when to try again."""
    message = f"The language model is not available; your message is kept, send it again in {math.ceil(seconds)} s."
    return ModelUnavailable(message, retry_after=seconds)


def is_down(fault: BaseException | None) -> bool:
    """Whether a fault is one of a provider that answers nobody, rather than one of this call."""
    if isinstance(fault, openai.APIStatusError):
        return fault.status_code >= 500
    return isinstance(fault, (openai.APIConnectionError, OSError))


class PlainCompletions:
    """OpenAI's chat completions as `ChatOpenAI` asks for them, with requests that are sent and chunks that come as they are.

    The client would walk through all messages and tools before a call, and build models of each chunk that LangChain takes
    apart at once: together a fifth of what a turn of 64 tokens takes.
    """

    def __init__(self, client: openai.AsyncOpenAI) -> None:
        self._client = client

    async def create(self, **request: Any) -> openai.AsyncStream[object]:
        return await self._client.post(
            "/chat/completions", body=request, cast_to=object, stream=True, stream_cls=openai.AsyncStream[object]
        )


def openai_model(name: str, *, key: SecretStr | None, base_url: str | None, timeout: float) -> ChatOpenAI:
    """A model of OpenAI, or of any server that speaks its protocol."""
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
    model.async_client = PlainCompletions(model.root_async_client)
    return model
