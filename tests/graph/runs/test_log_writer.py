"""The events of a run reach its log once and in order, whatever fails in between."""

import asyncio

import pytest

from graph.errors import DatabaseUnavailable, LeaseLost
from graph.events import Text
from graph.ports.runs import ClaimedRun, RunOutcome, RunRequest
from graph.runs.live_run import LiveRun
from graph.runs.log_writer import LogWriter
from graph.runs.phase import RunPhase
from graph.testing.in_memory_notifications import InMemoryNotifier, NotificationBus
from graph.testing.in_memory_runs import InMemoryRunStore
from tests.support.run_processes import RecordedMetrics, StoreConnection
from tests.support.waiting import eventually


class Log:
    """A run that streams, and its log."""

    def __init__(self, store: InMemoryRunStore, live: LiveRun) -> None:
        self.store = store
        self.live = live
        self.connection = StoreConnection(store)
        self.metrics = RecordedMetrics()
        self.bus = NotificationBus()
        self.notifications = self.bus.open()
        self.writer = LogWriter(self.connection.as_store(), InMemoryNotifier(self.bus), self.metrics)

    def stream(self, *texts: str) -> None:
        for text in texts:
            self.live.emit(Text(type="text", content=text))

    @property
    def stored(self) -> list[str]:
        log = self.store.runs[self.live.run.id].log
        return [str(log[seq].get("content")) for seq in sorted(log)]


@pytest.fixture
async def log() -> Log:
    store = InMemoryRunStore()
    return Log(store, LiveRun(ClaimedRun(await store.accept(RunRequest("user", "hello")), "hello")))


async def test_new_events_are_written_and_followers_elsewhere_notified(log: Log) -> None:
    log.stream("one", "two")
    await log.writer.flush(log.live)
    log.stream("three")
    await log.writer.flush(log.live)
    assert log.stored == ["one", "two", "three"]
    assert [log.notifications.get_nowait() for _ in range(2)] == [("events", log.live.run.id)] * 2


async def test_nothing_new_is_neither_written_nor_notified(log: Log) -> None:
    log.connection.failures["append"] = AssertionError()
    await log.writer.flush(log.live)
    assert log.notifications.empty()


async def test_events_whose_writing_failed_are_written_with_the_next_ones(log: Log) -> None:
    log.connection.failures["append"] = DatabaseUnavailable()
    log.stream("one")
    with pytest.raises(DatabaseUnavailable):
        await log.writer.flush(log.live)
    log.stream("two")
    await log.writer.flush(log.live)
    assert log.stored == ["one", "two"]


async def test_the_end_is_written_with_all_that_is_not_in_the_log_yet(log: Log) -> None:
    log.stream("one")
    await log.writer.flush(log.live)
    log.stream("two")
    last = log.live.with_seq([Text(type="text", content="three")])
    assert not await log.writer.finish(log.live, last, RunOutcome())
    assert log.stored == ["one", "two", "three"]
    assert log.live.written == 3
    assert log.store.runs[log.live.run.id].status == "complete"


@pytest.mark.parametrize(
    ("failure", "phase", "calls"),
    [
        (DatabaseUnavailable(), RunPhase.RUNNING, [("write_retried", "log")]),
        (LeaseLost(), RunPhase.DETACHED, []),
    ],
)
async def test_a_failure_in_the_background_is_counted_or_detaches_the_run(
    log: Log, failure: Exception, phase: RunPhase, calls: list[tuple[object, ...]]
) -> None:
    log.connection.failures["append"] = failure
    log.stream("one")
    writing = asyncio.create_task(log.writer.write_repeatedly(log.live))
    await eventually(lambda: log.stored == ["one"])
    writing.cancel()
    assert (log.live.phase, log.metrics.calls) == (phase, calls)
