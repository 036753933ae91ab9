"""Reads the operation log against the database: what was accepted has one outcome, each effect happened once."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from graph.events import FINAL, answer_text
from graph.runs.runner import MAX_EPOCHS
from tests.chaos.client import Turn
from tests.chaos.cluster import Cluster, Row
from tests.chaos.faults import CRASH, RESTART, Stage, User
from tests.chaos.operations import DOUBLED, LOST, MISSING, WEDGED, WRONG, Fault, Operations
from tests.chaos.pairs import faults_of

TURN = ["user", "assistant", "tool", "assistant"]
"""The roles of a turn's messages."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What the database holds in the end."""

    runs: Mapping[str, Row]
    logs: Mapping[str, Sequence[Row]]
    """The events of each run, in order."""
    messages: Mapping[str, Sequence[Row]]
    """The messages of each session, in order."""
    effects: Counter[str]
    """How often each happened."""
    ledger: Counter[str]
    """How often each is in the ledger."""


async def read_stored(cluster: Cluster) -> Stored:
    runs = await cluster.rows(
        "select r.id::text, r.user_id::text, r.status, r.error_code, r.epoch, r.encrypted_input is null as is_deleted, "
        "(select content from chat_messages m where m.id = r.message_id) as answer, "
        "(select count(*) from chat_usage_log u where u.run_id = r.id) as usages from chat_runs r"
    )
    logs = await cluster.rows("select run_id::text, seq, event from chat_run_events order by run_id, seq")
    messages = await cluster.rows(
        "select session_id::text, run_id::text, role, content, metadata from chat_messages order by session_id, position"
    )
    effects = await cluster.rows("select name from goals")
    ledger = await cluster.rows("select result ->> 'noted' as key from tool_effects")
    return Stored(
        runs={run["id"]: run for run in runs},
        logs=grouped(logs, "run_id"),
        messages=grouped(messages, "session_id"),
        effects=Counter(row["name"] for row in effects),
        ledger=Counter(row["key"] for row in ledger),
    )


def grouped(rows: Sequence[Row], by: str) -> Mapping[str, Sequence[Row]]:
    return {key: list(group) for key, group in groupby(rows, lambda row: row[by])}


def audit(operations: Operations, stored: Stored) -> list[Fault]:
    """Everything that is wrong after the faults were injected."""
    faults = list(operations.faults)
    for turn in operations.turns:
        faults += [Fault(turn.kind, what, f"{turn.key}: {text}") for what, text in faults_of_turn(turn, stored)]
    for session, turns in sessions_of(operations).items():
        for text in faults_of_history(stored.messages.get(session, ()), turns):
            faults.append(Fault(turns[0].kind, WRONG, f"session {session}: {text}"))
    known = {turn.run for turn in operations.turns}
    faults += [Fault("", WRONG, f"run {run} is nobody's message") for run in stored.runs if run not in known]
    if stored.ledger != stored.effects:
        faults.append(Fault("", WRONG, f"the ledger differs from the effects: {stored.ledger - stored.effects}"))
    return faults


def sessions_of(operations: Operations) -> Mapping[str, list[Turn]]:
    """The turns of each session in the order in which they were sent."""
    sessions: dict[str, list[Turn]] = defaultdict(list)
    for turn in operations.turns:
        if turn.session:
            sessions[turn.session].append(turn)
    return sessions


def faults_of_turn(turn: Turn, stored: Stored) -> Iterator[tuple[str, str]]:
    """A turn that was accepted has ended, its user has seen how, and its effect happened once."""
    run = stored.runs.get(turn.run)
    if run is None:
        yield LOST, f"it was accepted as run {turn.run or '?'}, which is not there"
        return
    yield from faults_of_outcome(turn, run)
    yield from faults_of_log(turn, run, stored.logs.get(turn.run, ()))
    made = stored.effects[turn.key]
    if made > 1:
        yield DOUBLED, f"the effect happened {made} times"
    if not made and run["status"] == "complete":
        yield MISSING, "the effect did not happen"


def faults_of_outcome(turn: Turn, run: Row) -> Iterator[tuple[str, str]]:
    """It is answered; only when the database went its user may have been told that it is not."""
    if run["status"] in ("running", "queued"):
        yield LOST, f"its run is still {run['status']}"
    elif turn.failed and run["status"] == "failed":
        if turn.kind not in (RESTART, CRASH):
            yield LOST, f"its run failed ({run['error_code']})"
    elif (run["status"], turn.last.get("type")) != ("complete", "done"):
        yield LOST, f"its run is {run['status']} ({run['error_code']}), its user saw {turn.last}"
    elif not turn.shown == turn.expected == run["answer"]:
        yield WRONG, f"{turn.expected!r} was to be said, {turn.shown!r} was seen, {run['answer']!r} is stored"
    if not run["is_deleted"]:
        yield WRONG, "its encrypted message is still stored"
    if run["usages"] != 1 and run["status"] == "complete":
        yield WRONG, f"its usage is noted {run['usages']} times"
    if not 1 <= run["epoch"] <= MAX_EPOCHS:
        yield WRONG, f"it was begun {run['epoch']} times"


def faults_of_log(turn: Turn, run: Row, log: Sequence[Row]) -> Iterator[tuple[str, str]]:
    """The log ends once and says what the history does; its user has seen its events in order and none twice."""
    events = [row["event"] for row in log]
    ends = [event for event in events if event["type"] in FINAL]
    if len(ends) != 1 or events[-1:] != ends:
        yield WRONG, f"its log ends with {events[-1:]} and has {len(ends)} last events"
    if run["status"] == "complete" and answer_text(events) != run["answer"]:
        yield WRONG, f"its log says {answer_text(events)!r}, the history {run['answer']!r}"
    if any(later <= earlier for earlier, later in pairwise(turn.numbers())):
        yield WRONG, f"its user saw events out of order: {turn.numbers()}"


def faults_of_history(rows: Sequence[Row], turns: Sequence[Turn]) -> Iterator[str]:
    """A session is one line of whole turns in the order in which they were sent."""
    failed = {turn.run for turn in turns if turn.failed}
    answered = [turn for turn in turns if not turn.failed]
    whole = [row for row in rows if row["run_id"] not in failed]
    yield from faults_of(whole, [turn.message for turn in answered])
    shape = [(row["run_id"], row["role"]) for row in whole]
    if shape != [(turn.run, role) for turn in answered for role in TURN]:
        yield f"its messages are {shape}"
    for run in failed:
        broken = [row for row in rows if row["run_id"] == run]
        called = [call["id"] for row in broken for call in row["metadata"].get("tool_calls", ())]
        if called != [row["metadata"]["tool_call_id"] for row in broken if row["role"] == "tool"]:
            yield "a tool call of a turn that failed has no result"


async def look_wedged(stage: Stage) -> None:
    """Whether each session takes a message and answers it."""
    for session, turns in list(sessions_of(stage.operations).items()):
        user = User(stage, turns[0].kind, 0)
        user.name, user.session = turns[0].user, session
        user.client.headers = {"Authorization": f"Bearer {stage.cluster.token(user.name)}"}
        turn = await user.ask()
        if turn.session != session or turn.shown != turn.expected:
            stage.operations.fault(turn.kind, WEDGED, f"session {session} answers {turn.last}")
