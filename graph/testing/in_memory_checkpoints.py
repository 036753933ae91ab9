"""LangGraph's checkpoints in memory (port `Checkpoints`)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from langgraph.checkpoint.memory import InMemorySaver

from graph.ports.runs import Run


class InMemoryCheckpoints:
    """Stores the checkpoints of the last turn of each session."""

    def __init__(self) -> None:
        self.saver = InMemorySaver()

    @asynccontextmanager
    async def turn(self, run: Run) -> AsyncIterator[InMemorySaver]:
        if run.epoch <= 1:
            await self.saver.adelete_thread(run.session_id)
        yield self.saver
