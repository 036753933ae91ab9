"""In-memory twins of the ports, for calling a node without a graph, a database or a model."""

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage
from langgraph.runtime import Runtime

from employees.roster import Employee, Roster
from graph.context import TurnContext
from graph.events import Event
from graph.ports.memory import MemorySnapshot, StoredTurn, TurnRecord
from graph.ports.models import ModelSettings
from graph.ports.redaction import NOTHING_RESTORED, JsonT, MaskedTexts
from graph.ports.tools import Effect
from graph.redaction.unmasking.unmask import tokens_in, unmask_json
from graph.redaction.values.json_strings import strings_in
from graph.state import LoadedMemory, Passage, SummaryBacklog, Turn, Usage
from graph.tool import Files, NoFiles, NoKnowledge, Rows, Tool, ToolOutput
from graph.turn.prompt import PromptTemplates

OWNER = "0b4e2f8e-0000-4000-8000-000000000001"
SESSION = "0b4e2f8e-0000-4000-8000-00000000000a"
RUN = "0b4e2f8e-0000-4000-8000-0000000000aa"

NAME, TOKEN = "Ana Díaz", "[PERSON_7K3Q9D]"
"""The one value that the twin of the redactor knows, and its token."""

TEMPLATES = PromptTemplates("Rules of {today}.", "COLLEAGUES", "FACTS", "SUMMARY", "PASSAGES", "(left out)")


def words(text: str) -> int:
    """Counts words as tokens."""
    return len(text.split())


class CapturedEvents(list[Event]):
    """What a node streamed."""

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [cast(dict[str, Any], event) for event in self if event["type"] == kind]


def runtime_of(heard: list[Event] | None = None, **changes: str) -> Runtime[TurnContext]:
    """The runtime that LangGraph gives to a node."""
    context: dict[str, Any] = {"user_id": OWNER, "session_id": SESSION, "run_id": RUN, "employee": "tester", "text": ""}
    return Runtime(
        context=TurnContext(**{**context, **changes}), stream_writer=(heard if heard is not None else []).append
    )


def turn_of(*messages: Any, **changes: Any) -> Turn:
    """The state of a turn once `redact`, `load_memory` and `retrieve` have run."""
    state: dict[str, Any] = {
        "today": "2026-11-23",
        "question": "what now?",
        "recollection": LoadedMemory(facts=[], summary="", history=[], summarized_to=0, searchable=True),
        "passages": [],
        "messages": list(messages) or [HumanMessage("what now?")],
        "usage": Usage(prompt=0, completion=0, total=0, cost="0", source="provider"),
        **changes,
    }
    return cast(Turn, state)


def roster_of(*tools: str, **changes: Any) -> Roster:
    """One employee, the tester, with these tools."""
    return Roster([employee_of(*tools, **changes)])


def employee_of(*tools: str, **changes: Any) -> Employee:
    """The tester with these tools, or whom the changes make of him."""
    fields = {
        "slug": "tester",
        "aliases": (),
        "name": "Tess",
        "title": "Tester",
        "emoji": "T",
        "model": "small",
        "temperature": 0.0,
        "max_tokens": 100,
        "tools": tools,
        "capabilities": (),
        "prompt": "You test.",
        "version": "1",
        **changes,
    }
    return Employee.model_validate(fields)


def passage(number: int, text: str = "") -> Passage:
    return Passage(id=f"p{number}", text=text or f"passage {number}", source=f"note {number}", similarity=0.9)


@dataclass
class OneNameRedactor:
    """Port `Redactor`: knows one name, and opens its token for one user."""

    seen: list[str] = field(default_factory=list)

    async def mask(
        self, user_id: str, texts: Sequence[str], restored: Mapping[str, str] = NOTHING_RESTORED
    ) -> MaskedTexts:
        self.seen += texts
        return MaskedTexts(tuple(text.replace(NAME, TOKEN) for text in texts))

    async def token_values(self, user_id: str, value: Any) -> Mapping[str, str]:
        known = {token for text in strings_in(value) for token in tokens_in(text)} & {TOKEN}
        return dict.fromkeys(known, NAME) if user_id == OWNER else {}

    async def unmask(self, user_id: str, value: JsonT) -> JsonT:
        return cast(JsonT, unmask_json(value, await self.token_values(user_id, value)))


@dataclass
class FakeMemory:
    """Port `Memory`: remembers what it is given."""

    remembered: MemorySnapshot = field(default_factory=MemorySnapshot)
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    async def load(self, user_id: str, session_id: str, employee: str) -> MemorySnapshot:
        self.asked.append((user_id, session_id, employee))
        return self.remembered


@dataclass
class FakeRetriever:
    """Port `Retriever`: finds what it is given."""

    passages: list[Passage]
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def search(self, user_id: str, query: str) -> list[Passage]:
        self.asked.append((user_id, query))
        return self.passages


@dataclass
class FakeChatModel:
    """Port `ChatModel`: streams prepared answers, one after the other."""

    answers: list[Sequence[AIMessageChunk]]
    prompts: list[Sequence[BaseMessage]] = field(default_factory=list)
    offered: list[list[str]] = field(default_factory=list)
    settings: list[ModelSettings] = field(default_factory=list)

    def name(self, settings: ModelSettings) -> str:
        return f"model-{settings.size}"

    async def stream(
        self, messages: Sequence[BaseMessage], tools: Sequence[Tool], settings: ModelSettings
    ) -> AsyncIterator[AIMessageChunk]:
        self.prompts.append(messages)
        self.offered.append([tool.name for tool in tools])
        self.settings.append(settings)
        for chunk in self.answers.pop(0):
            yield chunk


class NoRows:
    """Port `Rows`: an empty ledger."""

    def __init__(self, user_id: str) -> None:
        self.user_id = user_id

    async def fetch(self, query: str, **parameters: object) -> list[dict[str, Any]]:
        return []


@dataclass
class FakeFiles:
    """Port `Files`: keeps what it is given."""

    kept: list[tuple[str, str, bytes]] = field(default_factory=list)

    async def store(self, name: str, media_type: str, content: bytes) -> str:
        self.kept.append((name, media_type, content))
        return f"file-{len(self.kept)}"


@dataclass
class FakeToolRuntime:
    """Port `ToolRuntime`: the tools that it is given, over empty ledgers."""

    given: Mapping[str, Tool]
    kept: Callable[[str], Files] = lambda user_id: NoFiles()
    """The files of each user."""
    exhausted: Collection[str] = ()
    """Names of tools that were called too often."""
    effects: dict[tuple[str, int], ToolOutput] = field(default_factory=dict)
    """The ledger: results by run and number of the call."""

    def tools(self, names: Sequence[str]) -> Sequence[Tool]:
        return [self.given[name] for name in names if name in self.given]

    def try_acquire(self, user_id: str, tool: Tool) -> bool:
        return tool.name not in self.exhausted

    def rows(self, user_id: str) -> NoRows:
        return NoRows(user_id)

    def files(self, user_id: str, call: str = "") -> Files:
        return self.kept(user_id)

    def knowledge(self, user_id: str) -> NoKnowledge:
        return NoKnowledge()

    async def execute_once(self, effect: Effect, execute: Callable[[Rows], Awaitable[ToolOutput]]) -> ToolOutput:
        key = (effect.run_id, effect.ordinal)
        if key not in self.effects:
            self.effects[key] = await execute(NoRows(effect.user_id))
        return self.effects[key]


@dataclass
class FakeTranscript:
    """Port `Transcript`: keeps the turns in a list."""

    turns: list[TurnRecord] = field(default_factory=list)

    async def record(self, turn: TurnRecord) -> str:
        self.turns.append(turn)
        return f"message-{len(self.turns)}"

    async def find(self, user_id: str, run_id: str) -> StoredTurn | None:
        for number, turn in enumerate(self.turns, 1):
            if (turn.user_id, turn.run_id) == (user_id, run_id):
                return StoredTurn(f"message-{number}", turn.messages, turn.usage, turn.status, turn.error)
        return None


@dataclass
class FakeSummaries:
    """Port `Summaries`: says what it is given, and notes what is asked of it."""

    given: SummaryBacklog
    failure: Exception | None = None
    requested: list[tuple[str, str]] = field(default_factory=list)

    async def backlog(self, user_id: str, session_id: str) -> SummaryBacklog:
        return self.given

    async def request(self, user_id: str, session_id: str) -> None:
        if self.failure:
            raise self.failure
        self.requested.append((user_id, session_id))


def clock_at(moment: str) -> Callable[[], dt.datetime]:
    return lambda: dt.datetime.fromisoformat(moment)
