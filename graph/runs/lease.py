"""Renews the lease of a run while this process works on it."""

import asyncio

import structlog

from graph.errors import ChatError, LeaseLost
from graph.ports.notifications import Notifier
from graph.ports.runs import RunQueue
from graph.ports.telemetry import RunMetrics
from graph.runs.live_run import LiveRun

log = structlog.get_logger(__name__)

STOP_POLL_SECONDS = 0.5
"""How often a run is looked at for a requested stop while no notifications arrive."""


class LeaseKeeper:
    """Renews leases, and notices what a renewal tells: the user requested a stop, or another process has the run."""

    def __init__(self, queue: RunQueue, notifier: Notifier, metrics: RunMetrics, lease_seconds: float) -> None:
        self.queue = queue
        self.notifier = notifier
        self.metrics = metrics
        self.lease_seconds = lease_seconds

    async def renew_repeatedly(self, live: LiveRun) -> None:
        """Renew the run's lease three times in its duration until this task is cancelled."""
        while True:
            await asyncio.sleep(self._pause())
            try:
                if await self.queue.renew(live.run):
                    live.stop()
            except LeaseLost:
                live.detach()
            except ChatError as error:
                self.metrics.write_retried("lease")
                log.warning("lease_not_renewed", reason=error.code)

    def _pause(self) -> float:
        """Seconds between two renewals."""
        third = self.lease_seconds / 3
        return third if self.notifier.connected else min(third, STOP_POLL_SECONDS)
