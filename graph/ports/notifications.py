"""Run notifications between processes."""

from collections.abc import AsyncIterator
from typing import Literal, Protocol

News = tuple[Literal["events", "stop", "due"], str]
"""What has happened to a run: it has new events; it is to stop; its session has become free for those that wait."""


class Signals(Protocol):
    """News of runs, between processes. They may get lost: who waits for some looks into the database now and then."""

    @property
    def connected(self) -> bool:
        """Whether news come through at the moment."""
        ...

    async def send(self, news: News) -> None: ...

    def heard(self) -> AsyncIterator[News]:
        """The news of all processes, as long as somebody listens."""
        ...
