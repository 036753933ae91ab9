"""A summary is asked for when it is due; whether that works is no matter of the turn."""

import pytest

from graph.errors import DatabaseUnavailable
from graph.state import SummaryBacklog
from nodes.summarize import MIN_TURNS, SUMMARY_TOKENS, SUMMARY_TURNS, Summarize
from tests.support.fakes.ports import OWNER, SESSION, FakeSummaries, runtime_of, turn_of

HOUR, MINUTE = 3600.0, 60.0


def test_the_thresholds_are_those_of_the_original() -> None:
    assert (SUMMARY_TURNS, SUMMARY_TOKENS) == (12, 4000)


@pytest.mark.parametrize(
    ("turns", "tokens", "since", "due"),
    [
        (12, 0, MINUTE, True),
        (11, 3999, 29 * MINUTE, False),
        (1, 4000, MINUTE, True),
        (MIN_TURNS, 0, 30 * MINUTE, True),
        (MIN_TURNS, 0, 29.9 * MINUTE, False),
        (MIN_TURNS - 1, 0, 100 * HOUR, False),
        (0, 0, 100 * HOUR, False),
    ],
)
async def test_it_is_due_after_so_many_turns_tokens_or_minutes(
    turns: int, tokens: int, since: float, due: bool
) -> None:
    unsummarized = SummaryBacklog(turns=turns, tokens=tokens, seconds=since)
    summaries = FakeSummaries(unsummarized)
    turn = await Summarize(summaries)(turn_of(), runtime_of())
    assert turn == {"unsummarized": unsummarized, "summary_due": due}
    assert summaries.requested == ([(OWNER, SESSION)] if due else [])


async def test_a_queue_that_cannot_be_reached_does_no_harm() -> None:
    summaries = FakeSummaries(SummaryBacklog(turns=12, tokens=0, seconds=MINUTE), failure=DatabaseUnavailable())
    assert await Summarize(summaries)(turn_of(), runtime_of()) == {"summary_due": False}
