"""Asks the model for an answer or for tool calls."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache

from langchain_core.messages import AIMessage, AIMessageChunk
from langgraph.runtime import Runtime

from employees.roster import Employee, Roster
from graph.context import TurnContext
from graph.errors import ModelError, ModelTimeout
from graph.events import Restart, Text
from graph.ports.models import ChatModel, CountTokens, Price, Prices
from graph.ports.tools import ToolRuntime
from graph.redaction.links.link_sanitizer import AllowedUrls
from graph.redaction.unmasking.answer_stream import AnswerStream
from graph.state import Turn, Usage, add_usage, last_model_name
from graph.tool import Tool
from graph.turn.citations import cited
from graph.turn.handoff import DELEGATE_TOOL, HANDOFF_TOOL
from graph.turn.links import user_texts, with_safe_calls
from graph.turn.model_reply import WERE_THOUGHTS, check_answer, merge_chunks, without_calls
from graph.turn.prompt import Prompt, PromptTemplates, count_message_tokens, fit_to_budget
from graph.values.text import storable

MAX_ROUNDS = 5
"""Rounds of tool calls in a turn; after them the model is offered no tools and has to answer."""

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class StreamedReply:
    """The part of a reply that the model has sent so far."""

    chunks: list[AIMessageChunk] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    """The text as it was streamed, in pieces."""

    def message(self) -> AIMessage:
        return merge_chunks(self.chunks, "".join(self.texts))


@dataclass(frozen=True, slots=True)
class Reason:
    """Builds the prompt, streams the text of the model's reply, and adds the reply and its usage to the turn."""

    model: ChatModel
    roster: Roster
    toolbox: ToolRuntime
    templates: PromptTemplates
    prices: Prices
    count: CountTokens
    budget: int
    """Tokens of the whole prompt."""

    async def __call__(self, state: Turn, runtime: Runtime[TurnContext]) -> Turn:
        employee = self.roster.find(state.get("speaker") or runtime.context.employee)
        prompt = fit_to_budget(self._prompt(state, employee), self.budget, self.count)
        tools = self.toolbox.tools(employee.tools) if count_rounds(state) < MAX_ROUNDS else ()
        reply = await self._reply(prompt, tools, employee, runtime)
        if not reply.tool_calls:
            for citation in cited(str(reply.text), prompt.passages):
                runtime.stream_writer(citation)
        usage = add_usage(state["usage"], self._usage(reply, prompt, tools, employee))
        return Turn(messages=[*state["messages"], reply], usage=usage)

    def _prompt(self, state: Turn, employee: Employee) -> Prompt:
        memory = state["recollection"]
        return Prompt(
            templates=self.templates,
            today=state["today"],
            persona=employee.prompt,
            colleagues=self._colleagues(employee),
            facts=memory["facts"],
            summary=memory["summary"],
            passages=state["passages"],
            history=memory["history"],
            turn=state["messages"],
        )

    def _colleagues(self, employee: Employee) -> list[str]:
        """The colleagues for the prompt, a line each; none if the employee has no tool that turns to them."""
        if not {HANDOFF_TOOL, DELEGATE_TOOL} & set(employee.tools):
            return []
        return [f"{other.slug}: {other.name}, {other.title}" for other in self.roster.colleagues(employee.slug)]

    async def _reply(
        self, prompt: Prompt, tools: Sequence[Tool], employee: Employee, runtime: Runtime[TurnContext]
    ) -> AIMessage:
        """Stream the model's reply and return it. The usage of a reply that breaks off goes to the context.

        Raises:
            ModelError: the reply broke off, or is empty.
        """
        streamed = StreamedReply()
        try:
            await self._stream(prompt, tools, employee, runtime, streamed)
            reply, messages = streamed.message(), [*prompt.history, *prompt.turn]
            reply = with_safe_calls(reply, messages, prompt.passages) if tools else without_calls(reply)
            check_answer(reply)
        except BaseException as error:
            if streamed.chunks or not isinstance(error, ModelError) or isinstance(error, ModelTimeout):
                runtime.context.aborted_usage.add(self._usage(streamed.message(), prompt, tools, employee))
            raise
        return reply

    async def _stream(
        self,
        prompt: Prompt,
        tools: Sequence[Tool],
        employee: Employee,
        runtime: Runtime[TurnContext],
        streamed: StreamedReply,
    ) -> None:
        """Ask the model, collect its chunks, and stream the text with unsafe links removed."""
        answer = AnswerStream(AllowedUrls(user_texts([*prompt.history, *prompt.turn], prompt.facts)))

        def send(text: str) -> None:
            streamed.texts.append(text)
            stream_text(text, runtime)

        async for chunk in self.model.stream(prompt.messages(), tools, employee.settings):
            streamed.chunks.append(chunk)
            if chunk.additional_kwargs.get(WERE_THOUGHTS):
                answer.flush()
                streamed.texts.clear()
                restart_stream(prompt, runtime)
            send(answer.push(storable(str(chunk.text))))
        send(answer.flush())

    def _usage(self, reply: AIMessage, prompt: Prompt, tools: Sequence[Tool], employee: Employee) -> Usage:
        """The usage that the provider reported, else the counted tokens. A report of zero tokens counts as no report."""
        reported = reply.usage_metadata
        prompt_tokens = reported["input_tokens"] if reported else 0
        completion_tokens = reported["output_tokens"] if reported else 0
        is_reported = prompt_tokens > 0 and (completion_tokens > 0 or not (reply.text or reply.tool_calls))
        if prompt_tokens <= 0:
            prompt_tokens = prompt.count_tokens(self.count) + count_schema_tokens(tuple(tools), self.count)
        if completion_tokens <= 0:
            completion_tokens = count_message_tokens([reply], self.count) if reply.text or reply.tool_calls else 0
        model = last_model_name([reply], self.model.name(employee.settings))
        price = self.prices.get(model, Price(Decimal(0), Decimal(0)))
        return Usage(
            prompt=prompt_tokens,
            completion=completion_tokens,
            total=prompt_tokens + completion_tokens,
            cost=str((price.prompt * prompt_tokens + price.completion * completion_tokens) / MILLION),
            source="provider" if is_reported else "counted",
        )


@lru_cache(maxsize=256)
def count_schema_tokens(tools: tuple[Tool, ...], count: CountTokens) -> int:
    """Tokens of the tools' schemas. Counting takes milliseconds, so the result is cached for each set of tools."""
    return count(json.dumps([tool.schema() for tool in tools])) if tools else 0


def restart_stream(prompt: Prompt, runtime: Runtime[TurnContext]) -> None:
    """Tell the client to discard the streamed text, which was the model's thoughts.

    After a round of tool calls the stream holds more than that text, so the text stays; it is in no history.
    """
    if not any(isinstance(message, AIMessage) for message in prompt.turn):
        runtime.stream_writer(Restart(type="restart"))


def stream_text(text: str, runtime: Runtime[TurnContext]) -> None:
    if text:
        runtime.stream_writer(Text(type="text", content=text))


def count_rounds(state: Turn) -> int:
    """The rounds of tool calls so far in this turn."""
    return sum(1 for message in state["messages"] if isinstance(message, AIMessage) and message.tool_calls)
