"""A live run streams to its followers, and tells each where to continue, whichever process has the run."""

import asyncio
from typing import Any

import pytest

from graph.events import Text
from graph.ports.runs import ClaimedRun, LoggedEvent, Run, first_seq
from graph.runs.live_run import RESTART_ENTRY, LiveRun, position_after
from graph.state import Turn

SECOND = first_seq(2)


def text(content: str) -> Text:
    return Text(type="text", content=content)


def done(status: str) -> Any:
    return {"type": "done", "message_id": "", "total_tokens": 0, "usage": {}, "status": status}


def to_events(*numbers: int) -> list[LoggedEvent]:
    return [(number, text(str(number))) for number in numbers]


def live_run(*logged: LoggedEvent, epoch: int = 1) -> LiveRun:
    return LiveRun(ClaimedRun(Run("run", "user", "session", "tester", epoch=epoch), "text", logged))


async def follow(live: LiveRun, after: int = 0) -> list[LoggedEvent]:
    async with asyncio.timeout(5):
        return [entry async for entry in live.follow(after)]


@pytest.mark.parametrize(
    ("after", "entries", "epoch", "position"),
    [
        (0, (), 1, 0),
        (0, (1, 2), 1, 0),
        (2, (1, 2, 3), 1, 2),
        (3, (1, 2), 1, 2),
        (2, (1, 2), 2, 2),
        (2, (1, 2, SECOND), 2, 2),
        (SECOND, (1, 2, SECOND), 2, 3),
        (SECOND + 5, (1, 2, SECOND), 2, 3),
    ],
)
def test_a_follower_continues_after_its_last_event(
    after: int, entries: tuple[int, ...], epoch: int, position: int
) -> None:
    assert position_after(after, to_events(*entries), epoch) == position


@pytest.mark.parametrize(
    ("after", "entries", "epoch"),
    [(3, (1, 2), 2), (3, (1, 2, SECOND), 2), (1, (), 2), (SECOND + 1, (1, SECOND, first_seq(3)), 3)],
)
def test_a_follower_whose_last_event_was_not_logged_cannot_continue(
    after: int, entries: tuple[int, ...], epoch: int
) -> None:
    assert position_after(after, to_events(*entries), epoch) is None


@pytest.mark.parametrize(("status", "has_waited"), [("waiting", True), ("complete", False)])
def test_a_run_that_continues_after_a_decision_has_waited_and_may_have_streamed_text(
    status: str, has_waited: bool
) -> None:
    live = live_run(*to_events(1), (2, done(status)), epoch=2)
    assert (live.has_waited, live.streamed_text_before) == (has_waited, True)


def test_a_run_that_is_taken_over_before_its_first_event_has_neither() -> None:
    live = live_run(epoch=2)
    assert (live.has_waited, live.streamed_text_before) == (False, False)


async def test_events_have_the_numbers_of_their_epoch() -> None:
    live = live_run(*to_events(1), epoch=2)
    live.emit(text("1"))
    live.emit(text("2"))
    live.publish(live.final_entries(done("complete")))
    assert await follow(live) == [*to_events(1), (SECOND, text("2")), (SECOND + 1, done("complete"))]


async def test_each_follower_gets_events_as_they_are_published() -> None:
    live = live_run()
    first = asyncio.create_task(follow(live))
    await asyncio.sleep(0)
    live.emit(text("1"))
    second = asyncio.create_task(follow(live, after=1))
    await asyncio.sleep(0)
    live.emit(text("2"))
    live.publish(live.final_entries(done("complete")))
    whole = [*to_events(1, 2), (3, done("complete"))]
    assert (await first, await second) == (whole, whole[1:])


async def test_a_follower_that_cannot_continue_gets_the_whole_stream_again() -> None:
    live = live_run(*to_events(1), epoch=2)
    live.publish(live.with_seq([done("complete")]))
    assert await follow(live, after=7) == [RESTART_ENTRY, *to_events(1), (SECOND, done("complete"))]


async def test_a_wait_that_has_passed_is_not_streamed_again() -> None:
    live = live_run(*to_events(1), (2, done("waiting")), epoch=2)
    live.publish(live.with_seq([done("complete")]))
    assert await follow(live) == [*to_events(1), (SECOND, done("complete"))]


def test_links_that_the_user_did_not_write_are_removed() -> None:
    live = live_run()
    call: Any = {"id": "call_1", "name": "open_page", "args": {"address": "https://elsewhere.example/?q=1"}}
    live.emit({"type": "tool_call", "tool": call})
    assert "elsewhere.example" not in str(live.events)


def test_a_step_adds_its_update_to_the_turn_and_itself_to_the_path() -> None:
    live = live_run()
    live.start_steps()
    live.record_step("redact", Turn(question="what"))
    live.emit(text("one"))
    live.record_step("reason", Turn(today="2026-11-29"))
    assert live.turn == {"question": "what", "today": "2026-11-29"}
    assert [step["node"] for step in live.path] == ["redact", "reason"]
    assert [step["first_ms"] is None for step in live.path] == [True, False]


def test_the_partial_text_is_that_of_the_current_answer() -> None:
    live = live_run()
    live.emit(text("let me look"))
    live.emit({"type": "tool_result", "tool_call_id": "call_1", "result": {}})
    live.emit(text("You "))
    live.emit(text("spent"))
    assert live.partial_text() == "You spent"


def test_entries_are_unwritten_until_they_are_in_the_log() -> None:
    live = live_run(*to_events(1), epoch=2)
    live.publish(live.with_seq([text("2")]))
    assert live.unwritten() == [(SECOND, text("2"))]
    live.written += 1
    assert live.unwritten() == []
