"""A user who insists: sends a message until it is accepted, and follows its run until it has ended, through any process."""

import asyncio
import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from graph.events import FINAL
from graph.ports.runs import first_seq

SILENCE_SECONDS = 4.0
"""After which a connection on which nothing comes is given up: the process at its other end may sleep."""
PAUSE_SECONDS = 0.05
PATIENCE_SECONDS = 60.0
REFUSED = 0
"""In place of a status: no connection could be made."""

Event = Mapping[str, Any]


@dataclass(slots=True)
class Turn:
    """One message of a user and all that came of it, as the operation log keeps it."""

    kind: str
    """The kind of fault that was injected meanwhile."""
    user: str
    key: str
    """The effect that it has, the key under which it is sent, and what it is known by."""
    message: str
    expected: str
    """The answer."""
    session: str = ""
    run: str = ""
    shown: str = ""
    """The text on the user's page."""
    last: Event = field(default_factory=dict)
    last_id: str = ""
    events: list[tuple[float, int, str]] = field(default_factory=list)
    """When each came, its number and its type."""
    connections: list[str] = field(default_factory=list)
    """The process behind each connection."""
    refusals: list[tuple[float, str, int]] = field(default_factory=list)
    """When which process refused it, and with what status."""

    @property
    def ended(self) -> bool:
        return self.last.get("type") in FINAL

    @property
    def failed(self) -> bool:
        """Whether its user was told that there is no answer."""
        return self.last.get("type") == "error"

    def see(self, event_id: str, event: Event) -> None:
        self.last, self.last_id = event, event_id
        self.run, _, number = event_id.partition(":")
        self.events.append((time.monotonic(), int(number), event["type"]))
        match event["type"]:
            case "start":
                self.session = event["session_id"]
            case "text":
                self.shown += event["content"]
            case "tool_result" | "restart":
                self.shown = ""

    def numbers(self) -> list[int]:
        """Of the events that count: those after the last restart."""
        restarts = [place for place, (_, _, kind) in enumerate(self.events) if kind == "restart"]
        return [number for _, number, _ in self.events[restarts[-1] + 1 if restarts else 0 :]]

    def first_of_epoch(self, epoch: int) -> float | None:
        """When the first event came that was made in an epoch or a later one."""
        return next((at for at, number, _ in self.events if number >= first_seq(epoch)), None)


def turn_of(kind: str, user: str, number: int, session: str = "", pause: float = 0.0) -> Turn:
    """A message whose answer calls the tool with an effect, and then says something with a pause before each word.

    Nothing in it is taken for a personal value, so it is stored as it is.
    """
    key = f"n{number:05d}"
    expected = f"It is noted as number {number} and that is all that there is to say about it for now."
    order = json.dumps({"key": key})
    message = f"[[call note_effect {order}]] [[then say {expected}]] [[then slow {pause}]]"
    return Turn(kind, user, key, message, expected, session)


class Client:
    """Sends and follows."""

    def __init__(self, http: httpx.AsyncClient, token: str, serving: Callable[[], Sequence[str]], seed: int) -> None:
        """
        Args:
            http: makes the connections.
            token: says who it is.
            serving: names the addresses of the processes that may be asked.
            seed: decides which of them is.
        """
        self.http = http
        self.headers = {"Authorization": f"Bearer {token}"}
        self.serving = serving
        self.chance = random.Random(seed)

    async def ask(self, turn: Turn, first: str | None = None, silence: float = SILENCE_SECONDS) -> Turn:
        """Send a message, to one process first, and follow its run to its end.

        Raises:
            TimeoutError: it never ended.
            AssertionError: it was refused for good.
        """
        async with asyncio.timeout(PATIENCE_SECONDS):
            address = first
            while not turn.ended:
                if address or self.serving():
                    await self._try(turn, address or self.chance.choice(self.serving()), silence)
                address = None
                if not turn.ended:
                    await asyncio.sleep(PAUSE_SECONDS)
        return turn

    async def _try(self, turn: Turn, address: str, silence: float) -> None:
        turn.connections.append(address)
        try:
            async with self._request(turn, address, silence) as response:
                if response.status_code == 200:
                    await read(response, turn)
                else:
                    await refused(response, turn, address)
        except httpx.ConnectError:
            turn.refusals.append((time.monotonic(), address, REFUSED))
        except httpx.TransportError:
            pass  # it broke, or fell silent

    def _request(self, turn: Turn, address: str, silence: float) -> AbstractAsyncContextManager[httpx.Response]:
        if turn.run:
            headers = {**self.headers, **({"Last-Event-ID": turn.last_id} if turn.last_id else {})}
            return self.http.stream("GET", f"{address}/api/runs/{turn.run}/events", headers=headers, timeout=silence)
        headers = {**self.headers, "Idempotency-Key": turn.key}
        body = {"message": turn.message, **({"session_id": turn.session} if turn.session else {})}
        return self.http.stream("POST", f"{address}/api/chat", json=body, headers=headers, timeout=silence)


async def read(response: httpx.Response, turn: Turn) -> None:
    event_id = ""
    async for line in response.aiter_lines():
        if line.startswith("id: "):
            event_id = line.removeprefix("id: ")
        elif line.startswith("data: "):
            turn.see(event_id, json.loads(line.removeprefix("data: ")))


async def refused(response: httpx.Response, turn: Turn, address: str) -> None:
    """Note it: another process or another time may do.

    Raises:
        AssertionError: they will not do.
    """
    await response.aread()
    turn.refusals.append((time.monotonic(), address, response.status_code))
    if response.status_code != 503:
        raise AssertionError(f"{turn.key} was answered with {response.status_code} {response.text}")


def new_user() -> str:
    return str(uuid4())


def open_http() -> httpx.AsyncClient:
    return httpx.AsyncClient(limits=httpx.Limits(max_connections=None, max_keepalive_connections=0))
