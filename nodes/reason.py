"""Asks the model for an answer or for tool calls."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache

import structlog
from langchain_core.messages import AIMessage, AIMessageChunk
from langgraph.runtime import Runtime

from employees.roster import Employee, Roster
from graph.context import TurnContext
from graph.errors import ModelCallUnreadable, ModelError, ModelTimeout
from graph.events import Restart, Text
from graph.ports.models import ChatModel, CountTokens, Price, Prices
from graph.ports.tools import ToolRuntime
from graph.redaction.links.link_sanitizer import AllowedUrls
from graph.redaction.unmasking.answer_stream import AnswerStream
from graph.state import Turn, Usage, add_usage, last_model_name
from graph.tool import Tool
from graph.turn.citations import citations_in
from graph.turn.colleague_directory import colleague_lines
from graph.turn.links import user_texts, with_safe_calls
from graph.turn.model_reply import WERE_THOUGHTS, add_reported_usage, check_answer, merge_chunks, without_calls
from graph.turn.prompt import Prompt, PromptTemplates, count_message_tokens, fit_to_budget
from graph.turn.text_calls.acceptance import argument_names, messages_after_rejection, with_text_calls
from graph.turn.text_calls.stream import TextCallStream
from graph.values.text import storable

log = structlog.get_logger(__name__)

MAX_ROUNDS = 5
"""Rounds of tool calls in a turn; after them the model is offered no tools and has to answer."""


@dataclass(slots=True)
class StreamedReply:
    """The part of a reply that the model has sent so far."""

    written: TextCallStream
    """Takes the calls that are written as text out of it."""
    chunks: list[AIMessageChunk] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    """The text as it was streamed, in pieces."""

    raw: list[str] = field(default_factory=list)
    """The text as the model wrote it."""

    def message(self) -> AIMessage:
        return merge_chunks(self.chunks, "".join(self.texts))

    def raw_message(self) -> AIMessage:
        """The reply with the text that was not streamed because it is a call."""
        return self.message().model_copy(update={"content": "".join(self.raw)})

    def aborted_message(self) -> AIMessage:
        """The reply as it was streamed when it broke off, or as written if it has calls in its text."""
        return self.raw_message() if self.written.has_found else self.message()

    def forget_text(self) -> None:
        """Drop the text so far, which was the model's thoughts."""
        self.written = TextCallStream(self.written.tools)
        self.texts.clear()
        self.raw.clear()


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply of the model and what it cost."""

    message: AIMessage
    usage: Usage
    is_rejected: bool = False
    """Whether it has calls as text that cannot be taken as calls. Its message has them in its text."""
    has_streamed: bool = False
    """Whether some of its text was streamed."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Builds the prompt, streams the text of the model's reply, and adds the reply and its usage to the turn."""

    model: ChatModel
    roster: Roster
    toolbox: ToolRuntime
    templates: PromptTemplates
    prices: Prices
    count_tokens: CountTokens
    budget: int
    """Maximum tokens of the whole prompt."""

    async def __call__(self, state: Turn, runtime: Runtime[TurnContext]) -> Turn:
        employee = self.roster.find(state.get("speaker") or runtime.context.employee)
        prompt = fit_to_budget(self._prompt(state, employee), self.budget, self.count_tokens)
        tools = self.toolbox.tools(employee.tools) if count_rounds(state) < MAX_ROUNDS else ()
        reply = await self._reply(prompt, tools, employee, runtime)
        message = reply.message
        if not message.tool_calls:
            for citation in citations_in(str(message.text), prompt.passages):
                runtime.stream_writer(citation)
        return Turn(messages=[*state["messages"], message], usage=add_usage(state["usage"], reply.usage))

    def _prompt(self, state: Turn, employee: Employee) -> Prompt:
        memory = state["recollection"]
        return Prompt(
            templates=self.templates,
            today=state["today"],
            persona=employee.prompt,
            colleagues=colleague_lines(self.roster, employee),
            facts=memory["facts"],
            summary=memory["summary"],
            passages=state["passages"],
            history=memory["history"],
            turn=state["messages"],
        )

    async def _reply(
        self, prompt: Prompt, tools: Sequence[Tool], employee: Employee, runtime: Runtime[TurnContext]
    ) -> Reply:
        """The model's reply. If it has calls as text that cannot be run, the model is asked once more.

        Raises:
            ModelError: the reply broke off, is empty, or has such calls again.
        """
        first = await self._attempt(prompt, tools, employee, runtime)
        if not first.is_rejected:
            return first
        log.warning("text_call_rejected", model=self.model.name(employee.settings), employee=employee.slug)
        if first.has_streamed:
            restart_stream(prompt, runtime)
        try:
            second = await self._attempt(self._again(prompt, first, tools), tools, employee, runtime)
            if second.is_rejected:
                runtime.context.aborted_usage.add(second.usage)
                raise ModelCallUnreadable
        except BaseException:
            runtime.context.aborted_usage.add(first.usage)
            raise
        usage = add_reported_usage(first.message, second.message)
        message = second.message.model_copy(update={"usage_metadata": usage})
        return Reply(message, add_usage(first.usage, second.usage))

    def _again(self, prompt: Prompt, rejected: Reply, tools: Sequence[Tool]) -> Prompt:
        """The prompt that tells the model of its rejected reply."""
        addition = messages_after_rejection(str(rejected.message.text), are_tools_offered=bool(tools))
        return fit_to_budget(replace(prompt, turn=[*prompt.turn, *addition]), self.budget, self.count_tokens)

    async def _attempt(
        self, prompt: Prompt, tools: Sequence[Tool], employee: Employee, runtime: Runtime[TurnContext]
    ) -> Reply:
        """Stream a reply and return it. The usage of a reply that breaks off goes to the context.

        Raises:
            ModelError: the reply broke off, or is empty.
        """
        streamed = StreamedReply(TextCallStream(argument_names(self.toolbox.tools(employee.tools))))
        messages = [*prompt.history, *prompt.turn]
        try:
            await self._stream(prompt, tools, employee, runtime, streamed)
            reply = streamed.message() if tools else without_calls(streamed.message())
            accepted = with_text_calls(reply, streamed.written, tools, messages, prompt.passages)
            if accepted is None:
                message = streamed.raw_message()
                usage = self._usage(message, prompt, tools, employee)
                return Reply(message, usage, is_rejected=True, has_streamed=any(streamed.texts))
            accepted = with_safe_calls(accepted, messages, prompt.passages)
            check_answer(accepted)
        except BaseException as error:
            if may_have_cost(error, streamed):
                runtime.context.aborted_usage.add(self._usage(streamed.aborted_message(), prompt, tools, employee))
            raise
        return Reply(accepted, self._usage(accepted, prompt, tools, employee))

    async def _stream(
        self,
        prompt: Prompt,
        tools: Sequence[Tool],
        employee: Employee,
        runtime: Runtime[TurnContext],
        streamed: StreamedReply,
    ) -> None:
        """Ask the model, collect its chunks, and stream the text without calls, with unsafe links removed."""
        answer = AnswerStream(AllowedUrls(user_texts([*prompt.history, *prompt.turn], prompt.facts)))

        def send(text: str) -> None:
            streamed.texts.append(text)
            stream_text(text, runtime)

        async for chunk in self.model.stream(prompt.messages(), tools, employee.settings):
            streamed.chunks.append(chunk)
            if chunk.additional_kwargs.get(WERE_THOUGHTS):
                answer.flush()  # what it still holds belongs to the thoughts
                streamed.forget_text()
                restart_stream(prompt, runtime)
            text = storable(str(chunk.text))
            streamed.raw.append(text)
            send(answer.push(streamed.written.push(text)))
        send(answer.push(streamed.written.flush()) + answer.flush())

    def _usage(self, reply: AIMessage, prompt: Prompt, tools: Sequence[Tool], employee: Employee) -> Usage:
        """The usage that the provider reported, else the counted tokens. A report of zero tokens counts as no report."""
        reported = reply.usage_metadata
        prompt_tokens = reported["input_tokens"] if reported else 0
        completion_tokens = reported["output_tokens"] if reported else 0
        is_reported = prompt_tokens > 0 and (completion_tokens > 0 or not (reply.text or reply.tool_calls))
        if prompt_tokens <= 0:
            prompt_tokens = prompt.count_tokens(self.count_tokens) + count_schema_tokens(
                tuple(tools), self.count_tokens
            )
        if completion_tokens <= 0:
            completion_tokens = (
                count_message_tokens([reply], self.count_tokens) if reply.text or reply.tool_calls else 0
            )
        model = last_model_name([reply], self.model.name(employee.settings))
        price = self.prices.get(model, Price(Decimal(0), Decimal(0)))
        return Usage(
            prompt=prompt_tokens,
            completion=completion_tokens,
            total=prompt_tokens + completion_tokens,
            cost=str(price.cost(prompt_tokens, completion_tokens)),
            source="provider" if is_reported else "counted",
        )


@lru_cache(maxsize=256)
def count_schema_tokens(tools: tuple[Tool, ...], count: CountTokens) -> int:
    """Tokens of the tools' schemas. Counting takes milliseconds, so the result is cached for each set of tools."""
    return count(json.dumps([tool.schema() for tool in tools])) if tools else 0


def may_have_cost(error: BaseException, streamed: StreamedReply) -> bool:
    """Whether a reply that broke off may have used tokens.

    A reply that failed before its first chunk cost nothing; a timeout or a stop may have.
    """
    return bool(streamed.chunks) or isinstance(error, ModelTimeout) or not isinstance(error, ModelError)


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
