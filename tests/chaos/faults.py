"""Injects faults into a cluster while its users are served, and checks what each fault must show."""

import asyncio
import random
import signal
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, cycle, pairwise
from typing import Any

import httpx

from graph.build import FLOW
from graph.turn.flow import names_of
from tests.chaos.client import PATIENCE_SECONDS, Client, Turn, new_user, turn_of
from tests.chaos.cluster import GRACE_SECONDS, Cluster, Say, ServerProcess
from tests.chaos.operations import LATE, LOST, WEDGED, WRONG, Operations

KILL, SLEEP, TERM, RESTART = "kill -9", "sleep past the lease", "SIGTERM under load", "immediate Postgres restart"
CRASH = "kill -9 of Postgres"

STEPS = names_of(FLOW.specs())
PLACES = ("before", "after_effect", "after_checkpoint")
POINTS = [f"{step}:{place}:kill" for step in STEPS for place in PLACES]
INSTANTS = len(POINTS) // 3
"""How many of the kills come at any instant, to so many at each point once."""
TURN_SECONDS = 0.8
"""What a turn takes when nothing happens to it."""
WORD_SECONDS = 0.03
SLOW_WORD_SECONDS = 0.1
TURNS_A_SESSION = 10
UNDER_LOAD = 6
"""Turns that are under way when a whole process or the database goes."""
PRUNING_SECONDS = 0.5
"""After a run's end, in which its process tidies up."""
WAKING_SECONDS = 1.5
"""In which a process that woke up would write what it had begun."""
EXIT_SECONDS = 5.0
"""After its grace, in which a process that was told to stop has ended."""
REVIVAL_SECONDS = 5.0
"""In which a database that was killed is up again."""
MOST_TRIES = 5
"""To put a process to sleep while it works on a run."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How often each kind of fault is injected."""

    kills: int = 200
    sleeps: int = 20
    terms: int = 20
    restarts: int = 20
    crashes: int = 20


class User:
    """Somebody who sends one message after another, at times in a new session."""

    def __init__(self, stage: "Stage", kind: str, seed: int) -> None:
        self.name = new_user()
        self.stage = stage
        self.kind = kind
        cluster = stage.cluster
        self.client = Client(stage.http, cluster.token(self.name), cluster.serving, seed)
        self.session = ""
        self.asked = 0

    def begin(
        self, first: str | None, pause: float = WORD_SECONDS, **options: Any
    ) -> tuple[Turn, "asyncio.Task[Turn]"]:
        """Send a message, to one process first."""
        self.asked += 1
        session = self.session if self.asked % TURNS_A_SESSION else ""
        turn = turn_of(self.kind, self.name, next(self.stage.numbers), session, pause)
        self.stage.operations.begin(turn)
        return turn, asyncio.create_task(self._ask(turn, first, options))

    async def ask(self, first: str | None = None, pause: float = 0.0) -> Turn:
        """Send a message and wait for the end of its run."""
        _, asking = self.begin(first, pause)
        return await asking

    async def _ask(self, turn: Turn, first: str | None, options: dict[str, Any]) -> Turn:
        """Have one turn; it is in the log whatever comes of it."""
        try:
            await self.client.ask(turn, first, **options)
        except TimeoutError:
            self.stage.operations.fault(self.kind, LOST, f"{turn.key}: no end in {PATIENCE_SECONDS:g} s, {turn.last}")
        except AssertionError as error:
            self.stage.operations.fault(self.kind, WRONG, str(error))
        self.session = turn.session if turn.ended else ""
        return turn


@dataclass(slots=True)
class Stage:
    """What the faults are injected into, and where they are logged."""

    cluster: Cluster
    http: httpx.AsyncClient
    operations: Operations
    say: Say
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def lease_of(self, user: str) -> "Lease | None":
        """The lease of the user's run; None if it has ended, or is not accepted."""
        rows = await self.cluster.rows(
            "select extract(epoch from lease_expires_at - clock_timestamp())::float8 as left, epoch from chat_runs "
            "where user_id = %s and status = 'running'",
            user,
        )
        return Lease(time.monotonic() + rows[0]["left"], rows[0]["epoch"]) if rows else None

    def note_recovery(self, turn: Turn, since: float, epoch: int) -> None:
        """How long a turn stood still after another process could go on with it, as its user saw it.

        Args:
            turn: the turn.
            since: when that was.
            epoch: the one that another process has begun.
        """
        if at := turn.first_of_epoch(epoch):
            self.operations.wait(turn.kind, at - since, turn.key)


@dataclass(frozen=True, slots=True)
class Lease:
    """Of a run that has lost its process."""

    ends: float
    epoch: int


async def kill(stage: Stage, user: User, victim: ServerProcess, chance: random.Random) -> None:
    """A process dies: at one of the points of a turn, or at any instant of it."""
    point = chance.choice([*POINTS, *[""] * INSTANTS])
    instant = chance.uniform(0, TURN_SECONDS)
    await victim.end()
    await victim.start(point)
    turn, asking = user.begin(victim.address)
    if not point:
        await asyncio.sleep(instant)
        victim.send(signal.SIGKILL)
    dying = asyncio.create_task(victim.gone())
    await asyncio.wait({asking, dying}, return_when=asyncio.FIRST_COMPLETED)
    if not dying.done() and not await died(dying):
        stage.operations.fault(KILL, WRONG, f"{turn.key}: its process did not come to {point}")
        victim.send(signal.SIGKILL)
    await dying
    lease = await stage.lease_of(user.name)
    await asking
    if lease:
        stage.note_recovery(turn, lease.ends, lease.epoch + 1)


async def died(dying: "asyncio.Task[int]") -> bool:
    """Whether a process ends soon of its own accord."""
    done, _ = await asyncio.wait({dying}, timeout=2)
    return bool(done)


async def put_to_sleep(stage: Stage, user: User, victim: ServerProcess, chance: random.Random) -> None:
    """A process sleeps until another one has finished its run, and wakes up."""
    for _ in range(MOST_TRIES):
        turn, asking = user.begin(victim.address, SLOW_WORD_SECONDS, silence=PATIENCE_SECONDS)
        await asyncio.sleep(chance.uniform(0.05, TURN_SECONDS))
        victim.send(signal.SIGSTOP)
        lease = await stage.lease_of(user.name)
        if lease and lease.epoch == 1:
            break
        victim.send(signal.SIGCONT)  # the message is not accepted yet: it is not asleep over a run
        await asking
    else:
        stage.operations.fault(SLEEP, WRONG, f"no run was met in {MOST_TRIES} turns")
        return
    watched = await watch(stage, user, turn)
    stage.note_recovery(watched, lease.ends, 2)
    await asyncio.sleep(PRUNING_SECONDS)
    before = await written(stage.cluster, watched)
    victim.send(signal.SIGCONT)
    await asyncio.sleep(WAKING_SECONDS)
    after = await written(stage.cluster, watched)
    for what in before:
        if after[what] != before[what]:
            stage.operations.fault(SLEEP, WRONG, f"{turn.key}: {what} changed after another process had ended the run")
    await asking
    await look_awake(stage, victim)


async def watch(stage: Stage, user: User, turn: Turn) -> Turn:
    """Follow a user's run through processes that are awake, as a second page of the user does."""
    rows = await stage.cluster.rows(
        "select id, session_id from chat_runs where user_id = %s and status = 'running'", user.name
    )
    watched = Turn(turn.kind, turn.user, turn.key, turn.message, turn.expected)
    if rows:
        watched.run, watched.session = str(rows[0]["id"]), str(rows[0]["session_id"])
        try:
            await user.client.ask(watched)
        except TimeoutError:
            stage.operations.fault(SLEEP, LOST, f"{turn.key}: no process took it over, {watched.last}")
    if watched.shown != turn.expected:
        stage.operations.fault(SLEEP, WRONG, f"{turn.key}: on a second page {watched.shown!r} is seen")
    return watched


async def written(cluster: Cluster, turn: Turn) -> dict[str, Any]:
    """All that is stored of a turn's run and its session, with the transactions that wrote it."""
    queries = {
        "the log": (
            "select seq, e.xmin::text, event::text from chat_run_events e where run_id = %s order by 1",
            turn.run,
        ),
        "the run": ("select r.xmin::text, r::text from chat_runs r where id = %s", turn.run),
        "the history": (
            "select m.xmin::text, m::text from chat_messages m where session_id = %s order by 2",
            turn.session,
        ),
        "the ledger": ("select t.xmin::text, t::text from tool_effects t where run_id = %s order by 2", turn.run),
        "an effect": ("select g.xmin::text, name from goals g where user_id = %s order by 2", turn.user),
        "a checkpoint": (
            "select c.xmin::text, checkpoint_id from checkpoints c where thread_id = %s order by 2",
            turn.session,
        ),
        "the usage": ("select u.xmin::text, u::text from chat_usage_log u where run_id = %s", turn.run),
    }
    return {what: await cluster.rows(query, value) for what, (query, value) in queries.items()}


async def look_awake(stage: Stage, victim: ServerProcess) -> None:
    """A process that woke up goes on serving."""
    user = User(stage, SLEEP, 0)
    user.client.serving = lambda: [victim.address]
    turn = await user.ask(victim.address)
    if not victim.alive:
        stage.operations.fault(SLEEP, WRONG, "a process that woke up has died")
    elif turn.failed or not turn.ended:
        stage.operations.fault(SLEEP, WEDGED, f"{turn.key}: a process that woke up answers {turn.last}")


async def terminate(stage: Stage, users: Sequence[User], victim: ServerProcess, chance: random.Random) -> None:
    """A process is told to stop while it gives several answers."""
    begun = [user.begin(victim.address, chance.choice((WORD_SECONDS, SLOW_WORD_SECONDS))) for user in users]
    await asyncio.sleep(chance.uniform(0.1, TURN_SECONDS))
    told = time.monotonic()
    looking = asyncio.create_task(readiness(stage.http, victim.address))
    victim.send(signal.SIGTERM)
    late, asking_late = User(stage, TERM, 0).begin(victim.address)
    code = await victim.gone()
    took = time.monotonic() - told
    if code or took > GRACE_SECONDS + EXIT_SECONDS:
        stage.operations.fault(TERM, WRONG, f"a process that was told to stop ended with {code} after {took:.1f} s")
    await asyncio.gather(asking_late, *(asking for _, asking in begun))
    check_order(stage, await looking, [turn for turn, _ in begun] + [late])
    for turn, _ in begun:
        stage.note_recovery(turn, told + GRACE_SECONDS, 2)


async def readiness(http: httpx.AsyncClient, address: str) -> list[tuple[float, int]]:
    """When which status was asked for, until nobody is there to answer."""
    seen: list[tuple[float, int]] = []
    while True:
        asked = time.monotonic()
        try:
            seen.append((asked, (await http.get(f"{address}/ready", timeout=PATIENCE_SECONDS)).status_code))
        except httpx.TransportError:
            return seen
        await asyncio.sleep(0.01)


def check_order(stage: Stage, seen: Sequence[tuple[float, int]], turns: Sequence[Turn]) -> None:
    """A process says that it is not ready before it refuses anything, and never again that it is."""
    refusals = [at for turn in turns for at, _, _ in turn.refusals]
    unready = [at for at, status in seen if status != 200]
    first = min([*refusals, *unready], default=float("inf"))
    if any(at > first and status == 200 for at, status in seen):
        stage.operations.fault(TERM, WRONG, "a process called itself ready after it had refused a message")


async def restart_database(stage: Stage, users: Sequence[User], chance: random.Random) -> None:
    """The database ends as in a crash, and is started again."""
    await without_database(stage, users, chance, RESTART, stage.cluster.restart_database)


async def crash_database(stage: Stage, users: Sequence[User], chance: random.Random) -> None:
    """The database is killed, and comes back by itself."""

    async def kill_and_wait() -> None:
        took = await stage.cluster.kill_database()
        if took > REVIVAL_SECONDS:
            stage.operations.fault(CRASH, LATE, f"the database was back after {took:.1f} s")

    await without_database(stage, users, chance, CRASH, kill_and_wait)


async def without_database(
    stage: Stage, users: Sequence[User], chance: random.Random, kind: str, take_away: Callable[[], Awaitable[None]]
) -> None:
    """Turns are under way while the database is taken away and comes back."""
    addresses = stage.cluster.serving()
    begun = [
        user.begin(addresses[number % len(addresses)], chance.choice((WORD_SECONDS, SLOW_WORD_SECONDS)))
        for number, user in enumerate(users)
    ]
    await asyncio.sleep(chance.uniform(0.05, TURN_SECONDS))
    await take_away()
    back = time.monotonic()
    turns = await asyncio.gather(*(asking for _, asking in begun))
    for turn in turns:
        if at := next((at for at, _, _ in turn.events if at > back), None):
            stage.operations.wait(kind, at - back, turn.key)
    for turn in await asyncio.gather(*(user.ask() for user in users)):
        if turn.failed:
            stage.operations.fault(kind, WRONG, f"{turn.key}: sent when the database was back, ended in {turn.last}")


async def inject(stage: Stage, plan: Plan, seed: int) -> None:
    """All of it, each kind by itself; what leaves the processes alive comes first, since a start takes long."""
    await in_parallel(stage, put_to_sleep, SLEEP, rounds(SLEEP, plan.sleeps, seed))
    await in_rounds(stage, restart_database, RESTART, rounds(RESTART, plan.restarts, seed))
    await in_rounds(stage, crash_database, CRASH, rounds(CRASH, plan.crashes, seed))
    await terminate_in_turn(stage, rounds(TERM, plan.terms, seed))
    await in_parallel(stage, kill, KILL, rounds(KILL, plan.kills, seed))


@dataclass(frozen=True, slots=True)
class Round:
    """One injection."""

    kind: str
    number: int
    of: int
    chance: random.Random
    """Decides all that is left to chance: the same for the same seed, whatever else is done."""


def rounds(kind: str, times: int, seed: int) -> Iterator[Round]:
    for number in range(1, times + 1):
        yield Round(kind, number, times, random.Random(f"{seed} {kind} {number}"))


def told(stage: Stage, done: Round) -> None:
    """Log an injected fault, and report the progress."""
    stage.operations.harmed[done.kind] += 1
    if done.number % 5 == 0 or done.number == done.of:
        stage.say(f"{done.kind}: {done.number} of {done.of}, {len(stage.operations.faults)} faults")


Lane = Callable[[Stage, User, ServerProcess, random.Random], Awaitable[None]]


async def in_parallel(stage: Stage, injection: Lane, kind: str, to_do: Iterator[Round]) -> None:
    """Inject faults into each victim on its own, into all victims at the same time."""

    async def lane(user: User, victim: ServerProcess) -> None:
        for each in to_do:
            await injection(stage, user, victim, each.chance)
            told(stage, each)

    await asyncio.gather(
        *(lane(User(stage, kind, place), victim) for place, victim in enumerate(stage.cluster.victims))
    )


async def terminate_in_turn(stage: Stage, to_do: Iterator[Round]) -> None:
    """One victim is told to stop while the next one starts."""
    users = [User(stage, TERM, number) for number in range(UNDER_LOAD)]
    for each, (victim, other) in zip(to_do, in_turn(stage.cluster.victims), strict=False):
        await asyncio.gather(terminate(stage, users, victim, each.chance), revive(other))
        told(stage, each)


Injection = Callable[[Stage, Sequence[User], random.Random], Awaitable[None]]


async def in_rounds(stage: Stage, injection: Injection, kind: str, to_do: Iterator[Round]) -> None:
    """Inject faults that hit all processes."""
    users = [User(stage, kind, number) for number in range(UNDER_LOAD)]
    for each in to_do:
        await injection(stage, users, each.chance)
        told(stage, each)


async def revive(victim: ServerProcess) -> None:
    if not victim.alive:
        await victim.start()


def in_turn(victims: Sequence[ServerProcess]) -> Iterator[tuple[ServerProcess, ServerProcess]]:
    """Each victim with the next one, again and again."""
    return pairwise(cycle(victims))
