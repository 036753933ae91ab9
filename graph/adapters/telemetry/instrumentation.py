"""Measures and traces steps, models, tools, jobs and runs: what is put around them, so that they know nothing of it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial, wraps
from typing import Any

from langchain_core.messages import AIMessageChunk, BaseMessage
from langgraph.errors import GraphBubbleUp
from langgraph.runtime import Runtime
from opentelemetry.trace import NoOpTracer, Span, SpanKind, StatusCode, Tracer, get_current_span, use_span
from procrastinate import JobContext

from graph.adapters.base.provider_status import ProviderStatus
from graph.adapters.telemetry.metrics import Metrics
from graph.adapters.telemetry.tracing import mark
from graph.context import TurnContext
from graph.errors import ChatError
from graph.ports.models import ChatModel, ModelSettings
from graph.ports.runs import Run, RunOutcome
from graph.state import Turn, Usage
from graph.tool import Tool, ToolContext, ToolError
from graph.turn.node import Node

Told = Callable[[str, float], None]
"""Is told how something ended (`complete`, `stopped`, or a code) and after how many seconds."""

SLACK_SECONDS = 0.02
"""A deadline is set a moment before what it is for begins, and an event loop's timers are not exact."""

FINISHES = ("stop", "length", "tool_calls", "content_filter", "refusal")
"""The reasons for which a model ends its answer; a provider that invents one is not quoted."""


class Observer(Metrics):
    """Metrics, and a tracer whose spans are opened at the same places."""

    def __init__(self, tracer: Tracer | None = None) -> None:
        super().__init__()
        self.tracer = tracer or NoOpTracer()
        self.providers = ProviderStatus(self.provider_fault)

    @contextmanager
    def track_run(self, run: Run, waited: bool = False) -> Iterator[None]:
        ids = {"chat.run_id": run.id, "chat.session_id": run.session_id}
        span = self.tracer.start_span("run", attributes={**ids, "chat.employee": run.employee, "chat.epoch": run.epoch})
        with current(span), super().track_run(run, waited):
            try:
                yield
            finally:
                span.end()

    def first_text(self, run: Run, seconds: float) -> None:
        super().first_text(run, seconds)
        get_current_span().set_attribute("chat.first_text_seconds", seconds)

    def ended(self, run: Run, outcome: RunOutcome, usage: Usage, seconds: float) -> None:
        super().ended(run, outcome, usage, seconds)
        span = get_current_span()
        span.set_attribute("chat.status", outcome.status)
        if outcome.status != "waiting":  # a span of a later round tells what all of them took
            span.set_attributes(tokens_of(usage["prompt"], usage["completion"]))
        if outcome.error_code:
            span.set_attribute("error.type", outcome.error_code)
            span.set_status(StatusCode.ERROR)

    def detached(self, run: Run) -> None:
        super().detached(run)
        get_current_span().set_attribute("chat.status", "lost")

    def around_step(self, name: str, node: Node) -> Node:
        return ObservedStep(self, name, node)

    def around_model(self, model: ChatModel) -> ChatModel:
        return ObservedModel(self, model)

    def around_tool(self, tool: Tool) -> Tool:
        """The tool; what its deadline cuts off counts as `timeout`."""

        @wraps(tool.function)
        async def observed(arguments: Any, context: ToolContext) -> Mapping[str, Any]:
            span = self.tracer.start_span(f"tool {tool.name}", attributes={"gen_ai.tool.name": tool.name})
            with observing(span, partial(self.tool_call, tool.name), deadline=tool.timeout_seconds):
                return await tool.function(arguments, context)

        return replace(tool, function=observed)

    async def around_job(self, work: Callable[[], Awaitable[Any]], context: JobContext, worker: object) -> Any:
        """A middleware for procrastinate's worker."""
        name = context.job.task_name
        span = self.tracer.start_span(f"job {name}", attributes={"chat.attempt": context.job.attempts + 1})
        with current(span), observing(span, partial(self.job, name)):
            return await work()


@dataclass(frozen=True, slots=True)
class ObservedStep:
    """A step of a turn."""

    observer: Observer
    name: str
    node: Node

    async def __call__(self, state: Turn, runtime: Runtime[TurnContext]) -> Turn:
        span = self.observer.tracer.start_span(f"step {self.name}")
        with current(span), observing(span, partial(self.observer.step, self.name)):
            return await self.node(state, runtime)


@dataclass(frozen=True, slots=True)
class ObservedModel:
    """A chat model (port `ChatModel`)."""

    observer: Observer
    model: ChatModel

    def name(self, settings: ModelSettings) -> str:
        return self.model.name(settings)

    async def stream(
        self, messages: Sequence[BaseMessage], tools: Sequence[Tool], settings: ModelSettings
    ) -> AsyncIterator[AIMessageChunk]:
        name = self.name(settings)
        asked = {"gen_ai.operation.name": "chat", "gen_ai.request.model": name}
        span = self.observer.tracer.start_span(f"model {name}", kind=SpanKind.CLIENT, attributes=asked)
        began, spoke = time.perf_counter(), False
        with observing(span, partial(self.observer.model_call, name)):
            async for chunk in self.model.stream(messages, tools, settings):
                if not spoke:
                    spoke = True
                    self.observer.first_token(name, time.perf_counter() - began)
                note(chunk, span)
                yield chunk


def note(chunk: AIMessageChunk, span: Span) -> None:
    """Write into a model's span what a chunk tells of the answer: what it took and why it ended."""
    if used := chunk.usage_metadata:
        span.set_attributes(tokens_of(used["input_tokens"], used["output_tokens"]))
    if finish := chunk.response_metadata.get("finish_reason"):
        span.set_attribute("gen_ai.response.finish_reasons", [finish if finish in FINISHES else "other"])


def tokens_of(prompt: int, completion: int) -> dict[str, int]:
    return {"gen_ai.usage.input_tokens": prompt, "gen_ai.usage.output_tokens": completion}


def current(span: Span) -> AbstractContextManager[Span]:
    """Makes a span the parent of those that are opened within; it is not told of exceptions, whose messages may quote."""
    return use_span(span, record_exception=False, set_status_on_exception=False)


@contextmanager
def observing(span: Span, told: Told, deadline: float = float("inf")) -> Iterator[None]:
    """Time something, tell how it ended, and end its span.

    Args:
        span: of it.
        told: is told.
        deadline: the seconds after which it is cut off; what is cancelled then counts as `timeout`.
    """
    began, outcome = time.perf_counter(), "complete"
    try:
        yield
    except BaseException as error:
        late = time.perf_counter() - began > deadline - SLACK_SECONDS
        outcome = outcome_of(error, late)
        mark(span, outcome, error)
        raise
    finally:
        span.end()
        told(outcome, time.perf_counter() - began)


def outcome_of(error: BaseException, late: bool) -> str:
    match error:
        case ChatError():
            return error.code
        case ToolError():
            return "fault"
        case GraphBubbleUp():
            return "waiting"
        case asyncio.CancelledError() | GeneratorExit():
            return "timeout" if late else "stopped"
        case _:
            return ChatError.code
