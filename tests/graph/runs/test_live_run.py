"""Where a follower of a run goes on, whichever process has the run now."""

from typing import Any

import pytest

from graph.events import Text
from graph.ports.runs import ClaimedRun, LoggedEvent, Run, first_seq
from graph.runs.live_run import LiveRun, position_after

SECOND = first_seq(2)


def with_seq(*numbers: int) -> list[LoggedEvent]:
    return [(number, Text(type="text", content=str(number))) for number in numbers]


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
def test_a_follower_goes_on_after_what_it_has_seen(
    after: int, entries: tuple[int, ...], epoch: int, position: int
) -> None:
    assert position_after(after, with_seq(*entries), epoch) == position


@pytest.mark.parametrize(
    ("after", "entries", "epoch"),
    [(3, (1, 2), 2), (3, (1, 2, SECOND), 2), (1, (), 2), (SECOND + 1, (1, SECOND, first_seq(3)), 3)],
)
def test_who_has_seen_what_a_dead_process_did_not_log_cannot_go_on(
    after: int, entries: tuple[int, ...], epoch: int
) -> None:
    assert position_after(after, with_seq(*entries), epoch) is None


@pytest.mark.parametrize(("status", "has_waited"), [("waiting", True), ("complete", False)])
def test_a_run_that_goes_on_after_its_user_decided_has_waited_and_may_have_spoken(
    status: str, has_waited: bool
) -> None:
    done: Any = {"type": "done", "message_id": "", "total_tokens": 0, "usage": {}, "status": status}
    run = LiveRun(ClaimedRun(Run("run", "owner", "session", "tester", epoch=2), "text", [*with_seq(1), (2, done)]))
    assert (run.has_waited, run.streamed_text_before) == (has_waited, True)


def test_a_run_that_was_taken_over_before_its_first_event_has_neither() -> None:
    run = LiveRun(ClaimedRun(Run("run", "owner", "session", "tester", epoch=2), "text"))
    assert (run.has_waited, run.streamed_text_before) == (False, False)
