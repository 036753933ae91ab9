"""The chat model that answers when no other is configured: it calls tools by rules and puts their results into words.

It understands nothing: a question is matched with the examples of the tools (`choice`), periods, amounts and
names are read by patterns (`periods`, `reading`), and where no tool fits it quotes a passage or says what it
is. The same messages always give the same answer; it knows no clock, no network and no chance. The date comes from the
line `Today is 2026-10-31.` of the system message; without it, "last month" is answered with a question.

For debugging and tests a message may spell out the calls to make: `CALL:transactions_query:{"limit": 5}`. The tool and
its arguments go out as they stand, even if there is no such tool or the JSON is broken. Several calls make one round.
"""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, message_chunk_to_message
from langchain_core.messages.ai import add_ai_message_chunks
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field

from graph.adapters.offline.summary import first_line
from graph.adapters.offline.tool_matcher import Chooser, Offer
from graph.adapters.offline.turn import Call, Reply, reply
from graph.adapters.offline.words import read_words
from graph.tool import Tool

NAME = "offline"

Bindable = Tool | dict[str, Any] | type | Callable[..., Any] | BaseTool


class OfflineChatModel(BaseChatModel):
    """Answers without a language model, and says so where that is not enough."""

    examples: Mapping[str, Sequence[str]] = Field(default_factory=dict)
    """Questions that each tool answers, by the tool's name; a tool without any is chosen by its description alone."""
    chooser: Chooser = Field(default_factory=lambda: Chooser(read_words()))
    to_summarise: str = Field(default_factory=first_line, min_length=1)
    """How a system message begins that asks for a summary."""

    @property
    def _llm_type(self) -> str:
        return NAME

    def bind_tools(
        self, tools: Sequence[Bindable], *, tool_choice: str | None = None, **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Offer tools, as catalogue entries, OpenAI schemas, or anything LangChain can make into one.

        `tool_choice` and sampling options are taken and change nothing.
        """
        return self.bind(tools=[_schema(tool) for tool in tools], **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        first, *rest = self._chunks(messages, kwargs)
        message = message_chunk_to_message(add_ai_message_chunks(first, *rest))
        return ChatResult(generations=[ChatGeneration(message=message)])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return self._generate(messages, stop, **kwargs)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for message in self._chunks(messages, kwargs):
            await asyncio.sleep(0)  # so that others are served, and a stop takes effect, between two words
            chunk = ChatGenerationChunk(message=message)
            if run_manager:
                await run_manager.on_llm_new_token(str(message.text), chunk=chunk)
            yield chunk

    def _chunks(self, messages: Sequence[BaseMessage], options: Mapping[str, Any]) -> Iterator[AIMessageChunk]:
        offers = [self._offer(schema["function"]) for schema in options.get("tools", ())]
        return _spoken(reply(messages, offers, self.chooser, self.to_summarise), messages)

    def _offer(self, function: Mapping[str, Any]) -> Offer:
        return Offer(
            name=function["name"],
            description=function.get("description", ""),
            parameters=function.get("parameters", {}),
            examples=self.examples.get(function["name"], ()),
        )


def offline_model(catalogue: Iterable[Tool]) -> OfflineChatModel:
    """The offline model with the example questions of these tools; which it may call, `bind_tools` says."""
    return OfflineChatModel(examples={tool.name: tuple(tool.examples) for tool in catalogue})


def _schema(tool: Bindable) -> dict[str, Any]:
    return tool.schema() if isinstance(tool, Tool) else convert_to_openai_tool(tool)


def _spoken(answer: Reply, messages: Sequence[BaseMessage]) -> Iterator[AIMessageChunk]:
    """The answer word by word, then its calls, then the end with its reason."""
    for word in re.findall(r"\s*\S+|\s+$", answer.text):
        yield AIMessageChunk(content=word)
    calls = [
        tool_call_chunk(name=call.name, args=call.arguments, id=_call_id(index, call, messages), index=index)
        for index, call in enumerate(answer.calls)
    ]
    yield AIMessageChunk(
        content="",
        tool_call_chunks=calls,
        response_metadata={"finish_reason": "tool_calls" if calls else "stop", "model_name": NAME},
        chunk_position="last",
    )


def _call_id(index: int, call: Call, messages: Sequence[BaseMessage]) -> str:
    """An id that is the same for the same conversation, and another for the same question asked again."""
    said = [*(f"{message.type}: {message.text}" for message in messages), call.name, call.arguments, str(index)]
    return f"call_{hashlib.sha256('|'.join(said).encode(errors='replace')).hexdigest()[:24]}"
