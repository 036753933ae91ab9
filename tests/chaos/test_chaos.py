"""The short form of `make chaos`, and that its audit would see what goes wrong."""

import asyncio
from typing import Any

import pytest

from tests.chaos.__main__ import run
from tests.chaos.audit import faults_of_effects, faults_of_turn
from tests.chaos.client import Turn, turn_of
from tests.chaos.harm import Log, Plan

pytestmark = pytest.mark.anyio


def test_whatever_dies_sleeps_or_restarts_nothing_is_lost_and_nothing_done_twice() -> None:
    said: list[str] = []
    report = asyncio.run(run(Plan(kills=4, sleeps=1, terms=1, restarts=1), seed=7, say=said.append))
    assert report.faults == [], "\n".join(said)
    assert sum(report.log.harmed.values()) == 7


class Answers:
    """A fleet whose database answers with what it is given."""

    def __init__(self, *rows: list[dict[str, Any]]) -> None:
        self._rows = list(rows)

    async def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        return self._rows.pop(0)


@pytest.fixture
def turn() -> Turn:
    """One that went well."""
    turn = turn_of("user", 1)
    turn.run, turn.shown, turn.last = "run", turn.expected, {"type": "done"}
    return turn


async def found(turn: Turn, *runs: dict[str, Any]) -> list[str]:
    return [fault async for fault in faults_of_turn(Answers(list(runs)), turn)]  # type: ignore[arg-type]


async def test_a_turn_that_went_well_has_no_fault(turn: Turn) -> None:
    assert await found(turn, {"status": "complete", "error_code": None, "answer": turn.expected}) == []


async def test_a_turn_that_ended_in_an_error_that_its_user_saw_has_no_fault(turn: Turn) -> None:
    turn.last = {"type": "error"}
    assert await found(turn, {"status": "failed", "error_code": "run_lost", "answer": None}) == []


async def test_a_turn_that_is_lost_cut_or_not_what_its_user_saw_is_a_fault(turn: Turn) -> None:
    assert await found(turn)
    assert await found(turn, {"status": "running", "error_code": None, "answer": None})
    assert await found(turn, {"status": "failed", "error_code": "run_lost", "answer": None})
    assert await found(turn, {"status": "complete", "error_code": None, "answer": "something else"})
    turn.shown += turn.shown
    assert await found(turn, {"status": "complete", "error_code": None, "answer": turn.expected})


@pytest.mark.parametrize(
    ("made", "entries", "faults"),
    [
        (["op-00001"], ["op-00001"], 0),
        ([], [], 1),
        (["op-00001", "op-00001"], ["op-00001"], 2),
        (["op-00001"], [], 1),
    ],
)
async def test_effects_are_counted(turn: Turn, made: list[str], entries: list[str], faults: int) -> None:
    fleet: Any = Answers([{"name": key} for key in made], [{"key": key} for key in entries])
    assert len(await faults_of_effects(fleet, Log(turns=[turn]))) == faults
