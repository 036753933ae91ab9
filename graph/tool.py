"""What a tool is: a typed function, and what the runtime must know to call it safely."""

import datetime as dt
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, Protocol, Self, get_type_hints

from pydantic import BaseModel

from graph.state import Passage

Risk = Literal["read", "write", "outbound"]

INVALID_JSON = "__invalid_json__"
"""The one argument of a call whose arguments, as the model wrote them, were no JSON; its value is what the model wrote."""


OUTCOME_UNKNOWN = "it is unknown whether it was done: tell the user to look there, and do not call it again"
"""What is said of a call that was sent elsewhere and of which nothing more is known."""


Row = Mapping[str, Any]
"""One row of a query's result, by the names of its columns."""


class Rows(Protocol):
    """The caller's own rows; nobody else's can be reached through it."""

    async def fetch(self, query: str, **parameters: object) -> list[dict[str, Any]]:
        """Run the named query of `tools/sql` with bound parameters.

        Raises:
            DatabaseUnavailable: no connection could be had in time.
        """
        ...


class ToolFault(Exception):
    """A tool's word to the model that it cannot do what was asked, and what to do instead."""


class Files(Protocol):
    """Where a tool leaves a document or a picture that it made for the caller."""

    async def keep(self, name: str, media_type: str, content: bytes) -> str:
        """Store a file for the caller, sealed, and return the id under which `GET /api/files/{id}` gives it to them.

        Raises:
            FileTooLarge: it has more bytes than are stored of one file.
            DatabaseUnavailable: no connection could be had in time.
        """
        ...


class NoFiles:
    """Nothing can be left here (port `Files`)."""

    async def keep(self, name: str, media_type: str, content: bytes) -> str:
        raise ToolFault("files cannot be made here; answer in words")


class Knowledge(Protocol):
    """The texts that are stored for the caller: notes, summaries, documents."""

    async def search(self, query: str) -> list[Passage]:
        """Those that resemble the query, best first, masked; empty if nothing is similar enough.

        Raises:
            DatabaseUnavailable: no connection could be had in time.
        """
        ...


class NoKnowledge:
    """Nothing is stored (port `Knowledge`)."""

    async def search(self, query: str) -> list[Passage]:
        return []


class Colleagues(Protocol):
    """The employees to whom the one who calls a tool may turn."""

    @property
    def speaker(self) -> str:
        """The slug of the one who calls."""
        ...

    def find(self, name: str) -> str:
        """The slug of a colleague.

        Raises:
            ToolFault: there is none of this name to whom this employee may turn; says who there is.
        """
        ...

    async def ask(self, colleague: str, question: str) -> Mapping[str, Any]:
        """What a colleague answers, and how: `from`, `to`, `question`, `status`, `answer`, `tools`, `usage`.

        Raises:
            ToolFault: nobody can be asked from here.
        """
        ...


class NoColleagues:
    """Nobody to turn to (port `Colleagues`)."""

    speaker = ""

    def find(self, name: str) -> str:
        raise ToolFault("there is no colleague to turn to")

    async def ask(self, colleague: str, question: str) -> Mapping[str, Any]:
        raise ToolFault("there is no colleague to ask")


@dataclass(frozen=True, slots=True)
class ToolContext:
    """What a tool may use: the caller's rows, the date of the turn, a place for files, the caller's stored texts, and other
    employees."""

    rows: Rows
    today: dt.date
    files: Files = field(default_factory=NoFiles)
    knowledge: Knowledge = field(default_factory=NoKnowledge)
    colleagues: Colleagues = field(default_factory=NoColleagues)


ToolFunction = Callable[[Any, ToolContext], Awaitable[Mapping[str, Any]]]

DISPLAY = "display"
"""The key of a result that holds what a client can show beside the text. One of

- `{"type": "table", "title", "columns": [names], "rows": [{name: value}]}`
- `{"type": "chart", "title", "kind", "file_id", "media_type", "alt"}`; `alt` says in words what the picture shows
- `{"type": "document", "title", "file_id", "media_type", "bytes"}`

Its figures are those of the result, not worked out anew. Files are got by `GET /api/files/{id}`."""


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """The outcome of a call, as JSON: masked, and cut to the size that is passed on."""

    result: Mapping[str, Any]
    """What the model reads."""
    display: Any = None
    """What a client can show beside it (see `DISPLAY`); None if there is nothing."""

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The outcome in what a tool's function returns, or in what `to_json` made."""
        return cls({name: item for name, item in value.items() if name != DISPLAY}, value.get(DISPLAY))

    def to_json(self) -> Mapping[str, Any]:
        """Both parts in one object, as the ledger stores them."""
        return {**self.result, DISPLAY: self.display} if self.display else self.result


@dataclass(frozen=True, slots=True)
class Tool:
    """One entry of the catalogue.

    The function takes its validated arguments (a pydantic model, whose field descriptions the model reads) and a
    `ToolContext`, and returns a JSON object. Its docstring is the description that the model reads. A `display` in the
    result (see `DISPLAY`) is for the user's screen; the model does not get it.
    """

    function: ToolFunction
    risk: Risk = "read"
    preview: ToolFunction | None = None
    """What a call of a write or outbound tool would do, without doing it: rows before and after. It reads only, and says
    by a `ToolFault` what would be refused; the user decides on what it shows."""
    elsewhere: bool = False
    """Whether what it changes is outside the database, so that no transaction holds the change together with its entry in the
    ledger: then it is made at most once, and after a crash it may be unknown whether it was."""
    deadline: float = 15.0
    """Seconds after which the call is cancelled."""
    per_minute: int = 30
    """Calls that one user's turns may make in a minute."""
    unmasked_fields: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Names of result fields, at any depth, whose text is not masked, each with the reason. All other text is."""
    quotes: bool = False
    """Whether its result may hold text that its user did not write: merchants, memos, stored texts, what another service
    says. It may talk a model into something, so a turn that has read it asks before every change."""
    examples: Sequence[str] = ()
    """Questions that this tool answers, in users' words; the offline model chooses by them."""

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def description(self) -> str:
        return inspect.cleandoc(self.function.__doc__ or "")

    @property
    def arguments(self) -> type[BaseModel]:
        """The model that validates the arguments: the annotation of the function's first parameter."""
        first = next(iter(inspect.signature(self.function).parameters))
        annotation: type[BaseModel] = get_type_hints(self.function)[first]
        return annotation

    def validate(self, arguments: Mapping[str, Any]) -> BaseModel:
        """The typed arguments of a call.

        Raises:
            ValidationError: pydantic's; they are not what the tool takes.
        """
        return self.arguments.model_validate(arguments)

    def schema(self) -> dict[str, Any]:
        """The tool as an OpenAI function schema; made once, so do not change it."""
        return schema_of(self)


@cache
def schema_of(tool: Tool) -> dict[str, Any]:
    parameters = tool.arguments.model_json_schema()
    parameters.pop("title", None)
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": parameters},
    }
