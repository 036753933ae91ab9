"""What this process counts and measures, for Prometheus (port `RunMetrics`).

A label is an employee, a model, a tool, a step or a code: something of which there are few, and nothing that a user wrote.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from graph.adapters.base.circuit_breaker import CircuitBreaker
from graph.ports.runs import Run, RunOutcome
from graph.state import Usage

WAITS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""Seconds that somebody waits for a first word."""
WORK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60)
"""Seconds that a step, a tool or a job takes."""
TURNS = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180, 600)
"""Seconds that an answer takes."""


class Metrics:
    """The metrics of one process, in a registry of their own."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # they would double the number of series
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        counter = partial(Counter, namespace="chat", registry=self.registry)
        gauge = partial(Gauge, namespace="chat", registry=self.registry)
        histogram = partial(Histogram, namespace="chat", registry=self.registry)

        self._accepted = counter("runs_accepted_total", "Turns that were accepted.", ["employee"])
        self._refused = counter("runs_refused_total", "Turns that were not accepted, by the error's code.", ["code"])
        self._active = gauge("runs_active", "Runs that this process works on now.")
        self._due = gauge("runs_due", "Runs of all processes that waited for one at the last look, 20 at most.")
        self._taken_over = counter("runs_taken_over_total", "Runs that another process had begun.")
        self._lost = counter("runs_lost_total", "Runs that were left to another process.")
        self._retried = counter("run_retries_total", "Writes for a run (log, lease) that failed.", ["what"])
        self._ended = counter("runs_ended_total", "Runs by how they ended.", ["employee", "status", "code"])
        self._run_seconds = histogram("run_seconds", "From beginning a run to its end.", ["status"], buckets=TURNS)
        self._first_text = histogram("first_text_seconds", "From beginning a run to its first words.", buckets=WAITS)
        self._untraced = counter(
            "untraced_amounts_total", "Amounts in answers that nothing accounts for.", ["employee"]
        )
        self._tokens = counter("tokens_total", "Tokens of turns.", ["kind", "employee", "model"])
        self._cost = counter("cost_dollars_total", "What turns cost, in US dollars.", ["employee", "model"])

        self._step_seconds = histogram("step_seconds", "Steps of turns.", ["step"], buckets=WORK)
        self._step_failures = counter("step_failures_total", "Steps that failed, each try.", ["step", "code"])

        self._model_calls = counter("model_calls_total", "Answers asked of models.", ["model", "outcome"])
        self._model_seconds = histogram("model_call_seconds", "Whole answers of models.", ["model"], buckets=TURNS)
        self._first_token = histogram(
            "model_first_token_seconds", "Until a model's first words or calls.", ["model"], buckets=WAITS
        )
        self._attempts = counter(
            "model_attempts_total", "Calls of a provider: made, or spared by its breaker.", ["provider", "outcome"]
        )
        self._provider_faults = counter(
            "provider_faults_total",
            "Calls that a provider refused for what an operator has to mend.",
            ["provider", "fault"],
        )
        self._breaker_open = gauge("model_breaker_open", "1 while a provider counts as down.", ["provider"])

        self._tool_calls = counter("tool_calls_total", "Calls of tools.", ["tool", "outcome"])
        self._tool_seconds = histogram("tool_call_seconds", "Calls of tools.", ["tool"], buckets=WORK)

        self._jobs = counter("jobs_total", "Jobs that were worked on, each try.", ["job", "outcome"])
        self._job_seconds = histogram("job_seconds", "Jobs.", ["job"], buckets=WORK)

        self._news = gauge("news_connected", "1 while news of other processes come through.")
        gauge("tasks", "Tasks of the event loop.").set_function(lambda: len(asyncio.all_tasks()))
        for what in ("log", "lease"):
            self._retried.labels(what)

    def exposition(self, accepted: str) -> tuple[bytes, str]:
        """All metrics as they are now, and the format in which they are written: one that an Accept header asks for."""
        encode, media_type = choose_encoder(accepted)
        return encode(self.registry), media_type

    def accepted(self, run: Run) -> None:
        self._accepted.labels(run.employee).inc()

    def refused(self, code: str) -> None:
        self._refused.labels(code).inc()

    @contextmanager
    def track_run(self, run: Run, waited: bool = False) -> Iterator[None]:
        if run.epoch > 1 and not waited:
            self._taken_over.inc()
        with self._active.track_inprogress():
            yield

    def first_text(self, run: Run, seconds: float) -> None:
        self._first_text.observe(seconds)

    def ended(self, run: Run, outcome: RunOutcome, usage: Usage, seconds: float) -> None:
        model = outcome.trace["model"] if outcome.trace else ""
        self._ended.labels(run.employee, outcome.status, outcome.error_code or "").inc()
        self._run_seconds.labels(outcome.status).observe(seconds)
        if outcome.status == "waiting":  # the run goes on, and its usage at the end is that of all its rounds
            return
        self._tokens.labels("prompt", run.employee, model).inc(usage["prompt"])
        self._tokens.labels("completion", run.employee, model).inc(usage["completion"])
        self._cost.labels(run.employee, model).inc(float(usage["cost"]))

    def ungrounded_amounts(self, run: Run, amounts: int) -> None:
        self._untraced.labels(run.employee).inc(amounts)

    def detached(self, run: Run) -> None:
        self._lost.inc()

    def write_retried(self, what: str) -> None:
        self._retried.labels(what).inc()

    def claimable(self, runs: int) -> None:
        self._due.set(runs)

    def step(self, name: str, outcome: str, seconds: float) -> None:
        """A step of a turn is over."""
        self._step_seconds.labels(name).observe(seconds)
        if outcome not in ("complete", "stopped", "waiting"):
            self._step_failures.labels(name, outcome).inc()

    def model_call(self, model: str, outcome: str, seconds: float) -> None:
        """A model has answered, or has not."""
        self._model_calls.labels(model, outcome).inc()
        self._model_seconds.labels(model).observe(seconds)

    def first_token(self, model: str, seconds: float) -> None:
        """A model has begun its answer."""
        self._first_token.labels(model).observe(seconds)

    def tool_call(self, tool: str, outcome: str, seconds: float) -> None:
        """A tool was called."""
        self._tool_calls.labels(tool, outcome).inc()
        self._tool_seconds.labels(tool).observe(seconds)

    def job(self, name: str, outcome: str, seconds: float) -> None:
        """A job was worked on."""
        self._jobs.labels(name, outcome).inc()
        self._job_seconds.labels(name).observe(seconds)

    def provider_fault(self, provider: str, fault: str) -> None:
        """A provider did not serve, and only an operator can mend it."""
        self._provider_faults.labels(provider, fault).inc()

    def breaker(self, provider: str) -> CircuitBreaker:
        """A breaker for a provider of models, watched."""
        breaker = MeasuredCircuitBreaker(
            self._attempts.labels(provider, "made"), self._attempts.labels(provider, "spared")
        )
        self._breaker_open.labels(provider).set_function(lambda: breaker.is_open)
        return breaker

    def watch_pool(self, stats: Callable[[], Mapping[str, int]]) -> None:
        """Show how a psycopg pool (its `get_stats`) is whenever somebody asks for the metrics."""
        self.registry.register(PoolCollector(stats))

    def watch_news(self, connected: Callable[[], bool]) -> None:
        """Show whether news come through whenever somebody asks for the metrics."""
        self._news.set_function(connected)


class MeasuredCircuitBreaker(CircuitBreaker):
    """A breaker that counts what is asked of it and says whether it is open."""

    def __init__(self, made: Counter, spared: Counter) -> None:
        super().__init__()
        self._made = made
        self._spared = spared

    def wait_seconds(self) -> float:
        wait = super().wait_seconds()
        (self._spared if wait else self._made).inc()
        return wait


class PoolCollector(Collector):
    """The state of the database's pool, read when somebody asks."""

    def __init__(self, stats: Callable[[], Mapping[str, int]]) -> None:
        self.stats = stats

    def collect(self) -> Iterator[Metric]:
        stats = self.stats()
        for name, meaning, key in POOL_GAUGES:
            yield GaugeMetricFamily(f"chat_database_pool_{name}", meaning, stats.get(key, 0))
        waited = stats.get("requests_wait_ms", 0) / 1000
        yield CounterMetricFamily("chat_database_pool_wait_seconds", "Time spent waiting for connections.", waited)
        record_failure = stats.get("requests_errors", 0)
        yield CounterMetricFamily(
            "chat_database_pool_timeouts", "Requests that got no connection in time.", record_failure
        )


POOL_GAUGES = (
    ("max", "Most connections of this process's pool.", "pool_max"),
    ("size", "Connections that it has.", "pool_size"),
    ("available", "Connections that nobody uses.", "pool_available"),
    ("waiting", "Requests that wait for a connection.", "requests_waiting"),
)
