"""Asks the model, streams its words as they come, and keeps its answer or its calls of tools."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, ToolCall, ToolCallChunk
from langchain_core.messages.ai import add_ai_message_chunks
from langgraph.runtime import Runtime

from employees.roster import Employee, Roster
from graph.context import TurnContext
from graph.errors import ModelError
from graph.events import Citation, Text
from graph.handoff import DELEGATE, HAND_OFF
from graph.links import user_texts, with_safe_calls
from graph.ports import ChatModel, CountTokens, Price, Prices, Toolbox
from graph.prompt import Prompt, Wording, fit, size
from graph.redaction.answer_stream import AnswerStream
from graph.redaction.defuse import AllowedAddresses
from graph.state import Passage, Turn, Usage, add, answered_by
from graph.text import sound, sound_json
from graph.tool import INVALID_JSON, Tool

MAX_ROUNDS = 5
"""Rounds of tool calls in a turn; after them the model has to answer with what it knows."""

MAX_ARGUMENT_CHARS = 16_000
"""Characters of a call's arguments that are read; what is longer is cut, and then is no JSON."""

EMPTY = "The language model gave an empty answer; your message is kept, send it again."

MILLION = 1_000_000

MARKER = re.compile(r"\[(\d{1,2})\]")


@dataclass(frozen=True, slots=True)
class Reason:
    model: ChatModel
    roster: Roster
    toolbox: Toolbox
    wording: Wording
    prices: Prices
    count: CountTokens
    budget: int
    """Tokens of the whole prompt."""

    async def __call__(self, state: Turn, runtime: Runtime[TurnContext]) -> Turn:
        employee = self.roster.find(state.get("speaker") or runtime.context.employee)
        prompt = fit(self._prompt(state, employee), self.budget, self.count)
        tools = self.toolbox.tools(employee.tools) if rounds(state) < MAX_ROUNDS else ()
        reply = await self._stream(prompt, tools, employee, runtime)
        reply = (
            with_safe_calls(reply, [*prompt.history, *prompt.turn], prompt.passages) if tools else without_calls(reply)
        )
        if not reply.text and not reply.tool_calls:
            raise ModelError(EMPTY)
        if not reply.tool_calls:
            for citation in cited(str(reply.text), prompt.passages):
                runtime.stream_writer(citation)
        usage = add(state["usage"], self._usage(reply, prompt, employee))
        return Turn(messages=[*state["messages"], reply], usage=usage)

    def _prompt(self, state: Turn, employee: Employee) -> Prompt:
        known = state["recollection"]
        return Prompt(
            wording=self.wording,
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
        if not {HAND_OFF, DELEGATE} & set(employee.tools):
            return []
        return [f"{each.slug}: {each.name}, {each.title}" for each in self.roster.colleagues(employee.slug)]

    async def _stream(
        self, prompt: Prompt, tools: Sequence[Tool], employee: Employee, runtime: Runtime[TurnContext]
    ) -> AIMessage:
        chunks: list[AIMessageChunk] = []
        shown: list[str] = []
        safe = AnswerStream(AllowedAddresses(user_texts([*prompt.history, *prompt.turn], prompt.facts)))

        def show(text: str) -> None:
            shown.append(text)
            tell(text, runtime)

        async for chunk in self.model.stream(prompt.messages(), tools, employee.settings):
            chunks.append(chunk)
            show(safe.push(sound(str(chunk.text))))
        show(safe.flush())
        if not chunks:
            raise ModelError(EMPTY)
        return whole(chunks, "".join(shown))

    def _usage(self, reply: AIMessage, prompt: Prompt, employee: Employee) -> Usage:
        reported = reply.usage_metadata
        read = reported["input_tokens"] if reported else prompt.size(self.count)
        written = reported["output_tokens"] if reported else size([reply], self.count)
        answered = answered_by([reply], self.model.name(employee.settings))
        price = self.prices.get(answered, Price(Decimal(0), Decimal(0)))
        return Usage(
            prompt=read,
            completion=written,
            total=read + written,
            cost=str((price.prompt * read + price.completion * written) / MILLION),
            source="provider" if reported else "counted",
        )


def tell(text: str, runtime: Runtime[TurnContext]) -> None:
    if text:
        runtime.stream_writer(Text(type="text", content=text))


def whole(chunks: Sequence[AIMessageChunk], shown: str) -> AIMessage:
    """The message that the chunks make up, with the text as it was shown; it keeps their id, by which a stream of messages
    knows that it has had it."""
    message = add_ai_message_chunks(chunks[0], *chunks[1:])
    return AIMessage(
        content=shown,
        tool_calls=[read_call(number, chunk) for number, chunk in enumerate(message.tool_call_chunks)],
        usage_metadata=message.usage_metadata,
        response_metadata=naming_its_model(message),
        id=message.id,
    )


def naming_its_model(message: AIMessageChunk) -> dict[str, str]:
    """What is kept of an answer's metadata: by which model it was given, where that is said."""
    return {name: value for name, value in message.response_metadata.items() if name == "model_name"}


def read_call(number: int, chunk: ToolCallChunk) -> ToolCall:
    """A call as the model wrote it; some servers give it no id."""
    return ToolCall(
        name=sound(chunk["name"] or ""),
        args=read_arguments(chunk["args"] or "{}"),
        id=sound(chunk["id"] or f"call_{number}"),
        type="tool_call",
    )


def read_arguments(written: str) -> dict[str, Any]:
    """The arguments of a call. What is no JSON object is kept as it is: the tool step answers it.

    LangChain would complete what was cut off, and a filter that lost its end asks for something else.
    """
    written = written[:MAX_ARGUMENT_CHARS]
    try:
        arguments = json.loads(written, parse_constant=finite, parse_float=finite)
        if isinstance(arguments, dict):
            return dict(sound_json(arguments))
    except (ValueError, RecursionError):
        pass
    return {INVALID_JSON: sound(written)}


def finite(written: str) -> float:
    """A number that JSON can hold; Python would also read NaN and Infinity, and write them again.

    Raises:
        ValueError: it is none.
    """
    number = float(written)
    if not isfinite(number):
        raise ValueError("JSON has no such number.")
    return number


def without_calls(reply: AIMessage) -> AIMessage:
    """A model that calls tools that it was not offered has only its text."""
    return AIMessage(
        reply.content,
        usage_metadata=reply.usage_metadata,
        response_metadata=reply.response_metadata,
        id=reply.id,
    )


def rounds(state: Turn) -> int:
    """How often the model has called tools in this turn."""
    return sum(1 for message in state["messages"] if isinstance(message, AIMessage) and message.tool_calls)


def cited(text: str, passages: Sequence[Passage]) -> Iterator[Citation]:
    """The passages to which the markers of an answer refer, each once."""
    for number in sorted({int(marker) for marker in MARKER.findall(text)}):
        if 1 <= number <= len(passages):
            passage = passages[number - 1]
            yield Citation(type="citation", marker=f"[{number}]", id=passage["id"], source=passage["source"])
