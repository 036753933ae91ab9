"""What every adapter of the port `Notifier` does. A test module subclasses this and has a fixture `carrier`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol
from uuid import uuid4

from graph.ports.notifications import Notifier, RunNotification
from tests.support.waiting import eventually


class Carrier(Protocol):
    """What carries notifications between processes."""

    def notifier(self) -> Notifier:
        """A process's notifier."""
        ...

    async def publish(self, notification: RunNotification) -> None:
        """Send a notification from a process that is not subscribed."""
        ...

    def break_connections(self) -> None: ...

    def mend(self) -> None: ...


@asynccontextmanager
async def subscribed(notifier: Notifier, *, connected: bool = True) -> AsyncIterator[list[RunNotification]]:
    """The notifications that a process receives until the end of the context."""
    received: list[RunNotification] = []

    async def receive() -> None:
        async for notification in notifier.subscribe():
            received.append(notification)

    task = asyncio.create_task(receive())
    try:
        if connected:
            await eventually(lambda: notifier.connected)
        yield received
        assert not task.done(), "the subscription has ended"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def some_notifications() -> list[RunNotification]:
    return [("events", str(uuid4())), ("stop", str(uuid4())), ("due", str(uuid4()))]


class NotifierContract:
    async def test_a_notification_reaches_all_subscribers_in_order(self, carrier: Carrier) -> None:
        async with subscribed(carrier.notifier()) as one, subscribed(carrier.notifier()) as other:
            notifications = some_notifications() * 20
            for notification in notifications:
                await carrier.publish(notification)
            await eventually(lambda: len(one) == len(other) == len(notifications))
        assert one == other == notifications

    async def test_a_notifier_is_connected_while_it_is_subscribed(self, carrier: Carrier) -> None:
        notifier = carrier.notifier()
        assert not notifier.connected
        async with subscribed(notifier):
            assert notifier.connected
        assert not notifier.connected

    async def test_a_subscriber_receives_what_is_sent_after_it_has_subscribed(self, carrier: Carrier) -> None:
        await carrier.publish(("stop", "before"))
        async with subscribed(carrier.notifier()) as received:
            await carrier.publish(("stop", "after"))
            await eventually(lambda: received)
        assert received == [("stop", "after")]

    async def test_after_a_broken_connection_a_notifier_connects_again(self, carrier: Carrier) -> None:
        notifier = carrier.notifier()
        async with subscribed(notifier) as received:
            for number in range(2):
                carrier.break_connections()
                await eventually(lambda: not notifier.connected)
                carrier.mend()
                await eventually(lambda: notifier.connected)
                await carrier.publish(("events", f"run {number}"))
                await eventually(lambda: len(received) == number + 1)  # noqa: B023
        assert received == [("events", "run 0"), ("events", "run 1")]
