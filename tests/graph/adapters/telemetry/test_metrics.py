"""What is counted, under which names, and in what form it is shown."""

import re
from contextlib import suppress

import pytest
from prometheus_client.parser import text_string_to_metric_families

from graph.adapters.base.circuit_breaker import FAILURE_THRESHOLD
from graph.adapters.telemetry.metrics import Metrics
from graph.ports.runs import Run, RunOutcome, Trace
from graph.state import Turn, Usage

RUN = Run("0b4e2f8e-0000-4000-8000-0000000000aa", "an owner", "a session", "tester")
TRACE = Trace(version="1", model="a model", path=[], usage=[], turn=Turn())
USAGE = Usage(prompt=1200, completion=34, total=1234, cost="0.0025", source="provider")

LABELS = {"employee", "code", "status", "target", "kind", "model", "step", "outcome", "provider", "tool", "job", "le"}
"""Each has few values: no ids, no words."""
UNITS = ("_total", "_seconds", "_bytes", "_fds")
STATES = {
    "chat_runs_active",
    "chat_runs_claimable",
    "chat_model_breaker_open",
    "chat_notifications_connected",
    "chat_event_loop_tasks",
    "chat_database_pool_max",
    "chat_database_pool_size",
    "chat_database_pool_available",
    "chat_database_pool_waiting",
}


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


async def test_a_run_is_counted_when_it_is_accepted_and_when_it_has_ended(metrics: Metrics) -> None:
    metrics.accepted(RUN)
    metrics.ended(RUN, RunOutcome("failed", None, "model_timeout", TRACE), USAGE, 3.5)
    assert value(metrics, "chat_runs_accepted_total", employee="tester") == 1
    assert value(metrics, "chat_runs_ended_total", employee="tester", status="failed", code="model_timeout") == 1
    assert value(metrics, "chat_run_seconds_sum", status="failed") == 3.5


async def test_an_ended_run_adds_its_tokens_and_its_cost_by_employee_and_model(metrics: Metrics) -> None:
    for _ in range(2):
        metrics.ended(RUN, RunOutcome(trace=TRACE), USAGE, 1.0)
    of = {"employee": "tester", "model": "a model"}
    assert value(metrics, "chat_tokens_total", kind="prompt", **of) == 2400
    assert value(metrics, "chat_tokens_total", kind="completion", **of) == 68
    assert value(metrics, "chat_cost_dollars_total", **of) == pytest.approx(0.005)


async def test_what_a_run_took_before_it_waited_is_counted_once_when_it_has_ended(metrics: Metrics) -> None:
    metrics.ended(RUN, RunOutcome("waiting", None, None, TRACE), USAGE, 1.0)
    metrics.ended(RUN, RunOutcome(trace=TRACE), USAGE, 1.0)
    of = {"employee": "tester", "model": "a model"}
    assert value(metrics, "chat_tokens_total", kind="prompt", **of) == 1200
    assert value(metrics, "chat_runs_ended_total", employee="tester", status="waiting", code="") == 1


async def test_a_run_is_active_as_long_as_it_is_worked_on_however_that_ends(metrics: Metrics) -> None:
    with suppress(KeyError), metrics.track_run(RUN):
        assert value(metrics, "chat_runs_active") == 1
        raise KeyError
    assert value(metrics, "chat_runs_active") == 0


async def test_a_run_that_was_begun_before_is_taken_over_and_one_that_waited_is_not(metrics: Metrics) -> None:
    for epoch in (1, 2, 3):
        with metrics.track_run(Run("id", "owner", "session", "tester", epoch=epoch)):
            pass
    with metrics.track_run(Run("id", "owner", "session", "tester", epoch=2), waited=True):
        pass
    assert value(metrics, "chat_runs_taken_over_total") == 2


async def test_what_was_refused_is_counted_by_its_code(metrics: Metrics) -> None:
    for code in ("run_active", "too_many_turns", "run_active"):
        metrics.refused(code)
    assert value(metrics, "chat_runs_refused_total", code="run_active") == 2


async def test_what_waits_what_is_lost_and_what_is_tried_again_is_shown(metrics: Metrics) -> None:
    assert value(metrics, "chat_run_write_retries_total", target="lease") == 0
    metrics.write_retried("lease")
    metrics.detached(RUN)
    metrics.claimable(4)
    metrics.claimable(3)
    assert value(metrics, "chat_run_write_retries_total", target="lease") == 1
    assert value(metrics, "chat_runs_detached_total") == 1
    assert value(metrics, "chat_runs_claimable") == 3


async def test_first_words_after_five_milliseconds_and_after_thirty_seconds_are_told_apart_from_all_others(
    metrics: Metrics,
) -> None:
    for seconds in (0.004, 0.2, 29, 31):
        metrics.first_text(RUN, seconds)
    assert value(metrics, "chat_first_text_seconds_bucket", le="0.005") == 1
    assert value(metrics, "chat_first_text_seconds_bucket", le="30.0") == 3
    assert value(metrics, "chat_first_text_seconds_count") == 4


async def test_a_breaker_counts_the_calls_that_it_admits_and_spares_and_shows_when_it_is_open(metrics: Metrics) -> None:
    breaker = metrics.breaker("chosen")
    for _ in range(FAILURE_THRESHOLD):
        assert value(metrics, "chat_model_breaker_open", provider="chosen") == 0
        assert breaker.wait_seconds() == 0
        breaker.record_failure()
    assert value(metrics, "chat_model_breaker_open", provider="chosen") == 1
    assert breaker.wait_seconds() > 0
    assert value(metrics, "chat_model_attempts_total", provider="chosen", outcome="sent") == FAILURE_THRESHOLD
    assert value(metrics, "chat_model_attempts_total", provider="chosen", outcome="rejected") == 1
    breaker.record_success()
    assert value(metrics, "chat_model_breaker_open", provider="chosen") == 0


async def test_the_pool_is_read_at_each_scrape(metrics: Metrics) -> None:
    stats = {"pool_max": 16, "pool_size": 4, "pool_available": 3}
    metrics.watch_pool(lambda: stats)
    assert value(metrics, "chat_database_pool_size") == 4
    assert value(metrics, "chat_database_pool_waiting") == 0
    stats |= {"pool_size": 16, "requests_waiting": 7, "requests_wait_ms": 1500, "requests_errors": 2}
    assert value(metrics, "chat_database_pool_size") == 16
    assert value(metrics, "chat_database_pool_waiting") == 7
    assert value(metrics, "chat_database_pool_wait_seconds_total") == 1.5
    assert value(metrics, "chat_database_pool_timeouts_total") == 2


async def test_two_registries_share_nothing(metrics: Metrics) -> None:
    metrics.accepted(RUN)
    assert value(Metrics(), "chat_runs_accepted_total", employee="tester") is None


async def test_every_name_has_its_prefix_and_its_unit_and_no_label_has_many_values(metrics: Metrics) -> None:
    use_all(metrics)
    text, _ = metrics.exposition("")
    samples = [sample for family in text_string_to_metric_families(text.decode()) for sample in family.samples]
    names = {re.sub(r"_(bucket|count|sum)$", "", sample.name) for sample in samples}
    assert [name for name in names if not name.startswith(("chat_", "process_"))] == []
    assert [
        name for name in names if name.startswith("chat_") and not name.endswith(UNITS) and name not in STATES
    ] == []
    assert {label for sample in samples for label in sample.labels} <= LABELS
    assert not any(part in text.decode() for part in (RUN.id, RUN.user_id, RUN.session_id))


def use_all(metrics: Metrics) -> None:
    metrics.accepted(RUN)
    metrics.refused("run_active")
    metrics.ended(RUN, RunOutcome(trace=TRACE), USAGE, 1.0)
    metrics.step("reason", "model_error", 0.1)
    metrics.model_call("a model", "complete", 0.1)
    metrics.first_token("a model", 0.1)
    metrics.tool_call("a tool", "complete", 0.1)
    metrics.job("summarize", "complete", 0.1)
    metrics.breaker("chosen")
    metrics.watch_pool(dict)
    metrics.watch_notifications(lambda: True)


@pytest.mark.parametrize(
    ("accepted", "media_type"),
    [
        ("", "text/plain; version=0.0.4; charset=utf-8"),
        ("text/html,*/*", "text/plain; version=0.0.4; charset=utf-8"),
        ("application/openmetrics-text; version=1.0.0", "application/openmetrics-text; version=1.0.0"),
    ],
)
async def test_it_is_shown_in_the_format_that_is_asked_for(metrics: Metrics, accepted: str, media_type: str) -> None:
    text, shown = metrics.exposition(accepted)
    assert shown.startswith(media_type)
    assert b"# TYPE chat_runs_active gauge" in text
    assert text.endswith(b"# EOF\n") == media_type.startswith("application")
