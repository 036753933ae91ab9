"""Chat completions for `ChatOpenAI` from any server that speaks OpenAI's protocol, also imprecisely."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import openai
import structlog
from langchain_openai import ChatOpenAI

from graph.adapters.base.request_parameters import refused_parameter, without_refused
from graph.adapters.models.openai_chunks import ChunkReader

log = structlog.get_logger(__name__)

OPTIONAL_PARAMETERS = ("temperature", "parallel_tool_calls", "stream_options", "max_completion_tokens", "max_tokens")
"""Parameters that a model may refuse; they are left out of its later requests."""


class ChunkStream(openai.AsyncStream[dict[str, Any]]):
    """Chunks in OpenAI's documented form; the last one has the usage. Events without data are skipped."""

    def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        return self._iterator

    async def __stream__(self) -> AsyncIterator[dict[str, Any]]:
        reader, fault = ChunkReader(), None
        frames = self._iter_events()
        try:
            async for frame in frames:
                data = frame.data
                if data.startswith("[DONE]"):
                    async for _ in frames:  # a connection is reused only after its response was read to the end
                        pass
                elif data and not data.isspace():
                    yield reader.read(self._parsed(frame))
        except Exception as error:  # noqa: BLE001 - raised below, after the usage was reported
            fault = error
        finally:
            await self.response.aclose()
        if usage := reader.usage_chunk():
            yield usage
        if fault:
            raise fault

    def _parsed(self, frame: Any) -> object:
        """Raises: ValueError, APIError: the frame is no JSON, or holds an error."""
        chunk: object = json.loads(frame.data)
        if frame.event == "error" or (isinstance(chunk, dict) and chunk.get("error")):
            raise openai.APIError("the stream holds an error", request=self.response.request, body=None)
        return chunk


def use_raw_completions(model: ChatOpenAI) -> None:
    """Replace the official client's typed completions behind a model.

    The official client validates all messages and tools before a call, and builds pydantic objects of each chunk, which
    LangChain takes apart at once: together a fifth of the time of a turn of 64 tokens. `test_openai_chunks` compares both.
    """
    model.async_client = RawCompletions(model.root_async_client)


class RawCompletions:
    """Sends requests unchanged and reads chunks as plain objects."""

    def __init__(self, client: openai.AsyncOpenAI) -> None:
        self._client = client
        self._refused: set[str] = set()
        """Optional parameters that the model refused."""

    async def create(self, **request: Any) -> ChunkStream:
        while True:
            body = without_refused(request, self._refused)
            try:
                return await self._post(body)
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                name = refused_parameter(error, body, OPTIONAL_PARAMETERS)
                if name is None:
                    raise
                self._refused.add(name)
                log.warning("model_parameter_dropped", model=request.get("model"), parameter=name)

    async def _post(self, body: Mapping[str, Any]) -> ChunkStream:
        return await self._client.post(
            "/chat/completions", body=body, cast_to=object, stream=True, stream_cls=ChunkStream
        )
