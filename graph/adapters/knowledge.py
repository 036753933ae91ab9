"""Search of a user's stored texts for tools (port `Knowledge`)."""

from dataclasses import dataclass

from graph.ports.memory import Retriever
from graph.ports.redaction import Redactor
from graph.retry import READ_DELAYS, retry_on_database_down
from graph.state import Passage


@dataclass(frozen=True, slots=True)
class UserKnowledge:
    """Searches the texts of one user."""

    redactor: Redactor
    retriever: Retriever
    user_id: str

    async def search(self, query: str) -> list[Passage]:
        """Stored texts are masked, so the query is masked too."""
        masked = await self.redactor.mask(self.user_id, [query])
        return await retry_on_database_down(lambda: self.retriever.search(self.user_id, masked.texts[0]), READ_DELAYS)
