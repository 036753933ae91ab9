"""A tool: a typed function, what it may use, and the limits under which the runtime calls it."""

import datetime as dt
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, Protocol, Self, get_type_hints

from pydantic import BaseModel

from graph.state import Passage
from graph.values.json_schema import terse_schema
from graph.values.profile import EMPTY_PROFILE, Profile

Risk = Literal["read", "write", "outbound"]

INVALID_JSON = "__invalid_json__"
"""The only argument of a call whose arguments were not valid JSON; its value is the text that the model wrote."""


OUTCOME_UNKNOWN = "it is unknown whether it was done: tell the user to look there, and do not call it again"
"""Told to the model when an external call was sent and its outcome is unknown."""


Row = Mapping[str, Any]
"""One row of a query's result: values by column."""


class Rows(Protocol):
    """The rows of one user. No query reaches another user's."""

    async def fetch(self, query: str, **parameters: object) -> list[dict[str, Any]]:
        """Run the named query of `tools/sql` with bound parameters.

        Raises:
            DatabaseUnavailable: no connection could be had in time.
        """
        ...


class ToolError(Exception):
    """Raised by a tool; the message is shown to the model. It says what is wrong, and what to do instead."""


class Files(Protocol):
    """Stores the documents and pictures that a tool makes for one user."""

    async def store(self, name: str, media_type: str, content: bytes) -> str:
        """Store a file, encrypted; return its id, under which the user gets it from `GET /api/files/{id}`.

        Raises:
            FileTooLarge: it has more bytes than are stored of one file.
            DatabaseUnavailable: no connection could be had in time.
        """
        ...


class NoFiles:
    """Port `Files` where files cannot be stored."""

    async def store(self, name: str, media_type: str, content: bytes) -> str:
        raise ToolError("files cannot be made here; answer in words")


class Knowledge(Protocol):
    """The stored texts of one user: notes, summaries, documents."""

    async def search(self, query: str) -> list[Passage]:
        """The texts that resemble the query, best first, masked; empty if nothing is similar enough.

        Raises:
            DatabaseUnavailable: no connection could be had in time.
        """
        ...


class NoKnowledge:
    """Port `Knowledge` without any text."""

    async def search(self, query: str) -> list[Passage]:
        return []


class Colleagues(Protocol):
    """The employees to whom the employee who calls a tool may turn."""

    @property
    def employee(self) -> str:
        """The slug of the employee who calls the tool."""
        ...

    def resolve(self, name: str) -> str:
        """The slug of the colleague with this slug or alias.

        Raises:
            ToolError: this employee may not turn to such a colleague; the message lists the possible ones.
        """
        ...

    async def delegate(self, colleague: str, question: str) -> Mapping[str, Any]:
        """Let a colleague answer a question.

        Args:
            colleague: the slug.
            question: all that the colleague reads of the conversation.

        Returns:
            `from`, `to`, `question`, `status` (ok, unfinished, timeout or failed), `answer`, `tools` and `usage`.

        Raises:
            ToolError: delegation is not possible here.
        """
        ...


class NoColleagues:
    """Port `Colleagues` without any colleague."""

    employee = ""

    def resolve(self, name: str) -> str:
        raise ToolError("there is no colleague to turn to")

    async def delegate(self, colleague: str, question: str) -> Mapping[str, Any]:
        raise ToolError("there is no colleague to ask")


@dataclass(frozen=True, slots=True)
class ToolContext:
    """What a tool may use for the user of the turn."""

    rows: Rows
    today: dt.date
    """The date of the turn where the user lives."""
    files: Files = field(default_factory=NoFiles)
    knowledge: Knowledge = field(default_factory=NoKnowledge)
    colleagues: Colleagues = field(default_factory=NoColleagues)
    profile: Profile = EMPTY_PROFILE
    """The user's locale and currency; None where the user has said nothing."""


ToolFunction = Callable[[Any, ToolContext], Awaitable[Mapping[str, Any]]]

SUMMARY = "summary"
"""The field of a tool's result that says it in one to four sentences, for a model, a screen reader or a plain answer. No
amount stands in it that is not in the other fields."""

DISPLAY = "display"
"""The field of a tool's result that a client can show beside the text. One of

- `{"type": "table", "title", "columns": [names], "types": {name: type}, "rows": [{name: value}]}`; a type is `money`, `date`,
  `text`, `count` or `percent`
- `{"type": "chart", "title", "kind", "file_id", "media_type", "alt", "currency", "labels", "series": [{"name", "amounts"}]}`;
  `alt` says in words what the picture shows
- `{"type": "document", "title", "file_id", "media_type", "bytes"}`

Its figures are those of the result. `GET /api/files/{id}` returns the files."""


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """The outcome of a call, as JSON: masked, and truncated to the size that the model may read."""

    result: Mapping[str, Any]
    """What the model reads."""
    display: Any = None
    """What a client can show beside it (see `DISPLAY`); None if there is nothing."""

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The outcome in what a tool's function returns, or in what `to_json` made."""
        return cls({name: item for name, item in value.items() if name != DISPLAY}, value.get(DISPLAY))

    def to_json(self) -> Mapping[str, Any]:
        """Both parts in one object, as the effect ledger stores them."""
        return {**self.result, DISPLAY: self.display} if self.display else self.result


@dataclass(frozen=True, slots=True)
class Tool:
    """One entry of the catalogue.

    The function takes its validated arguments (a pydantic model, whose field descriptions the model reads) and a
    `ToolContext`, and returns a JSON object. The model reads the first paragraph of its docstring; people read all of it in
    `docs/tools.md`. A `display` in the result (see `DISPLAY`) is for the user's screen; the model does not get it.
    """

    function: ToolFunction
    risk: Risk = "read"
    preview: ToolFunction | None = None
    """What a call of a write or outbound tool would change: rows before and after. It only reads, and raises a `ToolError`
    for a call that would be refused. The user decides by what it returns."""
    external: bool = False
    """Whether its effect is outside the database, where no transaction joins it with its entry in the effect ledger. Such an
    effect happens at most once, and its outcome may be unknown after a crash."""
    timeout_seconds: float = 15.0
    """The call is cancelled after this time."""
    max_calls_per_minute: int = 30
    """Limit for one user, over all turns."""
    unmasked_fields: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Names of result fields, at any depth, whose text is not masked, each with the reason. All other text is masked."""
    returns_untrusted_text: bool = False
    """Whether its result may hold text that the user did not write: merchants, memos, stored texts, answers of other
    services. Such text may carry instructions to the model, so every later change in the turn needs an approval."""
    examples: Sequence[str] = ()
    """Questions that this tool answers, in users' words; the offline model selects tools by them."""

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def description(self) -> str:
        return inspect.cleandoc(self.function.__doc__ or "")

    @property
    def summary(self) -> str:
        """The first paragraph of the description, which the model reads."""
        return " ".join(self.description.split("\n\n")[0].split("\n"))

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
    function = {
        "name": tool.name,
        "description": tool.summary,
        "parameters": terse_schema(tool.arguments.model_json_schema()),
    }
    return {"type": "function", "function": function}
