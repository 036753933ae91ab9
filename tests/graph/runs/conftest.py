"""Processes of the service in memory, without the pauses of the real ones."""

import pytest

from graph.runs import log_writer, manager
from tests.support.run_processes import Cluster


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manager, "CLAIM_SECONDS", 0.02)
    monkeypatch.setattr(manager, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(log_writer, "WRITE_SECONDS", 0.01)


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()
