"""Notifications of runs in memory."""

import pytest

from graph.ports.notifications import Notifier, RunNotification
from graph.testing.in_memory_notifications import InMemoryNotifier, NotificationBus
from tests.graph.ports.notifier_contract import Carrier, NotifierContract


class InMemoryCarrier(NotificationBus):
    def notifier(self) -> Notifier:
        return InMemoryNotifier(self)

    async def publish(self, notification: RunNotification) -> None:
        self.send(notification)


@pytest.fixture
def carrier() -> Carrier:
    return InMemoryCarrier()


class TestInMemoryNotifier(NotifierContract):
    """The twin keeps the contract."""
