"""Reads the operation log against the database: what was accepted has one outcome, each effect happened once."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from itertools import groupby

import httpx

from tests.chaos.client import Client, Turn, open_http, turn_of
from tests.chaos.fleet import Fleet
from tests.chaos.harm import Log
from tests.chaos.pairs import faults_of


async def audit(fleet: Fleet, log: Log) -> list[str]:
    """All that is wrong after the harm is done."""
    faults = list(log.faults)
    faults += [fault for turn in log.turns async for fault in faults_of_turn(fleet, turn)]
    faults += [fault for session in sessions(log) async for fault in faults_of_session(fleet, log, session)]
    faults += await faults_of_effects(fleet, log)
    left = await fleet.rows("select id from chat_runs where status in ('running', 'queued')")
    if left:
        faults.append(f"{len(left)} runs never ended")
    async with open_http() as http:
        for turns in sessions(log):
            faults += await wedged(fleet, http, log, turns)
    return faults


def sessions(log: Log) -> Iterator[list[Turn]]:
    """The turns of each session, in order."""
    told = [turn for turn in log.turns if turn.session]
    for _, turns in groupby(sorted(told, key=lambda turn: turn.session), lambda turn: turn.session):
        yield sorted(turns, key=lambda turn: turn.key)


async def faults_of_turn(fleet: Fleet, turn: Turn) -> AsyncIterator[str]:
    """A turn that was accepted has ended, and its user has seen how: with the answer, or with an error."""
    rows = await fleet.rows(
        "select r.status, r.error_code, (select content from chat_messages m where m.id = r.message_id) as answer "
        "from chat_runs r where r.id::text = %s",
        turn.run,
    )
    if not rows:
        yield f"{turn.key}: was accepted as {turn.run or 'nothing'} and is not there"
        return
    [run] = rows
    if turn.last.get("type") == "error" and run["status"] == "failed":
        return
    if (run["status"], turn.last.get("type")) != ("complete", "done"):
        yield f"{turn.key}: the run is {run['status']} ({run['error_code']}), its user saw {turn.last}"
    if not turn.shown == turn.expected == run["answer"]:
        yield f"{turn.key}: {turn.expected!r} was to be said, {turn.shown!r} was seen, {run['answer']!r} is stored"


async def faults_of_session(fleet: Fleet, log: Log, turns: list[Turn]) -> AsyncIterator[str]:
    """A session is one line of whole turns."""
    rows = await fleet.rows(
        "select role, content, run_id, metadata from chat_messages where session_id = %s order by position",
        turns[0].session,
    )
    failed = {turn.run for turn in turns if turn.last.get("type") == "error"}
    whole = [row for row in rows if str(row["run_id"]) not in failed]
    accepted = [turn.message for turn in turns if turn.run not in failed]
    for fault in faults_of(whole, accepted):
        yield f"session {turns[0].session}: {fault}"


async def faults_of_effects(fleet: Fleet, log: Log) -> list[str]:
    """Each turn that was answered has its effect once, one that failed at most once; the ledger knows of each."""
    made = Counter(row["name"] for row in await fleet.rows("select name from goals where name like 'op-%%'"))
    entries = Counter(row["key"] for row in await fleet.rows("select result ->> 'noted' as key from tool_effects"))
    faults = [f"{key}: the effect happened {count} times" for key, count in made.items() if count > 1]
    for turn in log.turns:
        if turn.last.get("type") == "done" and not made[turn.key]:
            faults.append(f"{turn.key}: the effect is missing")
    if made != entries:
        faults.append("the ledger does not agree with the effects")
    return faults


async def wedged(fleet: Fleet, http: httpx.AsyncClient, log: Log, turns: list[Turn]) -> list[str]:
    """Whether a session takes no message any more."""
    client = Client(http, fleet.token(turns[0].user), fleet.serving, 0)
    again = turn_of(turns[0].user, log.next_number(), turns[0].session, pause=0)
    try:
        await client.ask(again)
    except (TimeoutError, AssertionError) as error:
        return [f"session {turns[0].session} is wedged: {error}"]
    return [] if again.shown == again.expected else [f"session {turns[0].session} answered {again.shown!r}"]
