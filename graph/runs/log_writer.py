"""Writes the events of a run to its log, in batches while the run lasts and the rest with its end."""

import asyncio
from collections.abc import Sequence

import structlog

from graph.errors import ChatError, LeaseLost
from graph.ports.notifications import Notifier
from graph.ports.runs import LoggedEvent, RunOutcome, RunQueue
from graph.ports.telemetry import RunMetrics
from graph.runs.live_run import LiveRun
from graph.runs.phase import RunPhase

log = structlog.get_logger(__name__)

WRITE_SECONDS = 0.25
"""How long an event may wait for its place in the log."""


class LogWriter:
    def __init__(self, queue: RunQueue, notifier: Notifier, metrics: RunMetrics) -> None:
        self.queue = queue
        self.notifier = notifier
        self.metrics = metrics

    async def write_repeatedly(self, live: LiveRun) -> None:
        """Write the run's new events every `WRITE_SECONDS` until its last event is streamed."""
        while live.phase is not RunPhase.ENDED:
            await asyncio.sleep(WRITE_SECONDS)
            try:
                await self.flush(live)
            except LeaseLost:
                live.detach()
            except ChatError as error:
                self.metrics.write_retried("log")
                log.warning("log_write_delayed", reason=error.code)

    async def flush(self, live: LiveRun) -> None:
        """Write the events that are not in the log yet.

        Raises:
            LeaseLost: another process works on the run, or has ended it.
            ChatError: the events could not be written; they stay unwritten.
        """
        async with live.writing:
            if entries := live.unwritten():
                await self.queue.append(live.run, entries)
                live.written += len(entries)
                await self.notifier.send(("events", live.run.id))

    async def finish(self, live: LiveRun, last: Sequence[LoggedEvent], outcome: RunOutcome) -> bool:
        """Write the rest of the log and the run's end in one transaction; true if other runs wait for the session.

        Raises:
            LeaseLost: another process works on the run, or has ended it.
        """
        async with live.writing:
            unwritten = live.unwritten()
            others_wait = await self.queue.finish(live.run, [*unwritten, *last], outcome)
            live.written += len(unwritten) + len(last)
        await self.notifier.send(("events", live.run.id))
        return others_wait
