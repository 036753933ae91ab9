"""Begins what a turn will need as soon as its run is accepted, while the graph is still on its way there."""

import asyncio

from graph.adapters.anticipation import retrieve_error
from graph.adapters.memory import PostgresMemory
from graph.adapters.redactor import WorkerRedactor
from graph.adapters.retriever import PostgresRetriever
from graph.ports import Embedder, Masked, Run

MOST_OWNERS = 10_000
"""Owners of whom it is known that they have stored texts."""


class Foresight:
    """Masks the text and reads what is remembered, embeds the text and searches if there is anything to find.

    The text is embedded as it was typed, inside this process; what is searched for is the masked text. For somebody who had
    stored texts in the last turn that does not wait for what is remembered now.
    """

    def __init__(
        self, redactor: WorkerRedactor, memory: PostgresMemory, embedder: Embedder, retriever: PostgresRetriever
    ) -> None:
        self.redactor = redactor
        self.memory = memory
        self.embedder = embedder
        self.retriever = retriever
        self._have_texts: dict[str, None] = {}
        """Owners who had stored texts in their last turn, that of the longest ago first."""
        self._under_way: set[asyncio.Task[None]] = set()

    def begin(self, run: Run, text: str) -> None:
        task = asyncio.create_task(self._prepare(run, text))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        task.add_done_callback(retrieve_error)

    async def _prepare(self, run: Run, text: str) -> None:
        masking = self.redactor.anticipate(run.owner, [text])
        recalling = self.memory.anticipate(run.owner, run.session_id, run.employee)
        if expected := run.owner in self._have_texts:
            await self._search(run.owner, text, masking)
        searchable = (await recalling).searchable
        self._note(run.owner, searchable)
        if searchable and not expected:
            await self._search(run.owner, text, masking)

    async def _search(self, owner: str, text: str, masking: "asyncio.Task[Masked]") -> None:
        self.embedder.anticipate(text)
        self.retriever.anticipate(owner, (await masking).texts[0])

    def _note(self, owner: str, searchable: bool) -> None:
        self._have_texts.pop(owner, None)
        if searchable:
            self._have_texts[owner] = None
        if len(self._have_texts) > MOST_OWNERS:
            del self._have_texts[next(iter(self._have_texts))]
