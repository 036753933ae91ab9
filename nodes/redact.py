"""Masks the user's message. No later node sees the typed text."""

from dataclasses import dataclass

from langchain_core.messages import HumanMessage
from langgraph.runtime import Runtime

from graph.context import TurnContext
from graph.ports.redaction import Redactor
from graph.state import SummaryBacklog, Turn, no_memory, no_usage


@dataclass(frozen=True, slots=True)
class Redact:
    """Masks the text of the context, or of Studio's form, and resets every field of the state."""

    redactor: Redactor

    async def __call__(self, state: Turn, runtime: Runtime[TurnContext]) -> Turn:
        typed = runtime.context.text or state.get("message", "")
        masked = await self.redactor.mask(runtime.context.user_id, [typed])
        question = masked.texts[0]
        return Turn(
            message=question if state.get("message") else "",
            question=question,
            today="",
            recollection=no_memory(),
            passages=[],
            messages=[HumanMessage(question)],
            usage=no_usage("provider"),
            speaker="",
            message_id="",
            unsummarized=SummaryBacklog(turns=0, tokens=0, seconds=0),
            summary_due=False,
        )
