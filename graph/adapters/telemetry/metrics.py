"""Prometheus metrics of this process (port `RunMetrics`).

Labels are employees, models, tools, steps and codes: few values, and no text of a user.
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
"""Histogram buckets in seconds: waiting for the first text."""
WORK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60)
"""Histogram buckets in seconds: a step, a tool call or a job."""
TURNS = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180, 600)
"""Histogram buckets in seconds: a whole answer."""


class Metrics:
    """All metrics, in a registry of their own."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # they would double the number of series
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._counter = partial(Counter, namespace="chat", registry=self.registry)
        self._gauge = partial(Gauge, namespace="chat", registry=self.registry)
        self._histogram = partial(Histogram, namespace="chat", registry=self.registry)
        self._register_runs()
        self._register_work()
        self._register_models()
        self._gauge("event_loop_tasks", "Tasks of the event loop.").set_function(lambda: len(asyncio.all_tasks()))

    def _register_runs(self) -> None:
        counter, gauge, histogram = self._counter, self._gauge, self._histogram
        self._accepted = counter("runs_accepted_total", "Accepted turns.", ["employee"])
        self._refused = counter("runs_refused_total", "Refused turns, by error code.", ["code"])
        self._active = gauge("runs_active", "Runs that this process executes now.")
        self._claimable = gauge("runs_claimable", "Runs of all processes that wait to be claimed, 20 at most.")
        self._taken_over = counter("runs_taken_over_total", "Runs taken over from another process.")
        self._detached = counter("runs_detached_total", "Runs left to another process.")
        self._write_retries = counter("run_write_retries_total", "Failed writes for a run (log, lease).", ["target"])
        for target in ("log", "lease"):
            self._write_retries.labels(target)
        self._ended = counter("runs_ended_total", "Ended runs.", ["employee", "status", "code"])
        self._run_seconds = histogram("run_seconds", "Duration of a run.", ["status"], buckets=TURNS)
        self._first_text = histogram("first_text_seconds", "Time to a run's first text.", buckets=WAITS)
        self._ungrounded = counter(
            "ungrounded_amounts_total", "Amounts in answers that match nothing in the turn.", ["employee"]
        )
        self._tokens = counter("tokens_total", "Tokens of turns.", ["kind", "employee", "model"])
        self._cost = counter("cost_dollars_total", "Cost of turns in US dollars.", ["employee", "model"])
        self._notifications = gauge("notifications_connected", "1 while run notifications arrive.")

    def _register_work(self) -> None:
        counter, histogram = self._counter, self._histogram
        self._step_seconds = histogram("step_seconds", "Duration of a turn's steps.", ["step"], buckets=WORK)
        self._step_failures = counter("step_failures_total", "Failed attempts of steps.", ["step", "code"])
        self._tool_calls = counter("tool_calls_total", "Tool calls.", ["tool", "outcome"])
        self._tool_seconds = histogram("tool_call_seconds", "Duration of tool calls.", ["tool"], buckets=WORK)
        self._jobs = counter("jobs_total", "Attempts of jobs.", ["job", "outcome"])
        self._job_seconds = histogram("job_seconds", "Duration of jobs.", ["job"], buckets=WORK)

    def _register_models(self) -> None:
        counter, gauge, histogram = self._counter, self._gauge, self._histogram
        self._model_calls = counter("model_calls_total", "Answers of models.", ["model", "outcome"])
        self._model_seconds = histogram("model_call_seconds", "Duration of a model's answer.", ["model"], buckets=TURNS)
        self._first_token = histogram(
            "model_first_token_seconds", "Time to a model's first text or tool call.", ["model"], buckets=WAITS
        )
        self._attempts = counter(
            "model_attempts_total",
            "Calls of a provider: sent, or rejected by its circuit breaker.",
            ["provider", "outcome"],
        )
        self._provider_faults = counter(
            "provider_faults_total", "Provider faults that only an operator can fix.", ["provider", "fault"]
        )
        self._breaker_open = gauge("model_breaker_open", "1 while a provider's circuit breaker is open.", ["provider"])

    def exposition(self, accepted: str) -> tuple[bytes, str]:
        """The current metrics and their media type; `accepted` is the scraper's Accept header."""
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
        if outcome.status == "waiting":  # the run continues, and its usage at the end includes this part
            return
        self._tokens.labels("prompt", run.employee, model).inc(usage["prompt"])
        self._tokens.labels("completion", run.employee, model).inc(usage["completion"])
        self._cost.labels(run.employee, model).inc(float(usage["cost"]))

    def ungrounded_amounts(self, run: Run, amounts: int) -> None:
        self._ungrounded.labels(run.employee).inc(amounts)

    def detached(self, run: Run) -> None:
        self._detached.inc()

    def write_retried(self, what: str) -> None:
        self._write_retries.labels(what).inc()

    def claimable(self, runs: int) -> None:
        self._claimable.set(runs)

    def step(self, name: str, outcome: str, seconds: float) -> None:
        """A step of a turn ended."""
        self._step_seconds.labels(name).observe(seconds)
        if outcome not in ("complete", "stopped", "waiting"):
            self._step_failures.labels(name, outcome).inc()

    def model_call(self, model: str, outcome: str, seconds: float) -> None:
        """A model's answer ended."""
        self._model_calls.labels(model, outcome).inc()
        self._model_seconds.labels(model).observe(seconds)

    def first_token(self, model: str, seconds: float) -> None:
        """A model streamed its first text or tool call."""
        self._first_token.labels(model).observe(seconds)

    def tool_call(self, tool: str, outcome: str, seconds: float) -> None:
        """A tool call ended."""
        self._tool_calls.labels(tool, outcome).inc()
        self._tool_seconds.labels(tool).observe(seconds)

    def job(self, name: str, outcome: str, seconds: float) -> None:
        """An attempt of a job ended."""
        self._jobs.labels(name, outcome).inc()
        self._job_seconds.labels(name).observe(seconds)

    def provider_fault(self, provider: str, fault: str) -> None:
        """A call of a provider met a fault that only an operator can fix."""
        self._provider_faults.labels(provider, fault).inc()

    def breaker(self, provider: str) -> CircuitBreaker:
        """A circuit breaker for a provider of chat models, with metrics."""
        breaker = MeasuredCircuitBreaker(
            self._attempts.labels(provider, "sent"), self._attempts.labels(provider, "rejected")
        )
        self._breaker_open.labels(provider).set_function(lambda: breaker.is_open)
        return breaker

    def watch_pool(self, stats: Callable[[], Mapping[str, int]]) -> None:
        """Export a psycopg pool's `get_stats` at each scrape."""
        self.registry.register(PoolCollector(stats))

    def watch_notifications(self, connected: Callable[[], bool]) -> None:
        """Export whether run notifications arrive, at each scrape."""
        self._notifications.set_function(connected)


class MeasuredCircuitBreaker(CircuitBreaker):
    """Counts the calls that it admits and rejects."""

    def __init__(self, sent: Counter, rejected: Counter) -> None:
        super().__init__()
        self._sent = sent
        self._rejected = rejected

    def wait_seconds(self) -> float:
        wait = super().wait_seconds()
        (self._rejected if wait else self._sent).inc()
        return wait


class PoolCollector(Collector):
    """Reads the state of the database pool at each scrape."""

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
    ("max", "Maximum connections of this process's pool.", "pool_max"),
    ("size", "Open connections.", "pool_size"),
    ("available", "Idle connections.", "pool_available"),
    ("waiting", "Requests that wait for a connection.", "requests_waiting"),
)
