"""The runs of this process: accepted here or taken over, followed, stopped, and given away when the process ends.

A request only accepts a run and follows its events; that it goes away changes nothing. Events reach the followers in this
process at once, and the log in Postgres a moment later in batches; what is not running here is followed from the log.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from weakref import WeakValueDictionary

import structlog

from graph.build import TurnGraph
from graph.errors import ChatError, Overloaded, RunLogExpired, ServiceUnavailable, describe
from graph.events import FINAL, waits
from graph.ports.runs import ClaimedRun, LoggedEvent, Run, RunRequest
from graph.runs.live_run import RESTART_ENTRY, LiveRun
from graph.runs.phase import RunPhase
from graph.runs.runner import Runner, RunPorts

log = structlog.get_logger(__name__)

POLL_SECONDS = 0.25
"""How often the log of a run that runs elsewhere is read while no news of it come through."""
NOTIFIED_POLL_SECONDS = 2.0
"""The same while they do: some may get lost."""
CLAIM_SECONDS = 1.0
"""How often this process looks for runs that wait for one."""


class RunManager:
    """Accepts runs, follows and stops them, and takes over those that other processes have left."""

    def __init__(self, graph: TurnGraph, ports: RunPorts, *, most: int) -> None:
        """
        Args:
            graph: of a turn.
            ports: what running it needs.
            most: runs that this process works on at once; what comes on top is refused.
        """
        self.ports = ports
        self.most = most
        self._runner = Runner(graph, ports)
        self._live: dict[str, LiveRun] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._awaited: WeakValueDictionary[str, asyncio.Event] = WeakValueDictionary()
        """By run: set when there is news of it."""
        self._due = asyncio.Event()
        self.draining = False
        """Whether new runs are refused."""
        self.closed = False
        """Whether nothing can be followed here any more."""

    async def accept(self, request: RunRequest) -> Run:
        """Store the run and begin it; with a known idempotency key, find the run that it began.

        Raises:
            ServiceUnavailable: this process is shutting down, or has as many runs as it can do.
            ChatError: as `RunIntake.accept` does.
        """
        try:
            self._check_room()
            run = await self.ports.intake.accept(request)
        except ChatError as error:
            self.ports.metrics.refused(error.code)
            raise
        if run.created:
            self.ports.metrics.accepted(run)
            await self._enter(run, request)
        return run

    def _check_room(self) -> None:
        """Raises: ServiceUnavailable, Overloaded."""
        if self.draining:
            raise ServiceUnavailable(retry_after=1)
        if len(self._live) >= self.most:
            raise Overloaded(retry_after=1)

    async def _enter(self, run: Run, request: RunRequest) -> None:
        """Begin a new run, or make way for it."""
        if run.status == "running":
            self._begin(ClaimedRun(run, request.text))
            return
        self._due.set()
        if request.on_conflict == "interrupt":
            for other in await self.ports.intake.active(run.user_id, run.session_id):
                if other.status == "running" and other.id != run.id:
                    await self.stop(run.user_id, other.id)

    def _begin(self, claim: ClaimedRun) -> None:
        if claim.text is not None and claim.run.epoch == 1:  # a run that goes on has read what it needs
            self.ports.prefetch(claim.run, claim.text)
        live = self._live[claim.run.id] = LiveRun(claim)
        task = asyncio.create_task(self._attend(live), name=f"run {claim.run.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _attend(self, live: LiveRun) -> None:
        try:
            others_wait = await self._runner.process(live)
        finally:
            self._live.pop(live.run.id, None)
        if others_wait:
            self._due.set()
            with suppress(ChatError):
                await self.ports.notifier.send(("due", live.run.id))

    async def follow(self, user_id: str, run_id: str, after: int = 0) -> AsyncIterator[LoggedEvent]:
        """The events of the owner's run with a number above `after`, live if it still runs, wherever that is.

        A follower who has seen events that a dead process did not log any more gets a `restart`, and the stream anew.

        Raises:
            NotFound: no such run.
            RunLogExpired: its events are no longer kept.
        """
        while not self.closed:
            live = self._live.get(run_id)
            news = self._awaited.setdefault(run_id, asyncio.Event())
            if live and live.run.user_id == user_id and live.phase is not RunPhase.DETACHED:
                async for seq, event in live.follow(after):
                    yield seq, event
                    after = seq
                    if event["type"] in FINAL:
                        return
            logged, over = await self._logged(user_id, run_id, after)
            for seq, event in without_stale_waits(logged, over):
                yield seq, event
                after = seq
                if event["type"] in FINAL:
                    return
            if over:
                return
            if logged != [RESTART_ENTRY]:
                await self._wait_for(news)

    async def _logged(self, user_id: str, run_id: str, after: int) -> tuple[list[LoggedEvent], bool]:
        """What the log holds after an event, and whether there will be no more."""
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

    async def _wait_for(self, news: asyncio.Event) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(NOTIFIED_POLL_SECONDS if self.ports.notifier.connected else POLL_SECONDS):
                await news.wait()

    async def stop(self, user_id: str, run_id: str) -> None:
        """Ask a run to stop; it keeps the text that it has. A run that has ended stays as it is.

        Raises:
            NotFound: no such run.
        """
        await self.ports.intake.read(user_id, run_id)
        await self.ports.intake.request_stop(user_id, run_id)
        live = self._live.get(run_id)
        if live:
            live.stop()
        else:
            self._due.set()
            await self.ports.notifier.send(("stop", run_id))

    async def go_on(self, run_id: str) -> None:
        """A run that waited for its user can go on, here or elsewhere."""
        self._due.set()
        await self.ports.notifier.send(("due", run_id))

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Hear the news of other processes and take over what they leave, until this process has given away its own."""
        watchers = [
            asyncio.create_task(self._listen(), name="news"),
            asyncio.create_task(self._take_over(), name="take-over"),
        ]
        try:
            yield
        finally:
            await self.drain(0)
            for watcher in watchers:
                watcher.cancel()
            await asyncio.gather(*watchers, return_exceptions=True)

    async def _listen(self) -> None:
        async for kind, run_id in self.ports.notifier.subscribe():
            if kind == "due":
                self._due.set()
            elif kind == "stop" and (live := self._live.get(run_id)):
                live.stop()
            if news := self._awaited.pop(run_id, None):
                news.set()

    async def _take_over(self) -> None:
        """Begin the runs that wait for a process."""
        while not self.draining:
            self._due.clear()
            for run_id, user_id in await self._look():
                await self._claim(user_id, run_id)
            with suppress(TimeoutError):
                async with asyncio.timeout(CLAIM_SECONDS):
                    await self._due.wait()

    async def _look(self) -> list[tuple[str, str]]:
        """The runs that wait for a process, and their owners; none if that cannot be told now."""
        try:
            due = await self.ports.queue.list_claimable()
        except Exception as error:  # whatever it is, this process goes on looking
            log.warning("take_over_delayed", reason=describe(error))
            return []
        self.ports.metrics.claimable(len(due))
        return due

    async def _claim(self, user_id: str, run_id: str) -> None:
        """Begin a run that waits, if no other process is faster."""
        if self.draining or len(self._live) >= self.most or run_id in self._live:
            return
        try:
            claim = await self.ports.queue.claim(user_id, run_id)
        except Exception as error:  # the others wait, too
            log.warning("take_over_delayed", run_id=run_id, reason=describe(error))
            return
        if claim:
            self._begin(claim)

    async def drain(self, grace: float) -> None:
        """Refuse new runs, let those of this process go on for `grace` seconds, then leave them to other processes."""
        self.draining = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace)
        for live in list(self._live.values()):
            live.hand_over()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self.closed = True
        for news in list(self._awaited.values()):
            news.set()


def without_stale_waits(logged: Sequence[LoggedEvent], over: bool) -> Iterator[LoggedEvent]:
    """Logged events without those that told of a wait which is over.

    Args:
        logged: events in order.
        over: whether the run works or waits for no process.
    """
    for number, (seq, event) in enumerate(logged, 1):
        if not waits(event) or (over and number == len(logged)):
            yield seq, event
