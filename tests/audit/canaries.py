"""A thousand messages with values of every kind, while models, tools and processes fail: none is anywhere in clear afterwards.

python -m tests.audit.canaries [messages]
"""

import asyncio
import hashlib
import json
import re
import signal
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI, Request

from graph.adapters.crypto.cipher import load_or_create_key
from graph.adapters.postgres.database import Database
from graph.adapters.postgres.embedded import EmbeddedPostgres
from graph.adapters.telemetry.logging import configure_logs
from graph.replay.play import current_checkout, play
from graph.replay.record import record
from tests.audit.canary import TRACKED, Canaries, Canary, dump, found_in
from tests.audit.line import Line
from tests.support.clients import Answer, Client
from tests.support.fakes.collector import Collector
from tests.support.fakes.scripted_model import ScriptedModel
from tests.support.servers import Server, running

USERS = 20
AT_ONCE = 4
PHASES: tuple[dict[str, str], ...] = (
    {},
    {"FAILPOINT": "call_tools:before:raise"},
    {},
    {"FAILPOINT": "persist:before:raise"},
    {},
)
"""What is set while the processes live, one after the other; each but the last is killed while it answers."""
SETTLED_SECONDS = 60.0
BUDGET = 6000
"""Tokens of a prompt, as the service has them."""

PROPOSAL = 'TEXT [[call create_goal {"name": "NAME", "target_amount": "5", "currency": "USD"}]]'

WAYS: dict[str, str] = {
    "told": "TEXT",
    "asked a tool": 'TEXT [[call transactions_query {"description": "NAME"}]]',
    "read a statement": 'TEXT [[call transactions_query {"description": "MARK"}]]',
    "told again": "TEXT",
    "summarised": 'TEXT [[summary {"summary": "TEXT", "key_facts": ["NAME"]}]]',
    "rejected a change": PROPOSAL,
    "left a change undecided": PROPOSAL,
    "tool refused": 'TEXT [[call transactions_query {"start_date": "CARD"}]]',
    "no such tool": 'TEXT [[call send_money {"to": "NAME"}]]',
    "model failed": "TEXT [[status 500]]",
    "model broke off": "TEXT [[cut]]",
    "model's line broke": "TEXT [[break]]",
    "model spoke no JSON": "TEXT [[garbage]]",
    "stopped": "TEXT [[slow 0.05]]",
    "left": "TEXT [[slow 0.01]]",
    "refused": "TEXT",
}
"""How a message is told, and what becomes of it."""

NAMED = ("asked a tool", "rejected a change", "left a change undecided")
"""The ways in which only the name has to come back."""

BROKEN = (httpx.TransportError, AssertionError, json.JSONDecodeError)


class Endpoints(ScriptedModel):
    """A model that does what it is told, and embeddings."""

    def __init__(self) -> None:
        super().__init__()
        self.embedded: list[Any] = []

    def app(self) -> FastAPI:
        app = super().app()

        @app.post("/v1/embeddings")
        async def embed(request: Request) -> dict[str, Any]:
            body = await request.json()
            self.embedded.append(body)
            texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
            data = [
                {"object": "embedding", "index": index, "embedding": vector(text)} for index, text in enumerate(texts)
            ]
            return {
                "object": "list",
                "data": data,
                "model": "scripted",
                "usage": {"prompt_tokens": 1, "total_tokens": 1},
            }

        return app


def vector(text: str) -> list[float]:
    """Some direction of its own for each text."""
    digest = hashlib.shake_128(str(text).encode()).digest(384)
    length = sum((byte - 127.5) ** 2 for byte in digest) ** 0.5
    return [(byte - 127.5) / length for byte in digest]


@dataclass
class Told:
    """A message, and what came back."""

    way: str
    user: str
    canary: Canary
    booked: Canary | None
    """Whose values stand in the line of the statement that it asks for."""
    mark: str
    answer: Answer | None = None

    @property
    def text(self) -> str:
        text = WAYS[self.way].replace("TEXT", self.canary.text).replace("NAME", self.canary.name)
        return text.replace("CARD", self.canary.card).replace("MARK", self.mark)

    @property
    def came_back(self) -> bool:
        """Whether the owner's stream showed the values."""
        shown = json.dumps(self.answer.events, ensure_ascii=False) if self.answer else ""
        told, asked = self.canary, self.way in NAMED
        wanted = self.booked.line_values() if self.booked else (told.name,) if asked else told.values()
        return all(value in shown for value in wanted)


@dataclass
class Audit:
    """What was told, what came back, and what was seen from outside."""

    folder: Path
    model: Endpoints
    collector: Collector
    canaries: Canaries = field(default_factory=Canaries)
    messages: list[Told] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    """Answers that are no streams: errors, metrics."""
    kills: int = 0
    sessions: dict[str, str] = field(default_factory=dict)
    """The conversation of each user."""
    conversations: list[str] = field(default_factory=list)
    """Others that are recorded."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def tell(self, server: Server, message: Told) -> None:
        """Send a message and do with it what its way says."""
        with server.client(message.user) as client:
            if message.way == "refused":
                self.be_refused(client, message.canary)
            elif message.way in ("stopped", "left"):
                self.break_off(client, message)
            elif "change" in message.way:
                self.be_asked(client, message)
            else:
                session = self.sessions.get(message.user)
                self.keep(message, client.ask(message.text, session_id=session, on_conflict="enqueue"))

    def keep(self, message: Told, answer: Answer) -> None:
        message.answer = answer
        self.sessions.setdefault(message.user, answer.session)
        if answer.last["type"] == "error":
            self.seen.append(json.dumps(answer.last))

    def break_off(self, client: Client, message: Told) -> None:
        body = {"message": message.text, "session_id": self.sessions.get(message.user), "on_conflict": "enqueue"}
        with client.stream("POST", "/api/chat", json=body) as response:
            run = ""
            for line in response.iter_lines():
                run = json.loads(line.removeprefix("data: "))["run_id"] if '"run_id"' in line else run
                if '"type":"text"' in line:
                    break
        if run and message.way == "stopped":
            client.post(f"/api/runs/{run}/stop")
        if run:
            client.follow(run)

    def be_asked(self, client: Client, message: Told) -> None:
        """Have a change proposed, in a conversation of its own; reject it with a word, or leave it."""
        answer = client.ask(message.text, employee_slug="goalie")
        message.answer = answer
        for asked in answer.of("approval_required") if message.way.startswith("rejected") else ():
            place = f"/api/runs/{answer.run}/approvals/{asked['approval_id']}"
            decided = client.post(place, json={"decision": "reject", "comment": message.canary.text})
            assert decided.status_code == 200, decided.text
            if client.follow(answer.run).last["type"] == "done":
                self.conversations.append(answer.session)

    def be_refused(self, client: Client, canary: Canary) -> None:
        """Say the values where none belong."""
        text = canary.text
        answers = [
            client.post("/api/chat", json={"message": "hello", text: text}),
            client.post("/api/chat", json={"message": {"text": text}}),
            client.post("/api/chat", json={"message": "hello", "session_id": text}),
            client.post("/api/chat", json={"message": "hello", "employee_slug": canary.card}),
            client.post("/api/chat", json={"message": f"{text} {'long ' * 2000}"}),
            client.post("/api/chat", content=f'{{"message": "{text}'.encode()),
            client.post("/api/memory", json={"fact": "likes tea", "scope": canary.email}),
            client.patch("/api/me", json={"time_zone": canary.email, "locale": canary.card}),
            client.get("/api/sessions", params={"cursor": text}),
            client.get(f"/api/runs/{canary.email}/events"),
            client.get(f"/{canary.name}/{canary.iban}"),
            client.get("/api/sessions", headers={"Authorization": f"Bearer {canary.email}"}),
            client.get("/nowhere", headers=dict.fromkeys(TRACKED, canary.card.replace(" ", "-"))),
            client.get("/nowhere", headers=dict.fromkeys(TRACKED, re.sub(r"\D", "", canary.card))),
            client.request(re.sub(r"\D", "", canary.card), "/health"),
        ]
        assert all(400 <= answer.status_code < 500 for answer in answers), [a.status_code for a in answers]
        self.seen += [f"{answer.text} {dict(answer.headers)}" for answer in answers]

    def live(self, environment: dict[str, str], waiting: list[deque[Told]], most: int, last: bool) -> None:
        """One process's life: it answers so many messages, then it is killed in the middle of others."""
        with running(self.folder / "data", {**self.environment, **environment}) as server:
            told, over = Counter[str](), threading.Event()

            def work(queues: list[deque[Told]]) -> None:
                while not over.is_set() and (queue := next((each for each in queues if each), None)):
                    queues.append(queues.pop(0))
                    message = queue.popleft()
                    with suppress(*BROKEN) if not last else ExitStack():
                        self.tell(server, message)
                    told["messages"] += 1

            with ThreadPoolExecutor(AT_ONCE) as pool:
                works = [pool.submit(work, waiting[number::AT_ONCE]) for number in range(AT_ONCE)]
                while not last and told["messages"] < most and not all(each.done() for each in works):
                    time.sleep(0.02)
                if not last:
                    self.seen.append(httpx.get(f"{server.address}/metrics").text)
                    server.stop(signal.SIGKILL)
                    self.kills += 1
                    over.set()
                for each in works:
                    each.result()

    @property
    def environment(self) -> dict[str, str]:
        return {
            "OPENAI_BASE_URL": self.model.address,
            "EMBEDDINGS": "openai",
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.collector.address,
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            "RATE_LIMIT_PER_MINUTE": "100000",
            "DAILY_TOKEN_BUDGET": "0",
            "LEASE_SECONDS": "1",
            "MODEL_FIRST_TOKEN_SECONDS": "5",
        }


def prepare(audit: Audit, messages: int) -> list[deque[Told]]:
    """Draw what is going to be told, by whom and how; one queue a user."""
    users = [str(uuid.UUID(int=audit.canaries.dice.getrandbits(128), version=4)) for _ in range(USERS)]
    ways = list(WAYS)
    for number in range(messages):
        way = ways[
            (number // USERS + number) % len(ways)
        ]  # no two users' models fail at once: nobody would be asked any more
        booked = audit.canaries.new() if way == "read a statement" else None
        message = Told(way, users[number % USERS], audit.canaries.new(), booked, f"marked{number:05}")
        audit.messages.append(message)
    return [deque(message for message in audit.messages if message.user == user) for user in users]


def book(server: Server, messages: list[Told]) -> None:
    """Write the users' statements: rows of the ledger, which may hold values, in the line of the statement."""
    for message in messages:
        if message.booked:
            server.sql(
                "insert into transactions (user_id, posted_at, amount, currency, description) "
                "values (%s, current_date, -12.50, 'USD', %s)",
                message.user,
                f"{message.mark} {message.booked.line}",
            )


def converse(audit: Audit, messages: int) -> None:
    """All messages, through the lives of several processes."""
    waiting = prepare(audit, messages)
    with running(audit.folder / "data", audit.environment) as server:
        book(server, audit.messages)
    share = messages // len(PHASES)
    for number, environment in enumerate(PHASES, 1):
        audit.live(environment, waiting, share, last=number == len(PHASES))


# What is found --------------------------------------------------------------------------------------------------------


LEDGER_FILES = """
select pg_relation_filepath(c.oid) as path from pg_class c
where c.oid in ('transactions'::regclass, 'pg_statistic'::regclass)
   or c.oid in (select indexrelid from pg_index where indrelid in ('transactions'::regclass, 'pg_statistic'::regclass))
   or c.oid in (select reltoastrelid from pg_class where oid in ('transactions'::regclass, 'pg_statistic'::regclass))
"""
"""The files of the ledger's table, and of the statistics that Postgres keeps of it."""


def settle(server: Server) -> None:
    """Wait until all runs have ended, those of killed processes too, and everything is on the disk."""
    deadline = time.monotonic() + SETTLED_SECONDS
    while server.sql("select 1 from chat_runs where status in ('running', 'queued')"):
        assert time.monotonic() < deadline, "some runs do not end"
        time.sleep(0.2)
    time.sleep(2)  # summaries and spans that are under way
    server.sql("checkpoint")


def gather(audit: Audit, server: Server) -> list[Path]:
    """Put what came out of the service into a folder for each place; return the files that belong to the ledger."""
    outside = audit.folder / "outside"
    place(outside / "dump", dump_outside_the_ledger(server))
    place(outside / "model", json.dumps([audit.model.requests, audit.model.embedded], ensure_ascii=False).encode())
    place(outside / "spans", b"\n".join(audit.collector.bodies))
    place(outside / "answers", "\n".join([*audit.seen, httpx.get(f"{server.address}/metrics").text]).encode())
    sessions = [*audit.sessions.values(), *audit.conversations]
    asyncio.run(record_all(server, outside / "recordings", audit.folder / "tokenizer", sessions))
    postgres = server.data / "postgres" / "data"
    return [postgres / "pg_wal", *(postgres / row["path"] for row in server.sql(LEDGER_FILES))]


def search(audit: Audit, ledger: list[Path]) -> dict[str, int]:
    """Hits by place, when no process runs any more."""
    told = [value for message in audit.messages for value in message.canary.values()]
    booked = [value for message in audit.messages if message.booked for value in message.booked.values()]
    outside, data, scratch = audit.folder / "outside", audit.folder / "data", audit.folder / "scratch"
    scratch.mkdir()
    its_files = [file for path in ledger for file in parts_of(path)]
    hits = {each.name: found_in(each, told + booked, scratch) for each in sorted(outside.iterdir())}
    hits["files"] = found_in(data, told, scratch)
    hits["files but the ledger's"] = found_in(data, booked, scratch, its_files)
    for name, found in hits.items():
        for each in sorted(found)[:5]:
            print(f"  found in {name}: {each}", file=sys.stderr)
    return {name: len(found) for name, found in hits.items()}


def parts_of(path: Path) -> Iterator[Path]:
    """The files of a folder, or of a relation: its segments and forks have a suffix."""
    if path.is_dir():
        yield from path.iterdir()
    else:
        yield path
        for mark in "._":
            yield from path.parent.glob(f"{path.name}{mark}*")


def place(folder: Path, content: bytes) -> None:
    folder.mkdir(parents=True)
    (folder / "content").write_bytes(content)


VECTOR = re.compile(rb"\[-?[\d.e,+-]{1000,}\]")


def dump_outside_the_ledger(server: Server) -> bytes:
    """A dump without the lines of the statements, which may hold values, and without vectors: among their millions of decimals
    any nine digits occur sooner or later.
    """
    content = VECTOR.sub(b"[a vector]", dump(server.admin_url()))
    rest = server.sql("select to_jsonb(t) - 'description' as row from transactions t")
    begin = content.index(b"COPY public.transactions ")
    return content[:begin] + content[content.index(b"\n\\.\n", begin) :] + json.dumps(rest, default=str).encode()


async def record_all(server: Server, folder: Path, scratch: Path, sessions: list[str]) -> None:
    """Write every turn of these sessions as the command does, each played once."""
    postgres = EmbeddedPostgres(server.data / "postgres", lambda line: None)
    address = postgres.url("chat_server", load_or_create_key(server.data / "server.password").hex(), "chat")
    checkout = current_checkout(scratch)
    async with Database.open(address, size=1) as database:
        for session in sessions:
            for number, recording in enumerate(await record(database, session, BUDGET)):
                recording.outcome.requests = (await play(recording, checkout)).outcome.requests
                recording.write(folder / f"{session}-{number:03}.json")


@dataclass(frozen=True)
class Figures:
    """What an audit counted."""

    messages: int
    values: int
    hits: dict[str, int]
    answered: int
    """Messages whose stream came to its end."""
    came_back: int
    """Of those that repeat their values, how many showed them all to their owner."""
    kills: int
    missed: int
    requests: int
    recordings: int

    @property
    def held(self) -> bool:
        return not any(self.hits.values()) and self.came_back == self.answered > self.messages // 4

    def __str__(self) -> str:
        return (
            f"{sum(self.hits.values())} hits of {self.values:,} values in {self.messages:,} messages "
            f"({', '.join(self.hits)}; {self.requests:,} requests to models, {self.recordings:,} recordings, {self.kills} kills"
            "); "
            f"{self.came_back:,} of {self.answered:,} answers showed their owner the values "
            f"({self.missed} drawn persons were not told: the detector misses something of them)"
        )


REPEATED = ("told", "told again", "read a statement", "summarised", *NAMED)
"""The ways in which the model repeats what it was told."""


def run(messages: int, say: Callable[[str], None] = lambda line: None) -> Figures:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        model = stack.enter_context(Endpoints().serving())
        audit = Audit(folder, model, stack.enter_context(Collector().serving()))  # type: ignore[arg-type]
        converse(audit, messages)
        say("all is told")
        with running(folder / "data", audit.environment) as server:
            settle(server)
            say("all has ended")
            ledger = gather(audit, server)
        hits = search(audit, ledger)
        repeated = [message for message in audit.messages if message.way in REPEATED and ended_well(message)]
        for message in repeated:
            if not message.came_back:
                print(f"  not shown to its owner: a message that was {message.way}", file=sys.stderr)
        return Figures(
            messages=len(audit.messages),
            values=sum(len(canary.values()) for canary in audit.canaries.made),
            hits=hits,
            answered=len(repeated),
            came_back=sum(message.came_back for message in repeated),
            kills=audit.kills,
            missed=audit.canaries.missed,
            requests=len(model.requests) + len(model.embedded),  # type: ignore[attr-defined]
            recordings=sum(1 for _ in (folder / "outside" / "recordings").glob("*.json")),
        )


def ended_well(message: Told) -> bool:
    return message.answer is not None and message.answer.last.get("status") in ("complete", "waiting")


def measure(messages: int = 1000) -> Line:
    configure_logs("critical")  # playing the recordings logs each of them
    figures = run(messages)
    return Line("No value that was told in confidence is in clear outside the zones", str(figures), figures.held)


if __name__ == "__main__":
    print(measure(*map(int, sys.argv[1:])))
