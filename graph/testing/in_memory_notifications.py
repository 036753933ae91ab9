"""Run notifications in memory (port `Notifier`), for several run managers in one process."""

import asyncio
from collections.abc import AsyncIterator

from graph.ports.notifications import RunNotification


class NotificationBus:
    """Connects the notifiers of a test. `break_connections` simulates an outage until `mend`."""

    def __init__(self) -> None:
        self.mended = asyncio.Event()
        self.mended.set()
        self._queues: set[asyncio.Queue[RunNotification | None]] = set()

    def send(self, notification: RunNotification) -> None:
        for queue in self._queues:
            queue.put_nowait(notification)

    def open(self) -> asyncio.Queue[RunNotification | None]:
        """A queue that gets every later notification, and None when the bus breaks."""
        queue: asyncio.Queue[RunNotification | None] = asyncio.Queue()
        self._queues.add(queue)
        return queue

    def close(self, queue: asyncio.Queue[RunNotification | None]) -> None:
        self._queues.discard(queue)

    def break_connections(self) -> None:
        self.mended.clear()
        for queue in self._queues:
            queue.put_nowait(None)
        self._queues.clear()

    def mend(self) -> None:
        self.mended.set()


class InMemoryNotifier:
    """One process's notifier."""

    def __init__(self, bus: NotificationBus) -> None:
        self.bus = bus
        self.connected = False

    async def send(self, notification: RunNotification) -> None:
        self.bus.send(notification)

    async def subscribe(self) -> AsyncIterator[RunNotification]:
        while True:
            await self.bus.mended.wait()
            queue = self.bus.open()
            self.connected = True
            try:
                while (notification := await queue.get()) is not None:
                    yield notification
            finally:
                self.connected = False
                self.bus.close(queue)
