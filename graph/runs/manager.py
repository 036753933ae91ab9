"""The runs of this process: accepted here or claimed, followed, stopped, and handed over when the process shuts down.

A request only accepts a run and follows its events; when its connection closes, the run continues. Events reach the followers
in this process at once, and the log in batches a moment later. A run that another process has is followed from the log.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from weakref import WeakValueDictionary

import structlog

from graph.build import TurnGraph
from graph.errors import ChatError, Overloaded, RunLogExpired, ServiceUnavailable, safe_summary
from graph.events import FINAL, is_waiting
from graph.ports.notifications import due_notification
from graph.ports.runs import ClaimedRun, LoggedEvent, Run, RunRequest
from graph.runs.live_run import RESTART_ENTRY, LiveRun
from graph.runs.phase import RunPhase
from graph.runs.runner import Runner, RunPorts

log = structlog.get_logger(__name__)

POLL_SECONDS = 0.25
"""How often a follower reads the log of a run of another process while no notifications arrive."""
NOTIFIED_POLL_SECONDS = 2.0
"""The same while notifications arrive; some may get lost."""
CLAIM_SECONDS = 1.0
"""How often this process looks for claimable runs."""


class RunManager:
    """Accepts runs, follows and stops them, and claims the runs that other processes have left."""

    def __init__(self, graph: TurnGraph, ports: RunPorts, *, max_active: int) -> None:
        """
        Args:
            graph: the graph of a turn.
            ports: what the execution of runs needs.
            max_active: how many runs this process works on at once; further ones are refused.
        """
        self.ports = ports
        self.max_active = max_active
        self._runner = Runner(graph, ports)
        self._live: dict[str, LiveRun] = {}
        """The runs that this process works on, by id."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiters: WeakValueDictionary[str, asyncio.Event] = WeakValueDictionary()
        """By run id: set when a notification of the run arrives."""
        self._claim_due = asyncio.Event()
        """Set when a run may be claimable."""
        self.draining = False
        """Whether new runs are refused."""
        self.closed = False
        """Whether runs can no longer be followed here."""

    async def accept(self, request: RunRequest) -> Run:
        """Store the run and start it; for a known idempotency key, return the run that the key started.

        Raises:
            ServiceUnavailable: this process is shutting down, or works on as many runs as it may.
            ChatError: as `RunIntake.accept` raises.
        """
        try:
            self._require_capacity()
            run = await self.ports.intake.accept(request)
        except ChatError as error:
            self.ports.metrics.refused(error.code)
            raise
        if run.created:
            self.ports.metrics.accepted(run)
            await self._start_or_queue(run, request)
        return run

    def _require_capacity(self) -> None:
        """Raises: ServiceUnavailable, Overloaded."""
        if self.draining:
            raise ServiceUnavailable(retry_after=1)
        if len(self._live) >= self.max_active:
            raise Overloaded(retry_after=1)

    async def _start_or_queue(self, run: Run, request: RunRequest) -> None:
        """Start a new run. If it is queued, stop the runs that it interrupts."""
        if run.status == "running":
            self._start(ClaimedRun(run, request.text))
            return
        self._claim_due.set()
        if request.on_conflict == "interrupt":
            for other in await self.ports.intake.active(run.user_id, run.session_id):
                if other.status == "running" and other.id != run.id:
                    await self.stop(run.user_id, other.id)

    def _start(self, claimed: ClaimedRun) -> None:
        run = claimed.run
        if claimed.text is not None and run.epoch == 1:  # a later epoch has read what its first steps need
            self.ports.prefetch(run, claimed.text)
        live = self._live[run.id] = LiveRun(claimed)
        task = asyncio.create_task(self._process(live), name=f"run {run.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _process(self, live: LiveRun) -> None:
        try:
            others_wait = await self._runner.process(live)
        finally:
            self._live.pop(live.run.id, None)
        if others_wait:
            self._claim_due.set()
            with suppress(ChatError):
                await self.ports.notifier.send(due_notification(live.run.id))

    async def follow(self, user_id: str, run_id: str, after: int = 0) -> AsyncIterator[LoggedEvent]:
        """The entries of the user's run with a number above `after`, as they come, whichever process has the run.

        A follower whose last event is in no log, because a process died before it logged it, gets `restart` and then the
        whole stream.

        Raises:
            NotFound: no such run.
            RunLogExpired: the run's events are deleted.
        """
        while not self.closed:
            live = self._live.get(run_id)
            notified = self._waiters.setdefault(run_id, asyncio.Event())
            if live and live.run.user_id == user_id and live.phase is not RunPhase.DETACHED:
                async for seq, event in live.follow(after):
                    yield seq, event
                    after = seq
                    if event["type"] in FINAL:
                        return
            logged, is_over = await self._read_log(user_id, run_id, after)
            for seq, event in without_stale_waits(logged, is_over=is_over):
                yield seq, event
                after = seq
                if event["type"] in FINAL:
                    return
            if is_over:
                return
            if logged != [RESTART_ENTRY]:
                await self._wait_for(notified)

    async def _read_log(self, user_id: str, run_id: str, after: int) -> tuple[list[LoggedEvent], bool]:
        """The logged entries after a number, and whether no more will come."""
        run = await self.ports.intake.read(user_id, run_id)
        if run.log_expired:
            raise RunLogExpired
        entries = await self.ports.intake.events(user_id, run_id, after)
        if not after:
            return entries, run.is_over
        if entries and entries[0][0] == after:
            return entries[1:], run.is_over
        if entries:
            return [RESTART_ENTRY], False
        return [], run.is_over

    async def _wait_for(self, notified: asyncio.Event) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(NOTIFIED_POLL_SECONDS if self.ports.notifier.connected else POLL_SECONDS):
                await notified.wait()

    async def stop(self, user_id: str, run_id: str) -> None:
        """Request a stop of the run, which stores the text that it has. A run that has ended stays as it is.

        Raises:
            NotFound: no such run.
        """
        await self.ports.intake.read(user_id, run_id)
        await self.ports.intake.request_stop(user_id, run_id)
        live = self._live.get(run_id)
        if live:
            live.stop()
        else:
            self._claim_due.set()
            await self.ports.notifier.send(("stop", run_id))

    async def wake(self, run_id: str) -> None:
        """A run that waited for its user can continue: have a process claim it."""
        self._claim_due.set()
        await self.ports.notifier.send(due_notification(run_id))

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Receive notifications and claim runs; at the end hand over this process's runs."""
        watchers = [
            asyncio.create_task(self._receive_notifications(), name="run notifications"),
            asyncio.create_task(self._claim_repeatedly(), name="run claims"),
        ]
        try:
            yield
        finally:
            await self.drain(0)
            for watcher in watchers:
                watcher.cancel()
            await asyncio.gather(*watchers, return_exceptions=True)

    async def _receive_notifications(self) -> None:
        async for kind, run_id in self.ports.notifier.subscribe():
            if kind == "due":
                self._claim_due.set()
            elif kind == "stop" and (live := self._live.get(run_id)):
                live.stop()
            if notified := self._waiters.pop(run_id, None):
                notified.set()

    async def _claim_repeatedly(self) -> None:
        while not self.draining:
            self._claim_due.clear()
            for run_id, user_id in await self._find_claimable():
                await self._claim(user_id, run_id)
            with suppress(TimeoutError):
                async with asyncio.timeout(CLAIM_SECONDS):
                    await self._claim_due.wait()

    async def _find_claimable(self) -> list[tuple[str, str]]:
        """The claimable runs and their users; an empty list if they cannot be read now."""
        try:
            claimable = await self.ports.queue.list_claimable()
        except Exception as error:  # noqa: BLE001 - the next look tries again
            log.warning("takeover_failed", reason=safe_summary(error))
            return []
        self.ports.metrics.claimable(len(claimable))
        return claimable

    async def _claim(self, user_id: str, run_id: str) -> None:
        """Claim a run and start it, unless another process is faster."""
        if self.draining or len(self._live) >= self.max_active or run_id in self._live:
            return
        try:
            claimed = await self.ports.queue.claim(user_id, run_id)
        except Exception as error:  # noqa: BLE001 - the other runs must be claimed too
            log.warning("takeover_failed", run_id=run_id, reason=safe_summary(error))
            return
        if claimed:
            self._start(claimed)

    async def drain(self, grace_seconds: float) -> None:
        """Refuse new runs, let the active ones continue for `grace_seconds`, then hand them over to other processes."""
        self.draining = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_seconds)
        for live in list(self._live.values()):
            live.hand_over()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self.closed = True
        for notified in list(self._waiters.values()):
            notified.set()


def without_stale_waits(entries: Sequence[LoggedEvent], *, is_over: bool) -> Iterator[LoggedEvent]:
    """Logged entries, except those that announced a wait which has passed.

    Args:
        entries: the entries in order.
        is_over: whether the run has ended or waits for its user, so that a wait at the end of the log is the current one.
    """
    for number, (seq, event) in enumerate(entries, 1):
        if not is_waiting(event) or (is_over and number == len(entries)):
            yield seq, event
