"""Wrappers that measure and trace steps, models, tools, jobs and runs."""

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
from graph.adapters.telemetry.tracing import mark_failed
from graph.context import TurnContext
from graph.errors import ChatError
from graph.ports.models import ChatModel, ModelSettings
from graph.ports.runs import Run, RunOutcome
from graph.state import Turn, Usage
from graph.tool import Tool, ToolContext, ToolError
from graph.turn.node import Node

OnOutcome = Callable[[str, float], None]
"""Called with an outcome (`complete`, `stopped`, `waiting`, or an error code) and the duration in seconds."""

TIMER_SLACK_SECONDS = 0.02
"""Tolerance for timers: a deadline is set a moment before its operation starts."""

FINISHES = ("stop", "length", "tool_calls", "content_filter", "refusal")
"""Finish reasons that a span may hold; others become `other`, since a provider could put any text there."""


class Telemetry(Metrics):
    """The metrics, and spans of a tracer for the same operations."""

    def __init__(self, tracer: Tracer | None = None) -> None:
        super().__init__()
        self.tracer = tracer or NoOpTracer()
        self.providers = ProviderStatus(self.provider_fault)

    @contextmanager
    def track_run(self, run: Run, waited: bool = False) -> Iterator[None]:
        ids = {"chat.run_id": run.id, "chat.session_id": run.session_id}
        span = self.tracer.start_span("run", attributes={**ids, "chat.employee": run.employee, "chat.epoch": run.epoch})
        with as_current(span), super().track_run(run, waited):
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
        if outcome.status != "waiting":  # the span of the last round has the usage of all
            span.set_attributes(tokens_of(usage["prompt"], usage["completion"]))
        if outcome.error_code:
            span.set_attribute("error.type", outcome.error_code)
            span.set_status(StatusCode.ERROR)

    def detached(self, run: Run) -> None:
        super().detached(run)
        get_current_span().set_attribute("chat.status", "lost")

    def wrap_step(self, name: str, node: Node) -> Node:
        return TracedStep(self, name, node)

    def wrap_model(self, model: ChatModel) -> ChatModel:
        return TracedModel(self, model)

    def wrap_tool(self, tool: Tool) -> Tool:
        """Wrap a tool. A call that its deadline ends counts as `timeout`."""

        @wraps(tool.function)
        async def traced(arguments: Any, context: ToolContext) -> Mapping[str, Any]:
            span = self.tracer.start_span(f"tool {tool.name}", attributes={"gen_ai.tool.name": tool.name})
            with observed(span, partial(self.tool_call, tool.name), deadline=tool.timeout_seconds):
                return await tool.function(arguments, context)

        return replace(tool, function=traced)

    async def wrap_job(self, work: Callable[[], Awaitable[Any]], context: JobContext, worker: object) -> Any:
        """A middleware of procrastinate's worker."""
        name = context.job.task_name
        span = self.tracer.start_span(f"job {name}", attributes={"chat.attempt": context.job.attempts + 1})
        with as_current(span), observed(span, partial(self.job, name)):
            return await work()


@dataclass(frozen=True, slots=True)
class TracedStep:
    """A step of a turn (a LangGraph node)."""

    telemetry: Telemetry
    name: str
    node: Node

    async def __call__(self, state: Turn, runtime: Runtime[TurnContext]) -> Turn:
        span = self.telemetry.tracer.start_span(f"step {self.name}")
        with as_current(span), observed(span, partial(self.telemetry.step, self.name)):
            return await self.node(state, runtime)


@dataclass(frozen=True, slots=True)
class TracedModel:
    """A chat model (port `ChatModel`)."""

    telemetry: Telemetry
    model: ChatModel

    def name(self, settings: ModelSettings) -> str:
        return self.model.name(settings)

    async def stream(
        self, messages: Sequence[BaseMessage], tools: Sequence[Tool], settings: ModelSettings
    ) -> AsyncIterator[AIMessageChunk]:
        name = self.name(settings)
        asked = {"gen_ai.operation.name": "chat", "gen_ai.request.model": name}
        span = self.telemetry.tracer.start_span(f"model {name}", kind=SpanKind.CLIENT, attributes=asked)
        began, spoke = time.perf_counter(), False
        with observed(span, partial(self.telemetry.model_call, name)):
            async for chunk in self.model.stream(messages, tools, settings):
                if not spoke:
                    spoke = True
                    self.telemetry.first_token(name, time.perf_counter() - began)
                record_chunk(chunk, span)
                yield chunk


def record_chunk(chunk: AIMessageChunk, span: Span) -> None:
    """Write a chunk's usage and finish reason into the span of its answer."""
    if used := chunk.usage_metadata:
        span.set_attributes(tokens_of(used["input_tokens"], used["output_tokens"]))
    if finish := chunk.response_metadata.get("finish_reason"):
        span.set_attribute("gen_ai.response.finish_reasons", [finish if finish in FINISHES else "other"])


def tokens_of(prompt: int, completion: int) -> dict[str, int]:
    return {"gen_ai.usage.input_tokens": prompt, "gen_ai.usage.output_tokens": completion}


def as_current(span: Span) -> AbstractContextManager[Span]:
    """Make a span the parent of later ones. Exceptions are not recorded in it: their messages may quote a user."""
    return use_span(span, record_exception=False, set_status_on_exception=False)


@contextmanager
def observed(span: Span, on_outcome: OnOutcome, deadline: float = float("inf")) -> Iterator[None]:
    """Measure the block, end its span, and report its outcome.

    Args:
        span: the span to end.
        on_outcome: called with the outcome and the duration in seconds.
        deadline: seconds after which the block is cancelled; a later cancellation counts as `timeout`.
    """
    began, outcome = time.perf_counter(), "complete"
    try:
        yield
    except BaseException as error:
        late = time.perf_counter() - began > deadline - TIMER_SLACK_SECONDS
        outcome = outcome_of(error, late)
        mark_failed(span, outcome, error)
        raise
    finally:
        span.end()
        on_outcome(outcome, time.perf_counter() - began)


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
