"""The events of a run, each one once, across dropped connections."""

import json
import time
from collections.abc import Callable, Iterator

import httpx
from httpx_sse import SSEError

from graph.errors import ServiceUnavailable
from graph.terminal.api import ChatApi, Event, NewMessage

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds before each attempt to connect again. Together they outlast the take-over of a run by another process."""
FINAL = frozenset({"done", "error"})
"""The types of events that end a stream."""


class EventStream:
    """Reads one run. After a dropped connection it goes on behind the last event that it has yielded."""

    def __init__(self, api: ChatApi, on_drop: Callable[[], None], pauses: tuple[float, ...] = PAUSES) -> None:
        self._api = api
        self._on_drop = on_drop
        self._pauses = pauses
        self._last_event_id = ""

    @property
    def run_id(self) -> str:
        """The run's id; empty before its first event."""
        return self._last_event_id.partition(":")[0]

    def send(self, message: NewMessage) -> Iterator[Event]:
        """Send a message and yield the events up to the final one.

        The message is sent again if the connection drops before the first event; its idempotency key makes that one run.

        Raises:
            ChatError: the service refuses the message, or cannot be reached.
        """
        return self._resuming(lambda: self._api.send(message))

    def follow(self) -> Iterator[Event]:
        """Yield the events after those that were read, up to the final one.

        Raises:
            ChatError: the run cannot be followed, or the service cannot be reached.
        """
        return self._resuming(self._following)

    def _resuming(self, connect: Callable[[], Iterator[tuple[str, Event]]]) -> Iterator[Event]:
        attempts = 0
        while True:
            try:
                for event_id, event in connect():
                    attempts = 0
                    self._last_event_id = event_id
                    yield event
                    if event["type"] in FINAL:
                        return
            except (httpx.TransportError, SSEError, json.JSONDecodeError):
                pass
            except ServiceUnavailable:
                if not attempts and not self.run_id:
                    raise
            if attempts == len(self._pauses):
                raise self._api.unreachable()
            self._on_drop()
            time.sleep(self._pauses[attempts])
            attempts += 1
            if self.run_id:
                connect = self._following

    def _following(self) -> Iterator[tuple[str, Event]]:
        return self._api.follow(self.run_id, self._last_event_id)
