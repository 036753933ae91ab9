"""A lease is renewed while a process works on its run."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from graph.errors import DatabaseUnavailable
from graph.ports.runs import ClaimedRun, Run, RunQueue, RunRequest
from graph.runs import lease
from graph.runs.lease import LeaseKeeper
from graph.runs.live_run import LiveRun
from graph.runs.phase import RunPhase
from graph.testing.in_memory_notifications import InMemoryNotifier, NotificationBus
from graph.testing.in_memory_runs import InMemoryRunStore
from tests.support.run_processes import RecordedMetrics, StoreConnection
from tests.support.waiting import eventually


class CountingStore(InMemoryRunStore):
    renewals = 0

    async def renew(self, run: Run) -> bool:
        self.renewals += 1
        return await super().renew(run)


@pytest.fixture
def store() -> CountingStore:
    return CountingStore()


@pytest.fixture
async def live(store: CountingStore) -> LiveRun:
    return LiveRun(ClaimedRun(await store.accept(RunRequest("user", "hello")), "hello"))


@asynccontextmanager
async def renewing(
    queue: RunQueue, live: LiveRun, *, seconds: float = 0.03, connected: bool = True
) -> AsyncIterator[RecordedMetrics]:
    metrics, notifier = RecordedMetrics(), InMemoryNotifier(NotificationBus())
    notifier.connected = connected
    keeper = LeaseKeeper(queue, notifier, metrics, seconds)
    task = asyncio.create_task(keeper.renew_repeatedly(live))
    try:
        yield metrics
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_lease_is_renewed_again_and_again(store: CountingStore, live: LiveRun) -> None:
    async with renewing(store, live):
        await eventually(lambda: store.renewals >= 3)
    assert live.phase is RunPhase.RUNNING


async def test_a_requested_stop_is_noticed(store: CountingStore, live: LiveRun) -> None:
    await store.request_stop("user", live.run.id)
    async with renewing(store, live):
        await eventually(lambda: live.phase is RunPhase.STOPPING)


async def test_a_lost_lease_is_noticed(store: CountingStore, live: LiveRun) -> None:
    store.expire_lease(live.run.id)
    await store.claim("user", live.run.id)
    async with renewing(store, live):
        await eventually(lambda: live.phase is RunPhase.DETACHED)


async def test_a_renewal_that_fails_is_counted_and_tried_again(store: CountingStore, live: LiveRun) -> None:
    connection = StoreConnection(store)
    connection.failures["renew"] = DatabaseUnavailable()
    async with renewing(connection.as_store(), live) as metrics:
        await eventually(lambda: store.renewals)
    assert metrics.calls == [("write_retried", "lease")]


@pytest.mark.parametrize("connected", [True, False])
async def test_without_notifications_a_long_lease_is_renewed_early_to_notice_stops(
    store: CountingStore, live: LiveRun, connected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "STOP_POLL_SECONDS", 0.001)
    async with renewing(store, live, seconds=0.03, connected=False):
        await eventually(lambda: store.renewals)
    early = store.renewals
    async with renewing(store, live, seconds=600, connected=connected):
        if not connected:
            await eventually(lambda: store.renewals > early)
        await asyncio.sleep(0.02)
    assert (store.renewals > early) != connected
