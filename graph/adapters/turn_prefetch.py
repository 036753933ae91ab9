"""Begins what a turn will need as soon as its run is accepted, while the graph is still on its way there."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from graph.adapters.postgres.conversation.memory import PostgresMemory
from graph.adapters.postgres.conversation.retriever import PostgresRetriever
from graph.adapters.prefetch import retrieve_error
from graph.adapters.redaction.workers import WorkerRedactor
from graph.ports.memory import Remembered
from graph.ports.models import Embedder
from graph.ports.redaction import Masked
from graph.ports.runs import Run


class Foresight:
    """Masks the text and reads what is remembered, embeds the text and searches if there is anything to find.

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
        if run.remembered:
            self.redactor.known.confirm(run.user_id, run.remembered.newest_value_at)
        masking = self.redactor.anticipate(run.user_id, [text])
        if run.remembered:
            self.memory.expect(run, run.remembered)
            self._go_on(run, text, masking, run.remembered)
        else:
            self._keep(self._recall(run, text, masking))

    async def _recall(self, run: Run, text: str, masking: "asyncio.Task[Masked]") -> None:
        remembered = await self.memory.anticipate(run.user_id, run.session_id, run.employee)
        self._go_on(run, text, masking, remembered)

    def _go_on(self, run: Run, text: str, masking: "asyncio.Task[Masked]", remembered: Remembered) -> None:
        if remembered.searchable:
            self.embedder.anticipate(text)
            self._keep(self._search(run.user_id, masking))

    async def _search(self, user_id: str, masking: "asyncio.Task[Masked]") -> None:
        self.retriever.anticipate(user_id, (await masking).texts[0])

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        task.add_done_callback(retrieve_error)
