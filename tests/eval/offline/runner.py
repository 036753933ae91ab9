"""Sends the questions to a running service, as its users do, and records what came."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg

from migrations.demo.generate import DEMO_USER
from migrations.demo.seed import seed
from tests.eval.offline.amounts import expected
from tests.eval.offline.question_set import HERE, Conversation, Question
from tests.eval.offline.service import TODAY
from tests.support.clients import Answer, Client
from tests.support.servers import Server, running

COMMAND = ("tests.eval.offline.service",)
LIMITS = {"RATE_LIMIT_PER_MINUTE": "100000", "DAILY_TOKEN_BUDGET": "0", "LOG_LEVEL": "warning"}

CONVERSATIONS_OF_A_USER = 40
"""Users take turns, because a user may call each tool only so often in a minute."""

AT_ONCE = 4
TOKEN_SECONDS = 3600
PASSING_ON = {"handoff_to_employee", "delegate_to_employee"}
"""Tools that look nothing up themselves."""

NOTES = (HERE / "notes.sql").read_text("utf-8")


@dataclass(frozen=True, slots=True)
class Call:
    tool: str
    arguments: Mapping[str, Any] | None
    """None where a colleague was asked: the stream names only the tools that it used."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A question with what came of it."""

    question: Question
    text: str
    calls: tuple[Call, ...]
    """Without those that only pass the question on."""
    results: str
    """What the tools gave, as JSON."""
    status: str
    """How the turn ended: complete, waiting, or anything else where it failed."""
    amounts: frozenset[Decimal]
    """What SQL gives; the answer must state one of them."""
    facts: str
    """What is stored of the user afterwards, where a fact was to be stored."""


@contextmanager
def service(data: Path) -> Iterator[Server]:
    with running(data, LIMITS, COMMAND) as server:
        yield server


class Runner:
    """Users with the demo user's rows and notes, and one connection for the amounts that answers must state."""

    def __init__(self, server: Server, stack: ExitStack, users: int) -> None:
        self.server = server
        names = [str(uuid4()) for _ in range(users)]
        asyncio.run(furnish(server.admin_url(), names))
        self.users = [stack.enter_context(signed_in(server, name)) for name in names]
        self.ledger = stack.enter_context(psycopg.connect(server.admin_url(), autocommit=True))

    def run(self, asked: Sequence[Conversation]) -> Iterator[list[Outcome]]:
        """Each conversation's outcomes, as soon as it has ended."""
        with ThreadPoolExecutor(AT_ONCE) as threads:
            pairs = zip(asked, cycle(self.users), strict=False)
            for done in as_completed([threads.submit(self.run_conversation, *pair) for pair in pairs]):
                yield done.result()

    def run_conversation(self, conversation: Conversation, user: Client) -> list[Outcome]:
        if conversation.stores_facts:
            # Somebody else, so that what is stored changes no other answer.
            with signed_in(self.server, str(uuid4())) as newcomer:
                return list(self.run_turns(conversation, newcomer))
        return list(self.run_turns(conversation, user))

    def run_turns(self, conversation: Conversation, user: Client) -> Iterator[Outcome]:
        session = None
        for question in conversation.turns:
            answer = send(user, question.text, session)
            session = answer.session if answer.frames else session
            facts = user.get("/api/memory").text if question.stores else ""
            yield outcome(question, answer, self.amounts(question, user), facts)
        if session:
            # Its summary would be found by the next conversation's questions.
            user.delete(f"/api/sessions/{session}")

    def amounts(self, question: Question, user: Client) -> frozenset[Decimal]:
        return expected(self.rows, user.user, question.amount) if question.amount else frozenset()

    def rows(self, query: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        return self.ledger.execute(query.encode(), values).fetchall()


async def furnish(address: str, users: Sequence[str]) -> None:
    """Give users the demo user's ledger up to the fixed day, and their notes."""
    async with await psycopg.AsyncConnection.connect(address, autocommit=True) as connection:
        for user in users:
            await seed(connection, user, TODAY)
            await connection.execute(NOTES.encode(), {"user_id": user, "demo_user": DEMO_USER})


@contextmanager
def signed_in(server: Server, user: str) -> Iterator[Client]:
    with server.client(user) as client:
        client.headers["Authorization"] = f"Bearer {server.token(user, TOKEN_SECONDS)}"
        yield client


def send(user: Client, text: str, session: str | None) -> Answer:
    """The answer; one without events where the service gave none."""
    try:
        return user.ask(text, session_id=session)
    except (AssertionError, httpx.HTTPError):
        return Answer([])


def outcome(question: Question, answer: Answer, amounts: frozenset[Decimal], facts: str) -> Outcome:
    return Outcome(
        question=question,
        text=answer.text,
        calls=tuple(call for call in calls_of(answer) if call.tool not in PASSING_ON),
        results=json.dumps([event["result"] for event in answer.of("tool_result")]),
        status=str(answer.last.get("status", answer.last["type"])) if answer.frames else "none",
        amounts=amounts,
        facts=facts,
    )


def calls_of(answer: Answer) -> Iterator[Call]:
    """Those that were made, that wait for the user's word, and that colleagues made."""
    seen = {event["tool"]["id"] for event in answer.of("tool_call")}
    for event in answer.of("tool_call"):
        yield Call(event["tool"]["name"], event["tool"]["args"])
    for event in answer.of("approval_required"):
        if event["tool_call_id"] not in seen:
            yield Call(event["tool"], event["args"])
    for event in answer.of("delegate"):
        yield from (Call(tool, None) for tool in event["tools"])
