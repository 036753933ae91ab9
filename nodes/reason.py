"""Asks the model, streams its words as they come, and keeps its answer or its calls of tools."""

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
from graph.redaction.answer_stream import AnswerStream
from graph.redaction.link_sanitizer import AllowedAddresses
from graph.state import Turn, Usage, add_usage, last_model_name
from graph.tool import Tool
from graph.turn.citations import cited
from graph.turn.handoff import DELEGATE_TOOL, HANDOFF_TOOL
from graph.turn.links import user_texts, with_safe_calls
from graph.turn.model_reply import WERE_THOUGHTS, check_answer, whole, without_calls
from graph.turn.prompt import Prompt, PromptTemplates, count_message_tokens, fit_to_budget
from graph.values.text import storable

MAX_ROUNDS = 5
"""Rounds of tool calls in a turn; after them the model has to answer with what it knows."""

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Said:
    """What a model has sent of an answer, and the words of it that were streamed."""

    chunks: list[AIMessageChunk] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)

    def reply(self) -> AIMessage:
        return whole(self.chunks, "".join(self.shown))


@dataclass(frozen=True, slots=True)
class Reason:
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
        tools = self.toolbox.tools(employee.tools) if rounds(state) < MAX_ROUNDS else ()
        reply = await self._reply(prompt, tools, employee, runtime)
        if not reply.tool_calls:
            for citation in cited(str(reply.text), prompt.passages):
                runtime.stream_writer(citation)
        usage = add_usage(state["usage"], self._usage(reply, prompt, tools, employee))
        return Turn(messages=[*state["messages"], reply], usage=usage)

    def _prompt(self, state: Turn, employee: Employee) -> Prompt:
        known = state["recollection"]
        return Prompt(
            templates=self.templates,
            today=state["today"],
            persona=employee.prompt,
            colleagues=self._colleagues(employee),
            facts=known["facts"],
            summary=known["summary"],
            passages=state["passages"],
            history=known["history"],
            turn=state["messages"],
        )

    def _colleagues(self, employee: Employee) -> list[str]:
        """Whom the employee can name in a call of the tools that turn to colleagues."""
        if not {HANDOFF_TOOL, DELEGATE_TOOL} & set(employee.tools):
            return []
        return [f"{each.slug}: {each.name}, {each.title}" for each in self.roster.colleagues(employee.slug)]

    async def _reply(
        self, prompt: Prompt, tools: Sequence[Tool], employee: Employee, runtime: Runtime[TurnContext]
    ) -> AIMessage:
        """The model's reply, whose words are streamed as they come. One that breaks off is counted for what it took.

        Raises:
            ModelError: there is no whole one.
        """
        said = Said()
        try:
            await self._stream(prompt, tools, employee, runtime, said)
            reply, talk = said.reply(), [*prompt.history, *prompt.turn]
            reply = with_safe_calls(reply, talk, prompt.passages) if tools else without_calls(reply)
            check_answer(reply)
        except BaseException as broken:
            if said.chunks or not isinstance(broken, ModelError) or isinstance(broken, ModelTimeout):
                runtime.context.aborted_usage.add(self._usage(said.reply(), prompt, tools, employee))
            raise
        return reply

    async def _stream(
        self,
        prompt: Prompt,
        tools: Sequence[Tool],
        employee: Employee,
        runtime: Runtime[TurnContext],
        said: Said,
    ) -> None:
        """Ask the model, note what it sends, and stream its words."""
        safe = AnswerStream(AllowedAddresses(user_texts([*prompt.history, *prompt.turn], prompt.facts)))

        def show(text: str) -> None:
            said.shown.append(text)
            tell(text, runtime)

        async for chunk in self.model.stream(prompt.messages(), tools, employee.settings):
            said.chunks.append(chunk)
            if chunk.additional_kwargs.get(WERE_THOUGHTS):
                safe.flush()
                said.shown.clear()
                take_back(prompt, runtime)
            show(safe.push(storable(str(chunk.text))))
        show(safe.flush())

    def _usage(self, reply: AIMessage, prompt: Prompt, tools: Sequence[Tool], employee: Employee) -> Usage:
        """What a call of the model took: as its provider reported it, else as it is counted. A report of no tokens is none."""
        reported = reply.usage_metadata
        read = reported["input_tokens"] if reported else 0
        written = reported["output_tokens"] if reported else 0
        is_reported = read > 0 and (written > 0 or not (reply.text or reply.tool_calls))
        if read <= 0:
            read = prompt.count_tokens(self.count) + schema_tokens(tuple(tools), self.count)
        if written <= 0:
            written = count_message_tokens([reply], self.count) if reply.text or reply.tool_calls else 0
        answered = last_model_name([reply], self.model.name(employee.settings))
        price = self.prices.get(answered, Price(Decimal(0), Decimal(0)))
        return Usage(
            prompt=read,
            completion=written,
            total=read + written,
            cost=str((price.prompt * read + price.completion * written) / MILLION),
            source="provider" if is_reported else "counted",
        )


@lru_cache(maxsize=256)
def schema_tokens(tools: tuple[Tool, ...], count: CountTokens) -> int:
    """What the tools take of a prompt. Counting takes milliseconds, so it is done once for the tools of an employee."""
    return count(json.dumps([tool.schema() for tool in tools])) if tools else 0


def take_back(prompt: Prompt, runtime: Runtime[TurnContext]) -> None:
    """Void the words that were streamed of an answer. Once a turn has called tools, its stream holds more than them, so they
    stay there; they are in no history.
    """
    if not any(isinstance(message, AIMessage) for message in prompt.turn):
        runtime.stream_writer(Restart(type="restart"))


def tell(text: str, runtime: Runtime[TurnContext]) -> None:
    if text:
        runtime.stream_writer(Text(type="text", content=text))


def rounds(state: Turn) -> int:
    """How often the model has called tools in this turn."""
    return sum(1 for message in state["messages"] if isinstance(message, AIMessage) and message.tool_calls)
