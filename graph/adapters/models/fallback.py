"""A fallback behind the chosen chat model (port `ChatModel`)."""

from collections.abc import AsyncIterator, Sequence

import structlog
from langchain_core.messages import AIMessageChunk, BaseMessage

from graph.errors import ModelError
from graph.ports.models import ChatModel, ModelSettings
from graph.tool import Tool

log = structlog.get_logger(__name__)


class WithFallback:
    """Streams the fallback's answer if the chosen model fails before its first chunk, for any reason.

    `response_metadata["model_name"]` names the model that answered. Each model has its own deadlines.
    """

    def __init__(self, primary: ChatModel, fallback: ChatModel) -> None:
        self._primary = primary
        self._fallback = fallback

    def name(self, settings: ModelSettings) -> str:
        return self._primary.name(settings)

    async def stream(
        self, messages: Sequence[BaseMessage], tools: Sequence[Tool], settings: ModelSettings
    ) -> AsyncIterator[AIMessageChunk]:
        shown = False
        try:
            async for chunk in self._primary.stream(messages, tools, settings):
                shown = True
                yield chunk
            return
        except ModelError as error:
            if shown:
                raise
            log.warning("model_fallback", model=self._fallback.name(settings), reason=error.code)
        async for chunk in self._fallback.stream(messages, tools, settings):
            yield chunk
