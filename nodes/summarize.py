"""Decides whether the conversation is due for a summary, and hands it to a job that outlives the run."""

import datetime as dt
from dataclasses import dataclass

import structlog
from langgraph.runtime import Runtime

from graph.context import TurnContext
from graph.errors import ChatError
from graph.ports import Summaries, SummaryState
from graph.state import Turn

log = structlog.get_logger(__name__)

DUE_TURNS = 12
DUE_TOKENS = 4000
DUE_AFTER = dt.timedelta(minutes=30)
"""Since the last summary; the thresholds are the original's."""

LEAST_TURNS = 4
"""The newest exchanges are never summarised, so fewer than this leave nothing to do, however long ago they were."""


@dataclass(frozen=True, slots=True)
class Summarize:
    summaries: Summaries

    async def __call__(self, state: Turn, runtime: Runtime[TurnContext]) -> Turn:
        """The answer is stored already, so a failure here costs nothing but a summary; the next turn tries again."""
        caller = runtime.context
        try:
            due = is_due(await self.summaries.state(caller.user_id, caller.session_id))
            if due:
                await self.summaries.request(caller.user_id, caller.session_id)
        except ChatError as error:
            log.warning("summary_not_requested", reason=error.code)
            due = False
        return Turn(summary_due=due)


def is_due(state: SummaryState) -> bool:
    return (
        state.turns >= DUE_TURNS
        or state.tokens >= DUE_TOKENS
        or (state.turns >= LEAST_TURNS and state.since >= DUE_AFTER)
    )
