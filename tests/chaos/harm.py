"""The ways to harm a fleet while its users are served, and what each must show."""

import asyncio
import random
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.chaos.client import Client, Turn, new_user, open_http, turn_of
from tests.chaos.fleet import GRACE_SECONDS, Fleet, Member, Say

STEPS = ("redact", "load_memory", "retrieve", "reason", "call_tools", "persist", "summarize")
PLACES = ("before", "after_effect", "after_checkpoint")
POINTS = [f"{step}:{place}:kill" for step in STEPS for place in PLACES]
TURN_SECONDS = 0.8
"""What a turn takes when nothing happens to it."""
TURNS_A_SESSION = 10
UNDER_LOAD = 3
"""Turns that are under way when a whole process or the database goes."""
RECOVERY_SECONDS = 5.0
PRUNING_SECONDS = 0.3
"""What a process does for a session after its answer."""


@dataclass(slots=True)
class Log:
    """The operation log of all users, and what went wrong as it was written."""

    turns: list[Turn] = field(default_factory=list)
    recovered: dict[str, list[float]] = field(default_factory=dict)
    """By kind of harm: seconds from the end of a lease to the next event."""
    harmed: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    _number: int = 0

    def next_number(self) -> int:
        self._number += 1
        return self._number

    def harm(self, kind: str) -> None:
        self.harmed[kind] = self.harmed.get(kind, 0) + 1

    def recover(self, kind: str, seconds: float) -> None:
        self.recovered.setdefault(kind, []).append(seconds)
        if seconds > RECOVERY_SECONDS:
            self.faults.append(f"{kind}: the run went on {seconds:.1f} s after its lease had ended")


class User:
    """Somebody who sends one message after another, at times in a new session."""

    def __init__(self, fleet: Fleet, http: httpx.AsyncClient, log: Log, seed: int) -> None:
        self.name = new_user()
        self.client = Client(http, fleet.token(self.name), fleet.serving, seed)
        self.log = log
        self.session = ""
        self.asked = 0

    async def ask(self, first: str | None = None, pause: float = 0.02) -> Turn:
        """Have one turn; it is in the log whatever comes of it."""
        self.asked += 1
        session = self.session if self.asked % TURNS_A_SESSION else ""
        turn = turn_of(self.name, self.log.next_number(), session, pause)
        self.log.turns.append(turn)
        try:
            await self.client.ask(turn, first)
        except (TimeoutError, AssertionError) as error:
            self.log.faults.append(f"{turn.key}: {type(error).__name__} {error} after {turn.last}")
            self.session = ""
            return turn
        self.session = turn.session
        return turn


Lane = Callable[[Fleet, User, Member, random.Random, Log], Awaitable[None]]


async def kill(fleet: Fleet, user: User, victim: Member, chance: random.Random, log: Log) -> None:
    """A process dies: at one of the points of a turn, or at any instant of it."""
    point = chance.choice([*POINTS, *[""] * (len(POINTS) // 3)])
    await victim.start(point)
    asking = asyncio.create_task(user.ask(victim.address))
    if not point:
        await asyncio.sleep(chance.uniform(0, TURN_SECONDS))
        victim.send(signal.SIGKILL)
    await victim.gone()
    died = time.monotonic()
    lease = await lease_of(fleet, user)
    turn = await asking
    log.harm("kill -9")
    await note_recovery(fleet, turn, lease, died, "kill -9", log)


@dataclass(frozen=True, slots=True)
class Lease:
    """Of a run that has lost its process."""

    left: float
    """Seconds until it ends."""
    epoch: int


async def lease_of(fleet: Fleet, user: User) -> Lease | None:
    """The lease of the user's run; None if it had ended before its process."""
    rows = await fleet.rows(
        "select extract(epoch from lease_expires_at - clock_timestamp())::float8 as left, epoch from chat_runs "
        "where user_id = %s and status = 'running'",
        user.name,
    )
    return Lease(**rows[0]) if rows else None


async def note_recovery(fleet: Fleet, turn: Turn, lease: Lease | None, lost: float, kind: str, log: Log) -> None:
    """How long a run was without a process; not if the next process died on it as well."""
    if lease is None:
        return
    [run] = await fleet.rows("select epoch from chat_runs where id = %s", turn.run)
    at = turn.first_after(lost + max(lease.left, 0.0))
    if at and run["epoch"] == lease.epoch + 1:
        log.recover(kind, at - lost - lease.left)


async def put_to_sleep(fleet: Fleet, user: User, victim: Member, chance: random.Random, log: Log) -> None:
    """A process sleeps until another one has finished its run, and wakes up."""
    if not victim.alive:
        await victim.start()
    asking = asyncio.create_task(user.ask(victim.address))
    await asyncio.sleep(chance.uniform(0.05, TURN_SECONDS))
    victim.send(signal.SIGSTOP)
    slept = time.monotonic()
    lease = await lease_of(fleet, user)
    awake, victim.address = victim.address, ""
    turn = await asking
    await asyncio.sleep(PRUNING_SECONDS)
    before = await written(fleet, turn)
    victim.address = awake
    victim.send(signal.SIGCONT)
    await asyncio.sleep(1.5)
    after = await written(fleet, turn)
    for what in before:
        if after[what] != before[what]:
            log.faults.append(f"{turn.key}: {what} changed after the run had been finished by another process")
    if not victim.alive:
        log.faults.append("a process that woke up has died")
    log.harm("sleep past the lease")
    await note_recovery(fleet, turn, lease, slept, "sleep past the lease", log)


async def written(fleet: Fleet, turn: Turn) -> dict[str, Any]:
    """All that is stored of a turn's run and its session."""
    queries = {
        "events": ("select seq, event::text from chat_run_events where run_id = %s order by seq", turn.run),
        "run": ("select status, epoch, message_id from chat_runs where id = %s", turn.run),
        "messages": ("select id, content from chat_messages where run_id = %s order by position", turn.run),
        "ledger": ("select ordinal, result from tool_effects where run_id = %s", turn.run),
        "effects": ("select name from goals where user_id = %s order by name", turn.user),
        "checkpoints": ("select checkpoint_id from checkpoints where thread_id = %s order by 1", turn.session),
    }
    return {what: await fleet.rows(query, value) for what, (query, value) in queries.items()}


async def terminate(fleet: Fleet, users: list[User], victim: Member, chance: random.Random, log: Log) -> None:
    """A process is told to stop while it gives several answers."""
    await victim.start()
    pauses = [chance.choice((0.02, 0.1)) for _ in users]
    asking = [asyncio.create_task(user.ask(victim.address, pause)) for user, pause in zip(users, pauses, strict=True)]
    await asyncio.sleep(chance.uniform(0.05, TURN_SECONDS))
    told = time.monotonic()
    victim.send(signal.SIGTERM)
    await victim.gone()
    took = time.monotonic() - told
    if took > GRACE_SECONDS + 5:
        log.faults.append(f"a process that was told to stop took {took:.1f} s over it")
    await asyncio.gather(*asking)
    log.harm("SIGTERM under load")


async def restart_database(fleet: Fleet, users: list[User], chance: random.Random, log: Log) -> None:
    """The database ends as in a crash, and is started again."""
    asking = [asyncio.create_task(user.ask()) for user in users]
    await asyncio.sleep(chance.uniform(0.05, TURN_SECONDS))
    await fleet.restart_database()
    await asyncio.gather(*asking)
    log.harm("database restart")


@dataclass(frozen=True, slots=True)
class Plan:
    """How often each harm is done."""

    kills: int = 200
    sleeps: int = 20
    terms: int = 20
    restarts: int = 20


async def do_harm(fleet: Fleet, plan: Plan, seed: int, say: Say) -> Log:
    """All of it, each kind by itself; kills with as many victims as there are."""
    log, chance = Log(), random.Random(seed)
    async with open_http() as http:
        lanes = [User(fleet, http, log, chance.randrange(10**9)) for _ in fleet.victims]
        crowd = [User(fleet, http, log, chance.randrange(10**9)) for _ in range(UNDER_LOAD)]
        await in_lanes(kill, fleet, lanes, plan.kills, chance, log, say)
        await in_lanes(put_to_sleep, fleet, lanes, plan.sleeps, chance, log, say)
        await asyncio.gather(*(victim.end() for victim in fleet.victims))
        for number in range(plan.terms):
            await terminate(fleet, crowd, fleet.victims[0], chance, log)
            say(f"SIGTERM under load: {number + 1} of {plan.terms}")
        for number in range(plan.restarts):
            await restart_database(fleet, crowd, chance, log)
            say(f"database restarts: {number + 1} of {plan.restarts}")
    return log


async def in_lanes(
    harm: Lane, fleet: Fleet, users: list[User], count: int, chance: random.Random, log: Log, say: Say
) -> None:
    """Do the same harm so often, to each victim by itself."""
    numbers = iter(range(1, count + 1))

    async def lane(user: User, victim: Member, own: random.Random) -> None:
        for number in numbers:
            await harm(fleet, user, victim, own, log)
            if number % 5 == 0 or number == count:
                say(f"{harm.__name__}: {number} of {count}, {len(log.faults)} faults")

    await asyncio.gather(
        *(
            lane(user, victim, random.Random(chance.randrange(10**9)))
            for user, victim in zip(users, fleet.victims, strict=True)
        )
    )
