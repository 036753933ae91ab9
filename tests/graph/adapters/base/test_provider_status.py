"""Faults of providers are told to the operator: once in the log, in the metrics each time, at /ready as long as they last."""

from structlog.testing import capture_logs

from graph.adapters.base.provider_status import ProviderStatus
from graph.adapters.telemetry.instrumentation import Telemetry


def test_a_fault_is_there_until_the_provider_serves() -> None:
    status = ProviderStatus()
    status.report("chosen", "payment")
    status.report("embeddings", "key")
    assert status.details() == {"chosen": "the account has no credit", "embeddings": "the key is refused"}
    status.report("chosen", None)
    assert list(status.details()) == ["embeddings"]


def test_a_fault_is_logged_when_it_appears_and_when_it_is_gone() -> None:
    status = ProviderStatus()
    with capture_logs() as logs:
        for fault in (None, "quota", "quota", None, None):
            status.report("chosen", fault)
    assert [(line["event"], line["log_level"]) for line in logs] == [
        ("provider_unavailable", "error"),
        ("provider_recovered", "info"),
    ]


def test_each_fault_is_counted() -> None:
    observer = Telemetry()
    for _ in range(2):
        observer.providers.report("chosen", "payment")
    counted = {"provider": "chosen", "fault": "payment"}
    assert observer.registry.get_sample_value("chat_provider_faults_total", counted) == 2
