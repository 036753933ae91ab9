"""Users who talk: streamed conversations of several turns, so many at once, and how long each turn took."""

import asyncio
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import aiohttp
import numpy as np

QUESTIONS = (
    "How much did I spend on groceries last month, and is that more than in the month before?",
    "Which of my subscriptions could I do without, if I want to put 150 dollars aside each month?",
    "My sister Laura Bennett owes me 240 dollars since March. How would you remind her without a quarrel?",
    "Is my emergency fund large enough for four months of spending, or should I move something over?",
    "Put the three steps that matter most into an order, and tell me what each of them saves.",
)
"""What is asked in a session, one after another."""

WAIT_SECONDS = 60
KEPT_SECONDS = 2
"""How long an idle connection is kept; uvicorn closes it after five, at times just when the next request is under way."""
TEXT = b'"type":"text"'
DONE = b'"type":"done"'
SESSION = re.compile(rb'"session_id":"([0-9a-f-]+)"')


@dataclass(frozen=True, slots=True)
class Service:
    """A chat service that is up."""

    name: str
    address: str
    pid: int
    headers: Mapping[str, str] = field(default_factory=dict)


class TurnFailed(Exception):
    """A turn that ended without an answer; the message is the end of what came."""


@dataclass(frozen=True, slots=True)
class Times:
    """Of one turn, in milliseconds since it was asked."""

    first_text: float
    total: float


class Conversation:
    """A session of one user, turn after turn."""

    def __init__(self, http: aiohttp.ClientSession, service: Service, number: int = 0) -> None:
        self._http = http
        self._service = service
        self._number = number
        self._asked = 0
        self.session: str | None = None

    async def turn(self) -> Times:
        """Ask the next question and read the answer to its end.

        Raises:
            TurnFailed: it did not come.
        """
        body = {"message": self._question()}
        if self.session:
            body["session_id"] = self.session
        started, first, heard = time.perf_counter(), 0.0, bytearray()
        async with self._http.post(
            f"{self._service.address}/api/chat", json=body, headers=self._service.headers
        ) as response:
            async for piece in response.content.iter_any():
                heard += piece
                if not first and TEXT in heard:
                    first = time.perf_counter() - started
        total = time.perf_counter() - started
        if not first or DONE not in heard:
            raise TurnFailed(f"{self._service.name}: {heard[-300:].decode(errors='replace')}")
        if told := SESSION.search(heard):
            self.session = told[1].decode()
        return Times(first * 1000, total * 1000)

    def _question(self) -> str:
        """The next one, with numbers: no two conversations ask the same at once."""
        self._asked += 1
        return f"{QUESTIONS[(self._asked - 1) % len(QUESTIONS)]} (Question {self._asked} of list {self._number}.)"


@dataclass(frozen=True, slots=True)
class Load:
    """What a number of conversations took."""

    turns: list[Times]
    failures: list[str]
    seconds: float

    def first_text(self, percent: float) -> float:
        """Milliseconds to the first text, at a percentile."""
        return float(np.percentile([turn.first_text for turn in self.turns], percent))

    def total(self, percent: float) -> float:
        """Milliseconds to the end, at a percentile."""
        return float(np.percentile([turn.total for turn in self.turns], percent))


def open_http() -> aiohttp.ClientSession:
    """A client that opens as many connections as it is asked for, and keeps idle ones for less time than uvicorn does."""
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=WAIT_SECONDS),
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_SECONDS),
    )


async def drive(http: aiohttp.ClientSession, service: Service, sessions: int, turns: int, at_once: int) -> Load:
    """Hold so many sessions of so many turns, `at_once` at a time. A turn that fails is noted, and its session goes on.

    Raises:
        TurnFailed: not one turn was answered.
    """
    times: list[Times] = []
    failures: list[str] = []
    waiting = iter(range(sessions))

    async def user() -> None:
        for number in waiting:
            conversation = Conversation(http, service, number)
            for _ in range(turns):
                try:
                    times.append(await conversation.turn())
                except (TurnFailed, aiohttp.ClientError, TimeoutError) as error:
                    failures.append(f"{type(error).__name__}: {error}")

    started = time.perf_counter()
    await asyncio.gather(*(user() for _ in range(at_once)))
    if not times:
        raise TurnFailed(failures[0])
    return Load(times, failures, time.perf_counter() - started)
