"""The metrics that count nothing are a whole port."""

from graph.ports.runs import Run
from graph.ports.telemetry import RunMetrics
from graph.testing.no_run_metrics import NoRunMetrics


def test_a_run_is_tracked_without_an_effect() -> None:
    metrics: RunMetrics = NoRunMetrics()
    run = Run("run", "user", "session", "prime-boss")
    metrics.accepted(run)
    with metrics.track_run(run):
        metrics.first_text(run, 0.1)
    metrics.claimable(3)
