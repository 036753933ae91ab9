"""What the nodes need of the world, as small protocols. `graph/adapters` provides them, `graph/wiring.py` chooses."""

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence, Set
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal, NotRequired, Protocol, TypeVar

from langchain_core.messages import AIMessageChunk, AnyMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langgraph.checkpoint.base import BaseCheckpointSaver
from typing_extensions import TypedDict

from graph.context import TurnContext
from graph.events import Event
from graph.state import Passage, Turn, Unsummarized, Usage
from graph.tool import Files, Knowledge, Rows, Tool

Clock = Callable[[], dt.datetime]
"""The current instant, with its time zone."""

Shown = TypeVar("Shown")
"""A JSON value: a text, a list, an object."""

CountTokens = Callable[[str], int]
"""The number of tokens of a text."""


@dataclass(frozen=True, slots=True)
class Masked:
    """Texts in which every personal value that was found is replaced by a token, in the order they were given."""

    texts: tuple[str, ...]


NOTHING_RESTORED: Mapping[str, str] = MappingProxyType({})


class Redactor(Protocol):
    """Replaces personal values by tokens, and tokens by values for their owner."""

    async def mask(self, owner: str, texts: Sequence[str], restored: Mapping[str, str] = NOTHING_RESTORED) -> Masked:
        """Mask texts of one user; the same value always gets the same token, however it is spelt.

        Args:
            owner: whose texts they are.
            texts: as they came.
            restored: values by token that a tool was given whose texts these are. They are replaced wherever they stand.

        Raises:
            RedactionFailed: the texts could not be checked in time; they must not be passed on.
        """
        ...

    async def values(self, owner: str, value: Any) -> Mapping[str, str]:
        """The owner's values behind the tokens that a JSON value mentions, by token."""
        ...

    async def reveal(self, owner: str, value: Shown) -> Shown:
        """Put the owner's values back into every text of a JSON value; a token that was not issued to this owner stays."""
        ...


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is stored of a user and a session, masked; nothing is cut yet."""

    time_zone: str = "UTC"
    facts: Sequence[str] = ()
    summary: str = ""
    history: Sequence[AnyMessage] = ()
    """Oldest first."""
    summarized_to: int = 0
    """Position of the last message that the summary covers."""
    searchable: bool = True
    """Whether the user has any text that a query of today's embedder could meet."""
    newest_value_at: dt.datetime | None = None
    """When the newest value of the user's vault was issued; None if it holds none."""


class Memory(Protocol):
    async def recall(self, owner: str, session_id: str, employee: str) -> Remembered:
        """Read pinned facts (global and the employee's), the summary, and the newest messages after it."""
        ...


class Retriever(Protocol):
    async def search(self, owner: str, query: str) -> list[Passage]:
        """The owner's stored texts that resemble the masked query, best first; empty if nothing is similar enough."""
        ...


class Embedder(Protocol):
    """Turns text into vectors of 384 numbers and unit length."""

    @property
    def model(self) -> str:
        """The name stored beside each vector; vectors of different models are never compared."""
        ...

    @property
    def minimum_similarity(self) -> float:
        """The cosine below which a passage has nothing to do with the query, measured for this model."""
        ...

    def anticipate(self, text: str) -> None:
        """Begin to embed a query that will probably be asked for, if that stays within this process."""
        ...

    async def query(self, text: str) -> list[float]: ...

    async def passages(self, texts: Sequence[str]) -> list[list[float]]: ...


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """How an employee wants to be answered for."""

    size: Literal["small", "large"] = "small"
    temperature: float = 0.7
    max_tokens: int = 2000


class ChatModel(Protocol):
    def name(self, settings: ModelSettings) -> str:
        """The provider's name of the model that these settings choose."""
        ...

    def stream(
        self, messages: Sequence[BaseMessage], tools: Sequence[Tool], settings: ModelSettings
    ) -> AsyncIterator[AIMessageChunk]:
        """Stream one answer: text, tool calls, and the usage if the provider reports it.

        Raises:
            ModelError: the provider could not be reached, did not answer in time, or refused.
        """
        ...


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """A turn as it is stored: masked messages, what they took, how it ended."""

    owner: str
    session_id: str
    run_id: str
    epoch: int
    """Of the run, as its worker knows it; 0 for a turn without a run (LangGraph Studio)."""
    employee: str
    """Who was asked; a hand-off among the messages says who went on."""
    model: str
    messages: Sequence[AnyMessage]
    """The question, then the model's messages and the tools' results in order."""
    usage: Usage
    quoted: Sequence[str] = ()
    """What has brought text into it that its user did not write (`graph.turn.taint`)."""
    status: Literal["complete", "stopped", "failed"] = "complete"
    error: str | None = None
    """Code of the error that ended it."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A turn that is in the history."""

    message_id: str
    """Of its answer."""
    messages: Sequence[AnyMessage]
    usage: Usage
    status: Literal["complete", "stopped", "failed"]
    error: str | None


class Transcript(Protocol):
    async def record(self, turn: TurnRecord) -> str:
        """Store a turn in one transaction and return the id of its answer; a run is stored once, however often it is
        asked for.

        Raises:
            RunLost: another process works on the run.
        """
        ...

    async def find(self, owner: str, run_id: str) -> Recorded | None:
        """The turn of a run, if it was stored."""
        ...


class Checkpoints(Protocol):
    """LangGraph's checkpoints, for one owner at a time."""

    def turn(self, run: "Run") -> AbstractAsyncContextManager[BaseCheckpointSaver[str]]:
        """A checkpointer for one turn; what it is given is stored at the end at the latest, and old turns are forgotten.

        A run of its first epoch starts anew, so nothing of an earlier turn is read for it.
        """
        ...


class Summaries(Protocol):
    async def state(self, owner: str, session_id: str) -> Unsummarized: ...

    async def request(self, owner: str, session_id: str) -> None:
        """Hand the session to a durable job; asking twice makes one job."""
        ...


@dataclass(frozen=True, slots=True)
class Effect:
    """One call of a tool that changes something."""

    owner: str
    run_id: str
    epoch: int
    """Of the run, as its worker knows it."""
    ordinal: int
    """Which call of the run it is; with the run it names the effect."""
    tool: str
    arguments: Mapping[str, Any]
    elsewhere: bool = False
    """Whether it is made outside the database."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A call that is not made without its user's word. All text in it is masked."""

    ordinal: int
    """Which call of the run it is."""
    tool: str
    arguments: Mapping[str, Any]
    preview: Mapping[str, Any]
    """What it would change."""
    reason: str = ""
    """Why a trusted tool asks."""


@dataclass(frozen=True, slots=True)
class Approval:
    """What a user was asked, and said."""

    id: str
    proposal: Proposal
    status: Literal["pending", "approved", "rejected", "expired"]
    arguments: Mapping[str, Any]
    """The proposed ones, or what the user made of them."""
    comment: str
    """The user's word to the employee; masked."""
    expires_at: str


@dataclass(frozen=True, slots=True)
class Approved:
    """What a user has said to the calls of a run, and which tools are trusted in its conversation."""

    calls: Mapping[int, Approval]
    """By ordinal."""
    trusted: Set[str]
    quoted: Sequence[str] = ()
    """What has brought text into earlier turns of the conversation that its user did not write."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a user says to a call."""

    approve: bool
    arguments: Mapping[str, Any] | None = None
    """In place of the proposed ones; masked."""
    comment: str = ""
    trust: bool = False
    """Whether this tool need not ask again in this conversation."""


class Approvals(Protocol):
    """What users decide on calls that change something."""

    async def given(self, caller: TurnContext) -> Approved:
        """What is known of this run."""
        ...

    async def ask(self, caller: TurnContext, proposals: Sequence[Proposal]) -> Mapping[int, Approval]:
        """Put calls to the user; one that was put before with the same arguments stays as it is. All calls of the run.

        Raises:
            RunLost: another process works on the run.
        """
        ...


class Delegates(Protocol):
    """Colleagues who answer a question."""

    async def ask(self, caller: TurnContext, colleague: str, question: str, today: str) -> Mapping[str, Any]:
        """A colleague's answer (see `Colleagues.ask`); `caller` names who asks, and for which user.

        Raises:
            ToolFault: nobody can be asked from here.
        """
        ...


class Toolbox(Protocol):
    """The tools, and what they may use for a user."""

    def tools(self, names: Sequence[str]) -> Sequence[Tool]:
        """The tools of these names; a name that is none is left out."""
        ...

    def admit(self, owner: str, tool: Tool) -> bool:
        """Count a call; false if there were too many of this user's in the last minute."""
        ...

    def rows(self, owner: str) -> Rows: ...

    def files(self, owner: str, call: str = "") -> Files:
        """Where a user's tools leave files. What a call (named by the run, its number and its arguments) leaves again, because
        the process died that made it, takes the place of what it left before."""
        ...

    def knowledge(self, owner: str) -> Knowledge: ...

    async def once(self, effect: Effect, make: Callable[[Rows], Awaitable[Any]]) -> Any:
        """Make an effect, and store its masked result with it, in one transaction; if it was made before, read the result.

        What led to the effect is durable before it is made. One that is made elsewhere is made at most once: its entry is
        written before it, and completed after it.

        Raises:
            RunLost: another process works on the run.
            ToolFault: it is made elsewhere, was begun before, and nobody knows what came of it.
        """
        ...


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens."""

    prompt: Decimal
    completion: Decimal


Prices = Mapping[str, Price]


@dataclass(frozen=True, slots=True)
class Secret:
    """A personal value; two spellings of one value ("4111 1111…", "4111-1111…") are equal."""

    kind: str
    """CARD, EMAIL, PERSON …: the first part of its token."""
    key: str = field(repr=False)
    """The normal form: what is compared, and what the vault looks up (as a keyed hash)."""
    text: str = field(repr=False, compare=False)
    """The value as its owner first wrote it: what the vault seals and a token is restored to."""


class Vault(Protocol):
    """Keeps the values behind the tokens, sealed, for one user each."""

    async def issue(self, owner: str, secrets: Set[Secret]) -> Mapping[Secret, str]:
        """The token of each value; new ones are made for values that this user never had.

        Two callers at once get the same token for the same value, and no two values of a user share a token.
        """
        ...

    async def open(self, owner: str, tokens: Set[str]) -> Mapping[str, str]:
        """The texts of those tokens that were issued to this user."""
        ...

    async def issued_since(self, owner: str, since: dt.datetime | None) -> "Issued":
        """The values that were issued to this user since an instant, some seconds before it included; all for None."""
        ...


@dataclass(frozen=True, slots=True)
class Issued:
    """Values of one user's vault."""

    secrets: Sequence[Secret]
    """The newest first; some thousands at most."""
    until: dt.datetime | None
    """When the newest was issued; None if there is none."""


OnConflict = Literal["reject", "enqueue", "interrupt"]
"""To a busy session: refuse the message, answer it after those that wait, or stop the active run and answer it next."""


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What a user asks for, checked and cleaned."""

    owner: str
    text: str = field(repr=False)
    employee: str | None = None
    """Slug of the employee asked for; None means the session's, or the default in a new session."""
    session_id: str | None = None
    client_key: str | None = None
    """Idempotency key: the same key and request is the same run."""
    on_conflict: OnConflict = "reject"
    """What is to happen if the session is busy."""
    edits: str | None = None
    """A message of the user in this session: the text comes in its place, and leaves behind what followed it."""
    repeats: str | None = None
    """A run of this session whose question the text is: it is answered anew, and what followed it is left behind."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a user said in a session."""

    run_id: str
    """The run that asked it."""
    text: str = field(repr=False)
    """As it was typed while its run lasts, masked after that."""


RunStatus = Literal["queued", "running", "waiting", "complete", "stopped", "failed"]


@dataclass(frozen=True, slots=True)
class Run:
    """One accepted turn."""

    id: str
    owner: str
    session_id: str
    employee: str
    status: RunStatus = "running"
    epoch: int = 1
    """How often a process has begun to work on it; 0 while it is queued for the first."""
    fresh: bool = True
    """False if an earlier request with the same idempotency key started it."""
    log_dropped: bool = False
    """Whether its events are deleted, being older than they are kept."""
    remembered: Remembered | None = field(default=None, repr=False, compare=False)
    """What it begins with, if that was read when it was accepted."""

    @property
    def over(self) -> bool:
        return self.status in ("complete", "stopped", "failed", "waiting")


@dataclass(frozen=True, slots=True)
class Claim:
    """A run that this process is to work on from now on."""

    run: Run
    text: str | None = field(repr=False)
    """What the user typed; None if its seal cannot be opened."""
    logged: "Sequence[LoggedEvent]" = ()
    """What it has streamed before."""
    stop_requested: bool = False


class Step(TypedDict):
    """One node of a turn's path, and how long it took in milliseconds."""

    node: str
    ms: int
    first_ms: int | None
    """Until the step streamed its first event: for `reason` until the first words."""


class Trace(TypedDict):
    """What a turn was given, and the way that it took: all that a recording needs and that is stored nowhere else. Masked."""

    version: str
    """The employee's."""
    model: str
    path: list[Step]
    usage: list[UsageMetadata | None]
    """What the provider reported for each answer of the model; None where it did not."""
    broken_off: NotRequired[Usage]
    """What the answers took that broke off."""
    turn: Turn
    """The fields of the state that no other table holds."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended."""

    status: Literal["complete", "stopped", "failed", "waiting"] = "complete"
    message_id: str | None = None
    error_code: str | None = None
    trace: Trace | None = None


LoggedEvent = tuple[int, Event]
"""An event and its number within the run. The numbers of an epoch follow one another; each epoch begins at
`first_number(epoch)`, so that an event which a dead process has shown but not logged is never taken for another."""

EPOCH_NUMBERS = 1_000_000
"""Numbers that an epoch has."""


def first_number(epoch: int) -> int:
    return (epoch - 1) * EPOCH_NUMBERS + 1


class RunStore(Protocol):
    """The accepted runs and their logs. Another user's run does not exist."""

    async def accept(self, request: RunRequest) -> Run:
        """Store the run in one transaction, opening a session if need be. To a busy session it is added as `queued`, if the
        request allows it.

        What it is to leave behind is left behind when it begins: now, or when it is claimed.

        Raises:
            NotFound: no such session, or it has no such message of the user in its current branch.
            RunActive: the session has a run already, or too many that wait.
            LimitExceeded: the user's turns or tokens are used up.
            IdempotencyMismatch: the key belongs to another request.
        """
        ...

    async def read(self, owner: str, run_id: str) -> Run:
        """Raises: NotFound."""
        ...

    async def last_question(self, owner: str, session_id: str, on_conflict: OnConflict) -> Question:
        """What the user will have said last when a run begins that is asked for now: in the run after which it comes, or, in
        a session that is not busy, in the current branch.

        Raises:
            NotFound: no such session, or nothing was said in it.
            RunLost: that run's text cannot be read.
        """
        ...

    async def active(self, owner: str, session_id: str) -> list[Run]:
        """The run that a session is busy with, then those that wait for it, in order.

        Raises:
            NotFound: no such session.
        """
        ...

    async def due(self) -> list[tuple[str, str]]:
        """Runs of anybody that wait for a process, with their owners: abandoned ones, and the queues of free sessions."""
        ...

    async def claim(self, owner: str, run_id: str) -> Claim | None:
        """Become the one process that works on the run; None if another one was faster."""
        ...

    async def events(self, owner: str, run_id: str, after: int) -> list[LoggedEvent]:
        """The logged events from number `after` on, that one included."""
        ...

    async def append(self, run: Run, events: Sequence[LoggedEvent]) -> None:
        """Raises: RunLost: another process works on the run."""
        ...

    async def renew(self, run: Run) -> bool:
        """Vouch for the run a while longer; true if its user asked for a stop.

        Raises:
            RunLost: another process works on the run, or has ended it.
        """
        ...

    async def release(self, run: Run) -> None:
        """Vouch for the run no longer: another process may take it over at once."""
        ...

    async def request_stop(self, owner: str, run_id: str) -> None:
        """Ask whoever works on the run to stop it; one that waits is withdrawn."""
        ...

    async def finish(self, run: Run, events: Sequence[LoggedEvent], ending: Ending) -> bool:
        """Write the last events and free the session, in one transaction; true if other runs wait for the session.

        Raises:
            RunLost: another process works on the run, or has ended it.
        """
        ...


News = tuple[Literal["events", "stop", "due"], str]
"""What has happened to a run: it has new events; it is to stop; its session has become free for those that wait."""


class Signals(Protocol):
    """News of runs, between processes. They may get lost: who waits for some looks into the database now and then."""

    @property
    def connected(self) -> bool:
        """Whether news come through at the moment."""
        ...

    async def send(self, news: News) -> None: ...

    def heard(self) -> AsyncIterator[News]:
        """The news of all processes, as long as somebody listens."""
        ...


class Meter(Protocol):
    """Hears what becomes of runs, for whoever watches the service. It is told nothing of what was said."""

    def accepted(self, run: Run) -> None: ...

    def refused(self, code: str) -> None:
        """A turn was not accepted; `code` is the error's."""
        ...

    def attending(self, run: Run, waited: bool = False) -> AbstractContextManager[None]:
        """Lasts as long as this process works on a run; epochs above 1 are take-overs, unless the run waited for its user."""
        ...

    def first_text(self, run: Run, seconds: float) -> None:
        """The first words were shown so long after this process began to work on the run."""
        ...

    def ended(self, run: Run, ending: Ending, usage: Usage, seconds: float) -> None: ...

    def untraced(self, run: Run, amounts: int) -> None:
        """The answer states so many amounts of money for which nothing accounts."""
        ...

    def lost(self, run: Run) -> None:
        """Another process has taken the run over."""
        ...

    def retried(self, what: str) -> None:
        """A write for a run failed and will be made again: `log` or `lease`."""
        ...

    def due(self, runs: int) -> None:
        """So many runs waited for a process when this one looked."""
        ...
