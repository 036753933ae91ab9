"""The chat model without a provider: rules choose tool calls and render their results.

It understands nothing. A question is matched with the examples of the tools (`tool_matcher`); patterns read periods, amounts
and names (`periods`, `question_parser`). If no tool matches, it quotes a passage or states what it is. The same messages
always get the same answer: it uses no clock, no network and no random numbers. The date comes from the line `Today is
2026-10-31.` of the system message; without it, "last month" is answered with a question.

For debugging and tests a message may spell out the calls: `CALL:transactions_query:{"limit": 5}`. Tool and arguments are sent
as they are, even if the tool does not exist or the JSON is invalid. Several calls make one round.
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

from graph.adapters.offline.summary import summary_first_line
from graph.adapters.offline.tool_matcher import OfferedTool, ToolMatcher
from graph.adapters.offline.turn import Call, Reply, reply
from graph.adapters.offline.words import read_words
from graph.tool import Tool

NAME = "offline"

Bindable = Tool | dict[str, Any] | type | Callable[..., Any] | BaseTool


class OfflineChatModel(BaseChatModel):
    """Answers without a language model, and says so where that is not enough."""

    examples: Mapping[str, Sequence[str]] = Field(default_factory=dict)
    """Example questions by tool name; a tool without any is matched by its description alone."""
    matcher: ToolMatcher = Field(default_factory=lambda: ToolMatcher(read_words()))
    summary_prompt: str = Field(default_factory=summary_first_line, min_length=1)
    """The beginning of a system message that requests a summary."""

    @property
    def _llm_type(self) -> str:
        return NAME

    def bind_tools(
        self, tools: Sequence[Bindable], *, tool_choice: str | None = None, **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Offer tools: catalogue entries, OpenAI schemas, or anything that LangChain converts to one.

        `tool_choice` and sampling options are accepted and ignored.
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
        tools = [self._offered_tool(schema["function"]) for schema in options.get("tools", ())]
        return _to_chunks(reply(messages, tools, self.matcher, self.summary_prompt), messages)

    def _offered_tool(self, function: Mapping[str, Any]) -> OfferedTool:
        return OfferedTool(
            name=function["name"],
            description=function.get("description", ""),
            parameters=function.get("parameters", {}),
            examples=self.examples.get(function["name"], ()),
        )


def offline_model(catalogue: Iterable[Tool]) -> OfflineChatModel:
    """The offline model with the example questions of these tools. `bind_tools` determines which it may call."""
    return OfflineChatModel(examples={tool.name: tuple(tool.examples) for tool in catalogue})


def _schema(tool: Bindable) -> dict[str, Any]:
    return tool.schema() if isinstance(tool, Tool) else convert_to_openai_tool(tool)


def _to_chunks(answer: Reply, messages: Sequence[BaseMessage]) -> Iterator[AIMessageChunk]:
    """Yield the answer word by word, then its calls, then the finish reason."""
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
    """An id that depends on the conversation only; the same question asked again gets another one."""
    said = [*(f"{message.type}: {message.text}" for message in messages), call.name, call.arguments, str(index)]
    return f"call_{hashlib.sha256('|'.join(said).encode(errors='replace')).hexdigest()[:24]}"
