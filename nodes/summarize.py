"""Decides whether the conversation is due for a summary, and hands it to a job that outlives the run."""

from dataclasses import dataclass

import structlog
from langgraph.runtime import Runtime

from graph.context import TurnContext
from graph.errors import ChatError
from graph.ports.memory import Summaries
from graph.state import SummaryBacklog, Turn

log = structlog.get_logger(__name__)

SUMMARY_TURNS = 12
SUMMARY_TOKENS = 4000
SUMMARY_SECONDS = 30 * 60
"""Since the last summary; the thresholds are the original's."""

MIN_TURNS = 4
"""The newest exchanges are never summarised, so fewer than this leave nothing to do, however long ago they were."""


@dataclass(frozen=True, slots=True)
class Summarize:
    summaries: Summaries

    async def __call__(self, state: Turn, runtime: Runtime[TurnContext]) -> Turn:
        """The answer is stored already, so a failure here costs nothing but a summary; the next turn tries again."""
        caller = runtime.context
        try:
            unsummarized = await self.summaries.state(caller.user_id, caller.session_id)
            due = is_due(unsummarized)
            if due:
                await self.summaries.request(caller.user_id, caller.session_id)
        except ChatError as error:
            log.warning("summary_not_requested", reason=error.code)
            return Turn(summary_due=False)
        return Turn(unsummarized=unsummarized, summary_due=due)


def is_due(since: SummaryBacklog) -> bool:
    return (
        since["turns"] >= SUMMARY_TURNS
        or since["tokens"] >= SUMMARY_TOKENS
        or (since["turns"] >= MIN_TURNS and since["seconds"] >= SUMMARY_SECONDS)
    )
