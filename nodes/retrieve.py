"""Retrieves stored texts that resemble the question."""

from dataclasses import dataclass

import structlog
from langgraph.runtime import Runtime

from graph.context import TurnContext
from graph.errors import ModelError
from graph.ports.memory import Retriever
from graph.ports.models import CountTokens
from graph.state import Turn
from graph.turn.prompt import PASSAGES_SHARE, take_within

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Retrieve:
    """Finds the passages for the prompt, within their share of the token budget.

    A user without stored texts costs no embedding. The turn continues without passages while the embedder is down.
    """

    retriever: Retriever
    count_tokens: CountTokens
    budget: int
    """Maximum tokens of the whole prompt."""

    async def __call__(self, state: Turn, runtime: Runtime[TurnContext]) -> Turn:
        if not state["recollection"]["searchable"]:
            return Turn(passages=[])
        try:
            passages = await self.retriever.search(runtime.context.user_id, state["question"])
        except ModelError as error:
            log.warning("retrieval_skipped", reason=error.code)
            return Turn(passages=[])
        texts = take_within(
            [passage["text"] for passage in passages], int(self.budget * PASSAGES_SHARE), self.count_tokens
        )
        return Turn(passages=passages[: len(texts)])
