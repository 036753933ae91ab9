"""Requests a summary of the conversation when one is due."""

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
"""A summary is due when the backlog since the last one reaches any of these."""

MIN_TURNS = 4
"""The newest exchanges are never summarised, so a smaller backlog leaves nothing to do, whatever its age."""


@dataclass(frozen=True, slots=True)
class Summarize:
    """Requests a background job for the summary, if one is due."""

    summaries: Summaries

    async def __call__(self, state: Turn, runtime: Runtime[TurnContext]) -> Turn:
        """The answer is stored by now: a failure here costs only the summary, and the next turn tries again."""
        context = runtime.context
        try:
            backlog = await self.summaries.backlog(context.user_id, context.session_id)
            is_due = is_summary_due(backlog)
            if is_due:
                await self.summaries.request(context.user_id, context.session_id)
        except ChatError as error:
            log.warning("summary_not_requested", reason=error.code)
            return Turn(summary_due=False)
        return Turn(unsummarized=backlog, summary_due=is_due)


def is_summary_due(backlog: SummaryBacklog) -> bool:
    return (
        backlog["turns"] >= SUMMARY_TURNS
        or backlog["tokens"] >= SUMMARY_TOKENS
        or (backlog["turns"] >= MIN_TURNS and backlog["seconds"] >= SUMMARY_SECONDS)
    )
