"""Runs in memory (ports `RunIntake` and `RunQueue`): the twin of the Postgres store, for tests with several run managers.

It has no limits on turns and tokens, and sends no notifications: a run manager sends them.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import uuid4

from graph.errors import IdempotencyMismatch, LeaseLost, NotFound, RunAbandoned, RunActive
from graph.events import Event
from graph.ports.runs import (
    WITHDRAWN,
    ClaimedRun,
    LoggedEvent,
    OnConflict,
    Question,
    Run,
    RunOutcome,
    RunRequest,
    RunStatus,
)
from graph.testing.in_memory_transcript import InMemoryTranscript

MAX_QUEUED = 10
"""Runs that may wait for one session."""
PRIORITIES: Mapping[OnConflict, int] = {"reject": 0, "enqueue": 0, "interrupt": 1}
RESUMED = 2
"""The priority of a run that waited for its user: it goes before all that are queued."""
APPROVAL_SECONDS = 3600.0
"""How long a run waits for its user."""


@dataclass(slots=True)
class StoredRun:
    run: Run
    request: RunRequest
    text: str | None
    """The user's message until the run has ended; None if it cannot be decrypted."""
    replaces: str | None = None
    """The run whose question this run supersedes."""
    priority: int = 0
    lease_expires_at: float = 0.0
    stop_requested: bool = False
    pending_approvals: int = 0
    log: dict[int, Event] = field(default_factory=dict)
    outcome: RunOutcome | None = None

    @property
    def status(self) -> RunStatus:
        return self.run.status

    @status.setter
    def status(self, status: RunStatus) -> None:
        self.run = replace(self.run, status=status)


class InMemoryRunStore:
    """The runs of all users, shared by all run managers that get this object."""

    def __init__(
        self,
        *,
        default_employee: str = "prime-boss",
        lease_seconds: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.default_employee = default_employee
        self.lease_seconds = lease_seconds
        self.clock = clock
        self.runs: dict[str, StoredRun] = {}
        """By id, in the order in which they were accepted."""
        self.sessions: dict[tuple[str, str], str] = {}
        """The employee of each session, by user and session."""
        self.transcript = InMemoryTranscript(self._require_lease)

    # Intake

    async def accept(self, request: RunRequest) -> Run:
        if earlier := self._same_request(request):
            return earlier
        session_id = request.session_id or str(uuid4())
        place = (request.user_id, session_id)
        if request.session_id and place not in self.sessions:
            raise NotFound
        replaces = request.regenerated_run_id or self._edited_run(request)
        status = self._status_of_new(request, session_id)
        employee = request.employee or self.sessions.get(place, self.default_employee)
        self.sessions[place] = employee
        run = Run(str(uuid4()), request.user_id, session_id, employee, status, epoch=1 if status == "running" else 0)
        stored = StoredRun(run, request, request.text, replaces, PRIORITIES[request.on_conflict])
        self.runs[run.id] = stored
        if status == "running":
            self._begin(stored)
        else:
            self._stop_waiting(session_id)
        return run

    def _same_request(self, request: RunRequest) -> Run | None:
        if request.client_key is None:
            return None
        key = (request.user_id, request.client_key)
        stored = next((run for run in self.runs.values() if (run.run.user_id, run.request.client_key) == key), None)
        if stored and content_of(stored.request) != content_of(request):
            raise IdempotencyMismatch
        return replace(stored.run, created=False) if stored else None

    def _edited_run(self, request: RunRequest) -> str | None:
        """The run that asked with the edited message, which is in the current branch or was just replaced by an active run."""
        if request.edited_message_id is None:
            return None
        for turn in self.transcript.session(request.user_id, request.session_id or ""):
            if turn.question_id == request.edited_message_id:
                successor = self.runs.get(turn.superseded_by or "")
                just_replaced = successor and (successor.status, successor.replaces) == ("running", turn.record.run_id)
                if turn.superseded_by is None or just_replaced:
                    return turn.record.run_id
        raise NotFound

    def _status_of_new(self, request: RunRequest, session_id: str) -> RunStatus:
        """Raises: RunActive."""
        active = self._active(session_id)
        if not active:
            return "running"
        is_waiting = active[0].status == "waiting"
        if request.on_conflict == "reject" and not is_waiting:
            raise RunActive(run_id=active[0].run.id)
        if sum(stored.status in ("queued", "waiting") for stored in active) >= MAX_QUEUED:
            raise RunActive("Too many messages wait for this session; send this one later.")
        return "queued"

    def _begin(self, stored: StoredRun) -> None:
        """Start the lease of a run in its first epoch, and supersede what it replaces."""
        stored.lease_expires_at = self.clock() + self.lease_seconds
        if stored.replaces:
            run = stored.run
            self.transcript.supersede(run.user_id, run.session_id, self._versions(stored.replaces), run.id)

    def _versions(self, run_id: str) -> set[str]:
        """The run, and the runs that replaced its question, one after the other."""
        versions = {run_id}
        for stored in self.runs.values():
            if stored.replaces in versions:
                versions.add(stored.run.id)
        return versions

    def _stop_waiting(self, session_id: str) -> None:
        """Have the session's waiting run claimed and stopped, because its user has gone on."""
        for stored in self._active(session_id):
            if stored.status == "waiting":
                self._requeue(stored, stop=True)

    def _requeue(self, stored: StoredRun, *, stop: bool) -> None:
        stored.status = "queued"
        stored.priority = RESUMED
        stored.stop_requested = stored.stop_requested or stop

    async def read(self, user_id: str, run_id: str) -> Run:
        stored = self._stored(user_id, run_id)
        if stored is None:
            raise NotFound
        return replace(stored.run, created=False)

    async def last_question(self, user_id: str, session_id: str, on_conflict: OnConflict) -> Question:
        own = [stored for stored in self._active(session_id) if stored.run.user_id == user_id]
        # The last run of those after which the new one begins.
        ahead = [stored for stored in own if stored.status == "queued" and stored.priority >= PRIORITIES[on_conflict]]
        running = [stored for stored in own if stored.status == "running"]
        if before := ahead[-1:] or running:
            if before[0].text is None:
                raise RunAbandoned
            return Question(before[0].run.id, before[0].text)
        if branch := self.transcript.branch(user_id, session_id):
            return Question(branch[-1].record.run_id, branch[-1].question)
        raise NotFound

    async def active(self, user_id: str, session_id: str) -> list[Run]:
        if (user_id, session_id) not in self.sessions:
            raise NotFound
        return [replace(stored.run, created=False) for stored in self._active(session_id)]

    def _active(self, session_id: str) -> list[StoredRun]:
        """The session's waiting or running run, then its queued runs in the order in which they begin."""
        active = [
            stored
            for stored in self.runs.values()
            if stored.run.session_id == session_id and stored.status in ("waiting", "running", "queued")
        ]
        return sorted(active, key=lambda stored: (stored.status == "queued", -stored.priority))

    async def events(self, user_id: str, run_id: str, after: int) -> list[LoggedEvent]:
        stored = self._stored(user_id, run_id)
        return [entry for entry in sorted(stored.log.items()) if entry[0] >= after] if stored else []

    async def request_stop(self, user_id: str, run_id: str) -> None:
        stored = self._stored(user_id, run_id)
        if stored is None:
            return
        if stored.status == "running":
            stored.stop_requested = True
        elif stored.status == "waiting" or (stored.status == "queued" and stored.run.epoch):
            self._requeue(stored, stop=True)
        elif stored.status == "queued":
            stored.status = "stopped"
            stored.text = None
            stored.log[1] = WITHDRAWN

    # Queue

    async def list_claimable(self) -> list[tuple[str, str]]:
        return [(stored.run.id, stored.run.user_id) for stored in self.runs.values() if self._is_claimable(stored)]

    def _is_claimable(self, stored: StoredRun) -> bool:
        if stored.status in ("running", "waiting"):
            return stored.lease_expires_at <= self.clock()
        return stored.status == "queued" and self._active(stored.run.session_id)[0] is stored

    async def claim(self, user_id: str, run_id: str) -> ClaimedRun | None:
        stored = self._stored(user_id, run_id)
        if stored is None or not self._is_claimable(stored):
            return None
        stored.stop_requested = stored.stop_requested or stored.status == "waiting"
        stored.run = replace(stored.run, status="running", epoch=stored.run.epoch + 1)
        stored.lease_expires_at = self.clock() + self.lease_seconds
        if stored.run.epoch == 1:
            self._begin(stored)
        return ClaimedRun(stored.run, stored.text, sorted(stored.log.items()), stored.stop_requested)

    async def append(self, run: Run, events: Sequence[LoggedEvent]) -> None:
        stored = self._require_lease(run.user_id, run.id, run.epoch)
        for seq, event in events:
            stored.log.setdefault(seq, event)

    async def renew(self, run: Run) -> bool:
        stored = self._require_lease(run.user_id, run.id, run.epoch)
        stored.lease_expires_at = self.clock() + self.lease_seconds
        return stored.stop_requested

    async def release(self, run: Run) -> None:
        stored = self._stored(run.user_id, run.id)
        if stored and stored.status == "running" and stored.run.epoch == run.epoch:
            stored.lease_expires_at = self.clock()

    async def finish(self, run: Run, events: Sequence[LoggedEvent], outcome: RunOutcome) -> bool:
        await self.append(run, events)
        stored = self.runs[run.id]
        stored.outcome = outcome
        others_wait = any(other.status == "queued" for other in self._active(run.session_id))
        if outcome.status == "waiting":
            return self._wait(stored, others_wait=others_wait)
        stored.pending_approvals = 0
        stored.text = None
        stored.status = outcome.status
        return others_wait

    def _wait(self, stored: StoredRun, *, others_wait: bool) -> bool:
        """Let the run wait for its user, unless all is decided or others wait for the session; true if it is queued at once."""
        if others_wait or not stored.pending_approvals:
            self._requeue(stored, stop=others_wait)
            return True
        stored.status = "waiting"
        stored.lease_expires_at = self.clock() + APPROVAL_SECONDS
        return False

    # For tests: what other parts of the service, or the passing of time, do to a run

    def expire_lease(self, run_id: str) -> None:
        """Let the run's lease, or its wait for its user, pass."""
        self.runs[run_id].lease_expires_at = self.clock()

    def request_approval(self, run_id: str) -> None:
        """A call of the run needs its user's approval."""
        self.runs[run_id].pending_approvals += 1

    def decide_all(self, run_id: str) -> None:
        """The user decides every call of the run, which can then continue."""
        stored = self.runs[run_id]
        stored.pending_approvals = 0
        if stored.status == "waiting":
            self._requeue(stored, stop=False)

    def _stored(self, user_id: str, run_id: str) -> StoredRun | None:
        stored = self.runs.get(run_id)
        return stored if stored and stored.run.user_id == user_id else None

    def _require_lease(self, user_id: str, run_id: str, epoch: int) -> StoredRun:
        """Raises: LeaseLost."""
        stored = self._stored(user_id, run_id)
        if stored is None or stored.status != "running" or stored.run.epoch != epoch:
            raise LeaseLost
        return stored


def content_of(request: RunRequest) -> tuple[object, ...]:
    """What the requests of one idempotency key have in common. Which question is regenerated is not the client's choice."""
    session = (request.employee, request.session_id)
    if request.regenerated_run_id:
        return ("regenerate", *session)
    return (request.text, request.edited_message_id, *session)
