"""A user who insists: sends a message until it is accepted, and follows its run until it has ended, through any process."""

import asyncio
import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

SILENCE_SECONDS = 4.0
"""After which a connection on which nothing comes is given up: the process at its other end may sleep."""
PAUSE_SECONDS = 0.05
PATIENCE_SECONDS = 60.0

Event = dict[str, Any]


@dataclass(slots=True)
class Turn:
    """One message of a user and all that came of it, as the operation log keeps it."""

    user: str
    key: str
    """The effect that it has, and what it is known by."""
    message: str
    expected: str
    """The answer."""
    session: str = ""
    run: str = ""
    shown: str = ""
    """The text on the user's page."""
    last: Event = field(default_factory=dict)
    last_id: str = ""
    events: list[tuple[float, str, str]] = field(default_factory=list)
    """When each came, its id and its type."""
    connections: list[str] = field(default_factory=list)
    """The process behind each connection."""

    @property
    def ended(self) -> bool:
        return self.last.get("type") in ("done", "error")

    def see(self, event_id: str, event: Event) -> None:
        self.last, self.last_id = event, event_id
        self.run = event_id.partition(":")[0]
        self.events.append((time.monotonic(), event_id, event["type"]))
        match event["type"]:
            case "start":
                self.session = event["session_id"]
            case "text":
                self.shown += event["content"]
            case "tool_result" | "restart":
                self.shown = ""

    def first_after(self, moment: float) -> float | None:
        """When the first event came after a moment."""
        return next((at for at, _, _ in self.events if at > moment), None)


def turn_of(user: str, number: int, session: str = "", pause: float = 0.02) -> Turn:
    """A message whose answer calls the tool with an effect, and then says something slowly."""
    key = f"op-{number:05d}"
    expected = f"It is noted as number {number} and that is all that there is to say about it for now."
    order = json.dumps({"key": key})
    message = f"[[call note_effect {order}]] [[then say {expected}]] [[then slow {pause}]]"
    return Turn(user, key, message, expected, session)


class Client:
    """Sends and follows."""

    def __init__(self, http: httpx.AsyncClient, token: str, serving: Callable[[], Sequence[str]], seed: int) -> None:
        self.http = http
        self.headers = {"Authorization": f"Bearer {token}"}
        self.serving = serving
        self.chance = random.Random(seed)

    async def ask(self, turn: Turn, first: str | None = None) -> Turn:
        """Send a message, to one process first, and follow its run to its end.

        Raises:
            TimeoutError: it never ended.
        """
        async with asyncio.timeout(PATIENCE_SECONDS):
            address = first
            while not turn.ended:
                try:
                    await self._try(turn, address or self.chance.choice(self.serving()))
                except (httpx.TransportError, IndexError):
                    await asyncio.sleep(PAUSE_SECONDS)
                address = None
        return turn

    async def _try(self, turn: Turn, address: str) -> None:
        turn.connections.append(address)
        if turn.run:
            headers = {**self.headers, "Last-Event-ID": turn.last_id}
            request = self.http.stream("GET", f"{address}/api/runs/{turn.run}/events", headers=headers)
        else:
            body: dict[str, Any] = {"message": turn.message, "client_message_id": turn.key}
            if turn.session:
                body["session_id"] = turn.session
            request = self.http.stream("POST", f"{address}/api/chat", json=body, headers=self.headers)
        async with request as response:
            if response.status_code != 200:
                await self._refused(response)
                return
            event_id = ""
            async for line in response.aiter_lines():
                if line.startswith("id: "):
                    event_id = line.removeprefix("id: ")
                elif line.startswith("data: "):
                    turn.see(event_id, json.loads(line.removeprefix("data: ")))

    async def _refused(self, response: httpx.Response) -> None:
        """Wait a moment if another process or another time may do; anything but that is a fault."""
        await response.aread()
        if response.status_code not in (409, 503):
            raise AssertionError(f"{response.status_code} {response.text}")
        await asyncio.sleep(PAUSE_SECONDS)


def new_user() -> str:
    return str(uuid4())


def open_http() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=httpx.Timeout(SILENCE_SECONDS), limits=httpx.Limits(max_keepalive_connections=0))
