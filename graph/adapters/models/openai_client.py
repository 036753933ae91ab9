"""OpenAI's chat completions as `ChatOpenAI` asks for them, from any server that speaks the protocol more or less."""

import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import openai
import structlog

from graph.adapters.models.openai_chunks import ChunkReader

log = structlog.get_logger(__name__)

OPTIONAL = ("temperature", "parallel_tool_calls", "stream_options", "max_completion_tokens", "max_tokens")
"""Parameters without which an answer is as good, or nearly; a model may refuse them."""
OTHER_NAMES = {"max_completion_tokens": "max_tokens"}
"""What a parameter is called by servers that do not know its present name."""

REFUSED_VALUE = re.compile(r"too large|too high|at most|at least|less than|greater than|context length|exceed")
"""How a server says that it knows a parameter and wants another number."""

READ_CHARS = 2_000
"""Characters of a refusal in which a parameter's name is looked for."""


class Answer(openai.AsyncStream[dict[str, Any]]):
    """An answer's chunks in the form in which LangChain reads them, and what it took in the last one.

    Events without data (`id:` or `retry:` alone, a bare `data:`) mean nothing.
    """

    def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        return self._iterator

    async def __stream__(self) -> AsyncIterator[dict[str, Any]]:
        reader, fault = ChunkReader(), None
        frames = self._iter_events()
        try:
            async for frame in frames:
                data = frame.data
                if data.startswith("[DONE]"):
                    async for _ in frames:  # a connection is used again once all was read
                        pass
                elif data and not data.isspace():
                    yield reader.read(self._parsed(frame))
        except Exception as error:
            fault = error
        finally:
            await self.response.aclose()
        if usage := reader.usage_chunk():
            yield usage
        if fault:
            raise fault

    def _parsed(self, frame: Any) -> object:
        """Raises: ValueError, APIError: it is no chunk, or it says what went wrong."""
        chunk: object = json.loads(frame.data)
        if frame.event == "error" or (isinstance(chunk, dict) and chunk.get("error")):
            raise openai.APIError("the stream holds an error", request=self.response.request, body=None)
        return chunk


class PlainCompletions:
    """Sends requests as they are, and reads chunks as plain objects.

    The client would walk through all messages and tools before a call, and build models of each chunk that LangChain takes
    apart at once: together a fifth of what a turn of 64 tokens takes.
    """

    def __init__(self, client: openai.AsyncOpenAI) -> None:
        self._client = client
        self._refused: set[str] = set()
        """Optional parameters that the model does not take."""

    async def create(self, **request: Any) -> Answer:
        while True:
            body = without(request, self._refused)
            try:
                return await self._post(body)
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                name = refused_parameter(error, body, OPTIONAL)
                if name is None:
                    raise
                self._refused.add(name)
                log.warning("model_parameter_left_out", model=request.get("model"), parameter=name)

    async def _post(self, body: Mapping[str, Any]) -> Answer:
        return await self._client.post("/chat/completions", body=body, cast_to=object, stream=True, stream_cls=Answer)


def without(request: Mapping[str, Any], refused: set[str]) -> dict[str, Any]:
    """A request as a model takes it that refuses these parameters."""
    body = {name: value for name, value in request.items() if name not in refused}
    for name, other in OTHER_NAMES.items():
        if name in request and name in refused and other not in refused:
            body[other] = request[name]
    return body


def refused_parameter(error: openai.APIStatusError, body: Mapping[str, Any], optional: Sequence[str]) -> str | None:
    """The optional parameter of a request that a server refuses by its name; none if it refuses something else, or only the
    parameter's value."""
    text = f"{error.message} {error.body or ''}"[:READ_CHARS].lower()
    if REFUSED_VALUE.search(text):
        return None
    sent = [name for name in optional if name in body]
    if error.param in sent:
        return error.param
    return next((name for name in sent if re.search(rf"\b{name}\b", text)), None)
