"""The phases of a run: which may follow which, and what moves a run from one to the next."""

import asyncio
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from graph.ports.runs import ClaimedRun, Run
from graph.runs.live_run import LiveRun
from graph.runs.phase import RunPhase, may_follow

RUNNING, WAITING, STOPPING, HANDING_OVER, DETACHED, ENDED = RunPhase

ALLOWED = {
    (RUNNING, WAITING),
    (RUNNING, STOPPING),
    (RUNNING, HANDING_OVER),
    (RUNNING, DETACHED),
    (RUNNING, ENDED),
    (WAITING, STOPPING),
    (WAITING, HANDING_OVER),
    (WAITING, DETACHED),
    (WAITING, ENDED),
    (STOPPING, DETACHED),
    (STOPPING, ENDED),
    (HANDING_OVER, STOPPING),
    (HANDING_OVER, DETACHED),
    (HANDING_OVER, ENDED),
    (DETACHED, ENDED),
}

DONE: Any = {"type": "done", "message_id": "", "total_tokens": 0, "usage": {}, "status": "complete"}

Move = Callable[[LiveRun], None]

MOVES: dict[RunPhase, Move] = {
    WAITING: LiveRun.mark_waiting,
    STOPPING: LiveRun.stop,
    HANDING_OVER: LiveRun.hand_over,
    DETACHED: LiveRun.detach,
    ENDED: lambda live: live.publish(live.final_entries(DONE)),
}


def live_in(phase: RunPhase) -> LiveRun:
    live = LiveRun(ClaimedRun(Run("run", "user", "session", "tester"), "text"))
    live.phase = phase
    return live


@pytest.mark.parametrize(("current", "following"), list(product(RunPhase, RunPhase)))
def test_each_phase_is_followed_by_the_phases_of_the_table_only(current: RunPhase, following: RunPhase) -> None:
    assert may_follow(current, following) == ((current, following) in ALLOWED)


@pytest.mark.parametrize(("current", "following"), list(product(RunPhase, MOVES)))
def test_what_moves_a_run_changes_its_phase_where_the_table_allows_it(current: RunPhase, following: RunPhase) -> None:
    live = live_in(current)
    MOVES[following](live)
    assert live.phase is (following if (current, following) in ALLOWED else current)


@pytest.mark.parametrize(("requested", "phase"), [(False, RUNNING), (True, STOPPING)])
def test_a_claimed_run_begins_as_its_user_left_it(requested: bool, phase: RunPhase) -> None:
    run = Run("run", "user", "session", "tester", epoch=2)
    assert LiveRun(ClaimedRun(run, "text", stop_requested=requested)).phase is phase


@pytest.mark.parametrize("move", [LiveRun.stop, LiveRun.hand_over, LiveRun.detach])
async def test_a_stop_a_hand_over_and_a_lost_lease_cancel_the_graph_once(move: Move) -> None:
    live = live_in(RUNNING)
    live.graph_task = asyncio.create_task(asyncio.sleep(60))
    await asyncio.sleep(0)
    for _ in range(2):
        move(live)
    assert live.graph_task.cancelling() == 1
    with pytest.raises(asyncio.CancelledError):
        await live.graph_task


async def test_a_wait_and_an_end_leave_the_graph_alone() -> None:
    live = live_in(RUNNING)
    live.graph_task = asyncio.create_task(asyncio.sleep(0))
    live.mark_waiting()
    MOVES[ENDED](live)
    await live.graph_task
    assert not live.graph_task.cancelled()


@pytest.mark.parametrize("phase", [RUNNING, WAITING])
async def test_a_graph_that_has_ended_is_not_handed_over(phase: RunPhase) -> None:
    live = live_in(phase)
    live.graph_task = asyncio.create_task(asyncio.sleep(0))
    await live.graph_task
    live.hand_over()
    assert live.phase is phase


@pytest.mark.parametrize("move", [LiveRun.detach, MOVES[ENDED]])
async def test_a_follower_returns_when_the_run_ends_or_leaves_this_process(move: Move) -> None:
    live = live_in(RUNNING)

    async def follow() -> list[str]:
        return [event["type"] async for _, event in live.follow(0)]

    following = asyncio.create_task(follow())
    await asyncio.sleep(0)
    move(live)
    async with asyncio.timeout(5):
        assert await following == (["done"] if live.phase is ENDED else [])
