"""Run notifications between processes."""

from collections.abc import AsyncIterator
from typing import Literal, Protocol

RunNotification = tuple[Literal["events", "stop", "due"], str]
"""A kind and a run's id: `events`, the run has new events; `stop`, the run is to stop; `due`, a run waits for a process."""


def due_notification(run_id: str) -> RunNotification:
    """Tells all processes that a run waits for one of them."""
    return ("due", run_id)


class Notifier(Protocol):
    """Carries notifications of runs between processes. Delivery is best effort, so a waiter also polls the database."""

    @property
    def connected(self) -> bool:
        """Whether notifications arrive at the moment."""
        ...

    async def send(self, notification: RunNotification) -> None:
        """Notify all processes. A failure is logged by the notifier and never raised."""
        ...

    def subscribe(self) -> AsyncIterator[RunNotification]:
        """The notifications of all processes, this one included, in the order in which they were sent.

        The iterator reconnects by itself. It ends only where notifications can never arrive.
        """
        ...
