"""What `make chaos` looks for is found when it is there."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from graph.runs.runner import MAX_EPOCHS
from tests.chaos.audit import Stored, audit
from tests.chaos.client import Turn, turn_of
from tests.chaos.faults import CRASH, KILL, RESTART
from tests.chaos.operations import DOUBLED, LATE, LOST, MISSING, WRONG, Operations

DONE = {"type": "done", "status": "complete"}
ERROR = {"type": "error", "code": "database_unavailable"}


def answered(kind: str = KILL) -> Turn:
    """A turn whose user saw the answer."""
    turn = turn_of(kind, "somebody", 1)
    seen = (
        {"type": "start", "session_id": "a session"},
        {"type": "tool_call"},
        {"type": "tool_result"},
        {"type": "text", "content": turn.expected},
        DONE,
    )
    for number, event in enumerate(seen, 1):
        turn.see(f"a run:{number}", event)
    return turn


def message(role: str, content: str = "", **metadata: Any) -> dict[str, Any]:
    return {"session_id": "a session", "run_id": "a run", "role": role, "content": content, "metadata": metadata}


def whole(turn: Turn) -> Stored:
    """What is stored of that turn if nothing is wrong."""
    history = [
        message("user", turn.message),
        message("assistant", tool_calls=[{"id": "call_0"}]),
        message("tool", tool_call_id="call_0"),
        message("assistant", turn.expected),
    ]
    run = {
        **{"id": "a run", "status": "complete", "error_code": None, "epoch": 2, "is_deleted": True, "usages": 1},
        "answer": turn.expected,
    }
    log = [{"event": {"type": "text", "content": turn.expected}}, {"event": DONE}]
    return Stored(
        runs={"a run": run},
        logs={"a run": log},
        messages={"a session": history},
        effects=Counter([turn.key]),
        ledger=Counter([turn.key]),
    )


def found(turn: Turn, stored: Stored) -> set[str]:
    return {fault.what for fault in audit(Operations(turns=[turn]), stored)}


def test_a_turn_that_was_answered_has_no_fault() -> None:
    turn = answered()
    assert audit(Operations(turns=[turn]), whole(turn)) == []


def with_run(stored: Stored, **changed: Any) -> Stored:
    return replace(stored, runs={"a run": {**stored.runs["a run"], **changed}})


Mutation = Callable[[Stored], Stored]

MUTATIONS: dict[str, tuple[Mutation, str]] = {
    "the run is gone": (lambda stored: replace(stored, runs={}), LOST),
    "the run never ended": (lambda stored: with_run(stored, status="running"), LOST),
    "the run failed": (lambda stored: with_run(stored, status="failed"), LOST),
    "another answer is stored": (lambda stored: with_run(stored, answer="Something else."), WRONG),
    "the message is kept": (lambda stored: with_run(stored, is_deleted=False), WRONG),
    "the usage is doubled": (lambda stored: with_run(stored, usages=2), WRONG),
    "it was begun too often": (lambda stored: with_run(stored, epoch=MAX_EPOCHS + 1), WRONG),
    "the effect is doubled": (lambda stored: replace(stored, effects=stored.effects + stored.effects), DOUBLED),
    "the effect is missing": (lambda stored: replace(stored, effects=Counter()), MISSING),
    "the ledger lacks it": (lambda stored: replace(stored, ledger=Counter()), WRONG),
    "the log has no end": (lambda stored: replace(stored, logs={"a run": stored.logs["a run"][:-1]}), WRONG),
    "the log goes on": (lambda stored: replace(stored, logs={"a run": [*stored.logs["a run"]] * 2}), WRONG),
    "the log says less": (lambda stored: replace(stored, logs={"a run": stored.logs["a run"][1:]}), WRONG),
    "a message is missing": (
        lambda stored: replace(stored, messages={"a session": stored.messages["a session"][1:]}),
        WRONG,
    ),
    "a result is missing": (
        lambda stored: replace(
            stored, messages={"a session": [*stored.messages["a session"][:2], message("assistant")]}
        ),
        WRONG,
    ),
    "a message is doubled": (
        lambda stored: replace(stored, messages={"a session": [*stored.messages["a session"]] * 2}),
        WRONG,
    ),
    "there is a second run": (lambda stored: replace(stored, runs={**stored.runs, "another": {}}), WRONG),
}


@pytest.mark.parametrize("what", MUTATIONS)
def test_what_goes_wrong_is_found(what: str) -> None:
    mutate, fault = MUTATIONS[what]
    turn = answered()
    assert fault in found(turn, mutate(whole(turn)))


def test_a_turn_may_end_in_a_visible_error_when_the_database_went_and_only_then() -> None:
    for kind, faults in ((RESTART, set()), (CRASH, set()), (KILL, {LOST})):
        turn = turn_of(kind, "somebody", 1)
        turn.see("a run:1", ERROR)
        stored = replace(whole(turn), logs={"a run": [{"event": ERROR}]}, messages={})
        assert found(turn, with_run(stored, status="failed", answer=None)) == faults


def test_a_user_who_saw_another_text_than_the_history_holds_is_a_fault() -> None:
    turn = answered()
    turn.shown += " "
    assert found(turn, whole(turn)) == {WRONG}


def test_a_user_who_saw_an_event_twice_is_a_fault() -> None:
    turn = answered()
    turn.events.append(turn.events[-1])
    assert found(turn, whole(turn)) == {WRONG}


def test_events_before_a_restart_do_not_count() -> None:
    turn = turn_of(KILL, "somebody", 1)
    for number, event in (
        (1, {"type": "start", "session_id": "s"}),
        (7, {"type": "text", "content": "Or"}),
        (0, {"type": "restart"}),
    ):
        turn.see(f"a run:{number}", event)
    turn.see("a run:2", {"type": "text", "content": "so"})
    assert (turn.numbers(), turn.shown) == ([2], "so")


def test_a_run_that_goes_on_too_late_is_a_fault() -> None:
    operations = Operations()
    operations.wait(KILL, 4.9, "one")
    operations.wait(KILL, 5.1, "another")
    assert [(fault.what, fault.text.partition(":")[0]) for fault in operations.faults] == [(LATE, "another")]
