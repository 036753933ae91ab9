"""Begins what a turn will need as soon as its run is accepted, while the graph is still on its way there."""

import asyncio

from graph.adapters.anticipation import retrieve_error
from graph.adapters.memory import PostgresMemory
from graph.adapters.redactor import WorkerRedactor
from graph.adapters.retriever import PostgresRetriever
from graph.ports import Embedder, Run


class Foresight:
    """Masks the text and reads what is remembered, then embeds and searches if there is anything to find.

    The text is embedded as it was typed, inside this process; what is searched for is the masked text.
    """

    def __init__(
        self, redactor: WorkerRedactor, memory: PostgresMemory, embedder: Embedder, retriever: PostgresRetriever
    ) -> None:
        self.redactor = redactor
        self.memory = memory
        self.embedder = embedder
        self.retriever = retriever
        self._under_way: set[asyncio.Task[None]] = set()

    def begin(self, run: Run, text: str) -> None:
        task = asyncio.create_task(self._prepare(run, text))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        task.add_done_callback(retrieve_error)

    async def _prepare(self, run: Run, text: str) -> None:
        masking = self.redactor.anticipate(run.owner, [text])
        recalling = self.memory.anticipate(run.owner, run.session_id, run.employee)
        if (await recalling).searchable:
            self.embedder.anticipate(text)
            self.retriever.anticipate(run.owner, (await masking).texts[0])
