"""A summary is asked for when it is due; whether that works is no matter of the turn."""

import datetime as dt

import pytest

from graph.errors import DatabaseUnavailable
from graph.ports import SummaryState
from nodes.summarize import DUE_TOKENS, DUE_TURNS, LEAST_TURNS, Summarize
from tests.fakes.ports import OWNER, SESSION, GivenState, runtime_of, turn_of

pytestmark = pytest.mark.anyio

HOUR, MINUTE = dt.timedelta(hours=1), dt.timedelta(minutes=1)


def test_the_thresholds_are_those_of_the_original() -> None:
    assert (DUE_TURNS, DUE_TOKENS) == (12, 4000)


@pytest.mark.parametrize(
    ("turns", "tokens", "since", "due"),
    [
        (12, 0, MINUTE, True),
        (11, 3999, 29 * MINUTE, False),
        (1, 4000, MINUTE, True),
        (LEAST_TURNS, 0, 30 * MINUTE, True),
        (LEAST_TURNS, 0, 29.9 * MINUTE, False),
        (LEAST_TURNS - 1, 0, 100 * HOUR, False),
        (0, 0, 100 * HOUR, False),
    ],
)
async def test_it_is_due_after_so_many_turns_tokens_or_minutes(
    turns: int, tokens: int, since: dt.timedelta, due: bool
) -> None:
    summaries = GivenState(SummaryState(turns, tokens, since))
    turn = await Summarize(summaries)(turn_of(), runtime_of())
    assert turn == {"summary_due": due}
    assert summaries.requested == ([(OWNER, SESSION)] if due else [])


async def test_a_queue_that_cannot_be_reached_does_no_harm() -> None:
    summaries = GivenState(SummaryState(12, 0, MINUTE), failure=DatabaseUnavailable())
    assert await Summarize(summaries)(turn_of(), runtime_of()) == {"summary_due": False}
