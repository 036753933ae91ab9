"""A user of a running server, who sends messages over HTTP and reads the streams."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

PATIENCE = 60

Frame = tuple[str, dict[str, Any]]


@dataclass
class Answer:
    """A stream that was read: the ids and the events."""

    frames: list[Frame]

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for _, event in self.frames]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == kind]

    @property
    def text(self) -> str:
        return "".join(event["content"] for event in self.of("text"))

    @property
    def session(self) -> str:
        return str(self.events[0]["session_id"])

    @property
    def run(self) -> str:
        return self.frames[0][0].partition(":")[0]

    @property
    def last(self) -> dict[str, Any]:
        return self.events[-1]


def events_of(response: httpx.Response) -> Iterator[Frame]:
    """The frames of a stream as they come."""
    event_id = ""
    for line in response.iter_lines():
        if line.startswith("id: "):
            event_id = line.removeprefix("id: ")
        elif line.startswith("data: "):
            yield event_id, json.loads(line.removeprefix("data: "))


class Client(httpx.Client):
    """A signed-in user."""

    def __init__(self, address: str, user: str, token: str) -> None:
        super().__init__(base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE)
        self.user = user

    def ask(self, message: str, **fields: Any) -> Answer:
        """Send a message and read its stream to the end."""
        headers = fields.pop("headers", {})
        with self.stream("POST", "/api/chat", json={"message": message, **fields}, headers=headers) as response:
            if response.status_code != 200:
                response.read()
                raise AssertionError(f"{response.status_code} {response.text}")
            return Answer(list(events_of(response)))

    def follow(self, run_id: str, last_event_id: str | None = None) -> Answer:
        headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
        with self.stream("GET", f"/api/runs/{run_id}/events", headers=headers) as response:
            assert response.status_code == 200
            return Answer(list(events_of(response)))
