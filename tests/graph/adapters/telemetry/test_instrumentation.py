"""What is put around steps, models, tools, jobs and runs: what they do stays, what they did is counted and traced."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langgraph.errors import GraphInterrupt
from langgraph.runtime import Runtime
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import BaseModel

from graph.adapters.telemetry.instrumentation import Telemetry
from graph.context import TurnContext
from graph.errors import DatabaseUnavailable, ModelTimeout
from graph.ports.models import ModelSettings
from graph.ports.runs import Run, RunOutcome, Trace
from graph.state import Turn, Usage
from graph.tool import Tool, ToolContext, ToolError
from tests.support.fakes.ports import NoRows, runtime_of

SECRET = "Ana Díaz"
"""What a user said: nothing of it may be in a span."""
RUN = Run("a run", "an owner", "a session", "tester", epoch=2)


class Watched:
    """An observer, and the spans that it has ended."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.telemetry = Telemetry(self.provider.get_tracer("test"))

    @property
    def spans(self) -> dict[str, ReadableSpan]:
        spans = self.exporter.get_finished_spans()
        assert SECRET not in "".join(span.to_json(indent=None) for span in spans).encode().decode("unicode_escape")
        return {span.name: span for span in spans}

    def value(self, name: str, **labels: str) -> float | None:
        return self.telemetry.registry.get_sample_value(name, labels)


@pytest.fixture
def watched() -> Iterator[Watched]:
    watched = Watched()
    yield watched
    watched.provider.shutdown()


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


@dataclass
class Step:
    """A step that fails if it is told to."""

    fault: BaseException | None = None

    async def __call__(self, state: Turn, runtime: Runtime[TurnContext]) -> Turn:
        if self.fault:
            raise self.fault
        return Turn(question=state["question"] + "!")


@dataclass
class Model:
    """A model that streams chunks, then fails if it is told to."""

    chunks: Sequence[AIMessageChunk]
    fault: Exception | None = None

    def name(self, settings: ModelSettings) -> str:
        return f"model-{settings.size}"

    async def stream(
        self, messages: Sequence[BaseMessage], tools: Sequence[Tool], settings: ModelSettings
    ) -> AsyncIterator[AIMessageChunk]:
        for chunk in self.chunks:
            yield chunk
        if self.fault:
            raise self.fault


class Arguments(BaseModel):
    """The arguments of the tools here."""

    text: str = SECRET


async def echo(arguments: Arguments, context: ToolContext) -> dict[str, Any]:
    """Say it again."""
    return {"text": arguments.text}


async def refuse(arguments: Arguments, context: ToolContext) -> dict[str, Any]:
    """Refuse."""
    raise ToolError(f"not {arguments.text}")


async def slow(arguments: Arguments, context: ToolContext) -> dict[str, Any]:
    """Take long."""
    await asyncio.sleep(60)
    return {}


async def call(tool: Tool) -> Any:
    return await tool.function(Arguments(), ToolContext(NoRows("owner"), dt.date(2026, 11, 24)))


async def test_a_step_does_what_it_does(watched: Watched) -> None:
    step = watched.telemetry.wrap_step("redact", Step())
    assert await step(Turn(question="what"), runtime_of()) == {"question": "what!"}
    assert watched.value("chat_step_seconds_count", step="redact") == 1
    assert "step redact" in watched.spans


async def test_a_step_that_fails_raises_what_it_raised_and_is_counted_by_its_code(watched: Watched) -> None:
    step = watched.telemetry.wrap_step("persist", Step(DatabaseUnavailable(SECRET)))
    with pytest.raises(DatabaseUnavailable):
        await step(Turn(question="what"), runtime_of())
    assert watched.value("chat_step_failures_total", step="persist", code="database_unavailable") == 1
    span = watched.spans["step persist"]
    assert attributes(span)["error.type"] == "database_unavailable"
    assert str(span.status.description).startswith("DatabaseUnavailable at test_instrumentation.py:")
    assert span.events == ()


@pytest.mark.parametrize(("how", "outcome"), [(asyncio.CancelledError(), "stopped"), (GraphInterrupt(), "waiting")])
async def test_a_step_that_is_stopped_or_waits_for_its_user_has_not_failed(
    how: BaseException, outcome: str, watched: Watched
) -> None:
    step = watched.telemetry.wrap_step("reason", Step(how))
    with pytest.raises(type(how)):
        await step(Turn(question="what"), runtime_of())
    assert watched.value("chat_step_failures_total", step="reason", code=outcome) is None
    assert attributes(watched.spans["step reason"]) == {"chat.outcome": outcome}


async def test_a_model_streams_as_it_does_and_its_span_says_what_it_took_and_why_it_ended(watched: Watched) -> None:
    used = UsageMetadata(input_tokens=10, output_tokens=5, total_tokens=15)
    chunks = [
        AIMessageChunk(content=SECRET),
        AIMessageChunk(content="", response_metadata={"finish_reason": "stop"}),
        AIMessageChunk(content="", usage_metadata=used),
    ]
    model = watched.telemetry.wrap_model(Model(chunks))
    assert [chunk async for chunk in model.stream((), (), ModelSettings("large"))] == chunks
    assert watched.value("chat_model_calls_total", model="model-large", outcome="complete") == 1
    assert watched.value("chat_model_first_token_seconds_count", model="model-large") == 1
    assert attributes(watched.spans["model model-large"]) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "model-large",
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 5,
        "gen_ai.response.finish_reasons": ("stop",),
    }


async def test_a_reason_to_end_that_a_provider_invents_is_not_quoted(watched: Watched) -> None:
    model = watched.telemetry.wrap_model(
        Model([AIMessageChunk(content="", response_metadata={"finish_reason": SECRET})])
    )
    assert [chunk async for chunk in model.stream((), (), ModelSettings())]
    assert attributes(watched.spans["model model-small"])["gen_ai.response.finish_reasons"] == ("other",)


async def test_a_model_that_fails_before_its_first_word_is_counted_by_its_code(watched: Watched) -> None:
    model = watched.telemetry.wrap_model(Model([], ModelTimeout(SECRET)))
    with pytest.raises(ModelTimeout):
        [chunk async for chunk in model.stream((), (), ModelSettings())]
    assert watched.value("chat_model_calls_total", model="model-small", outcome="model_timeout") == 1
    assert watched.value("chat_model_call_seconds_count", model="model-small") == 1
    assert watched.value("chat_model_first_token_seconds_count", model="model-small") is None


async def test_a_tool_stays_the_tool_that_it_is(watched: Watched) -> None:
    tool = Tool(echo, unmasked_fields={"text": "it is the test's own"})
    around = watched.telemetry.wrap_tool(tool)
    assert (around.name, around.description, around.arguments) == ("echo", "Say it again.", Arguments)
    assert around.schema() == tool.schema()
    assert around.unmasked_fields == {"text": "it is the test's own"}
    assert await call(around) == {"text": SECRET}
    assert watched.value("chat_tool_calls_total", tool="echo", outcome="complete") == 1
    assert attributes(watched.spans["tool echo"]) == {"gen_ai.tool.name": "echo"}


async def test_a_tool_that_says_it_cannot_is_a_fault(watched: Watched) -> None:
    with pytest.raises(ToolError):
        await call(watched.telemetry.wrap_tool(Tool(refuse)))
    assert watched.value("chat_tool_calls_total", tool="refuse", outcome="fault") == 1
    assert attributes(watched.spans["tool refuse"])["error.type"] == "fault"


async def test_a_tool_that_is_cut_off_at_its_deadline_is_told_apart_from_one_that_is_stopped(watched: Watched) -> None:
    late, stopped = Tool(slow, timeout_seconds=0.05), Tool(slow, timeout_seconds=30)
    for tool in (late, stopped):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await call(watched.telemetry.wrap_tool(tool))
    assert watched.value("chat_tool_calls_total", tool="slow", outcome="timeout") == 1
    assert watched.value("chat_tool_calls_total", tool="slow", outcome="stopped") == 1


async def test_a_job_is_counted_by_how_it_ended_and_traced_without_its_arguments(watched: Watched) -> None:
    context: Any = SimpleNamespace(job=SimpleNamespace(task_name="summarize", attempts=1, task_kwargs={"a": SECRET}))

    async def work() -> str:
        return "done"

    async def fail() -> None:
        raise ModelTimeout

    assert await watched.telemetry.wrap_job(work, context, None) == "done"
    with pytest.raises(ModelTimeout):
        await watched.telemetry.wrap_job(fail, context, None)
    assert watched.value("chat_jobs_total", job="summarize", outcome="complete") == 1
    assert watched.value("chat_jobs_total", job="summarize", outcome="model_timeout") == 1
    assert attributes(watched.spans["job summarize"])["chat.attempt"] == 2


async def test_what_happens_in_a_run_is_below_its_span_also_in_tasks_of_its_own(watched: Watched) -> None:
    model = watched.telemetry.wrap_model(Model([AIMessageChunk(content="word")]))

    class Reason(Step):
        async def __call__(self, state: Turn, runtime: Runtime[TurnContext]) -> Turn:
            assert [chunk async for chunk in model.stream((), (), ModelSettings())]
            return Turn()

    with watched.telemetry.track_run(RUN):
        await asyncio.create_task(watched.telemetry.wrap_step("reason", Reason())(Turn(), runtime_of()))
    spans = watched.spans
    assert spans["run"].parent is None
    assert spans["step reason"].parent == spans["run"].context
    assert spans["model model-small"].parent == spans["step reason"].context


async def test_the_span_of_a_run_says_whose_it_was_and_how_it_ended(watched: Watched) -> None:
    usage = Usage(prompt=10, completion=5, total=15, cost="0", source="provider")
    trace = Trace(version="1", model="m", path=[], usage=[], turn=Turn(question=SECRET))
    with watched.telemetry.track_run(RUN):
        watched.telemetry.first_text(RUN, 0.25)
        watched.telemetry.ended(RUN, RunOutcome("failed", None, "run_timeout", trace), usage, 1.0)
    assert attributes(watched.spans["run"]) == {
        "chat.run_id": "a run",
        "chat.session_id": "a session",
        "chat.employee": "tester",
        "chat.epoch": 2,
        "chat.first_text_seconds": 0.25,
        "chat.status": "failed",
        "error.type": "run_timeout",
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 5,
    }
    assert not watched.spans["run"].status.is_ok


async def test_a_run_that_another_process_has_is_lost(watched: Watched) -> None:
    with watched.telemetry.track_run(RUN):
        watched.telemetry.detached(RUN)
    assert attributes(watched.spans["run"])["chat.status"] == "lost"


async def test_without_a_tracer_the_same_is_counted() -> None:
    telemetry = Telemetry()
    with telemetry.track_run(RUN):
        await telemetry.wrap_step("redact", Step())(Turn(question="what"), runtime_of())
        telemetry.first_text(RUN, 0.1)
    assert telemetry.registry.get_sample_value("chat_step_seconds_count", {"step": "redact"}) == 1
    assert telemetry.registry.get_sample_value("chat_runs_taken_over_total") == 1
