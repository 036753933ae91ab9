"""A recorded turn as a file: what the turn was given, and what came of it.

Everything is masked. Ids of the run, the session, the user and the answer are left out: they say who it was, not what
happened. The file is JSON for people: a text of several lines is a list of lines, and one that is a JSON object is an object.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError

from graph.errors import ChatError
from graph.ports.runs import Step
from graph.state import Passage, SummaryBacklog, Usage
from graph.turn.model_reply import Finish
from graph.validation import validation_messages

FORMAT = 2


class RecordingUnreadable(ChatError):
    """This file is not a recording."""

    code = "recording_unreadable"


def parse_text(value: object) -> object:
    match value:
        case list():
            return "\n".join(map(str, value))
        case dict():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return value


def serialize_text(text: str) -> Any:
    if text.startswith("{"):
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        if isinstance(value, dict) and json.dumps(value, ensure_ascii=False) == text:
            return value
    return text.split("\n") if "\n" in text else text


Text = Annotated[str, BeforeValidator(parse_text), PlainSerializer(serialize_text)]
"""A text as the file holds it."""


class RecordingPart(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Message(RecordingPart):
    """A message as `chat_messages` holds it."""

    role: Literal["user", "assistant", "tool", "system"]
    content: Text = ""
    metadata: dict[str, Any] = {}
    """Tool calls of an assistant; id, name and status of a tool's result."""


class Memory(RecordingPart):
    """What `load_memory` was given."""

    facts: list[str] = []
    summary: Text = ""
    history: list[Message] = []
    searchable: bool = False


class Answer(RecordingPart):
    """One answer of the model."""

    text: Text = ""
    calls: list[dict[str, Any]] = []
    usage: dict[str, Any] | None = None
    """As the provider reported it; None where it did not."""
    finish: Annotated[Finish | None, Field(exclude_if=lambda finish: finish is None)] = None
    """Why it is not a whole one, though the turn came to its end."""
    cut: bool = False
    """Whether the turn ended in the middle of it."""


class ToolRun(RecordingPart):
    """One call of a tool, and its masked result; None if it never came. They stand in the order in which the results came."""

    id: str
    name: str
    args: dict[str, Any]
    result: Any = None
    failed: bool = False


class Outcome(RecordingPart):
    """What came of a turn. A tool's result stands under `tools`; elsewhere it is named by its call."""

    status: Literal["complete", "stopped", "failed"]
    path: list[str]
    requests: list[list[str]] = []
    """What the model was asked, as lines; of a later request only what the one before it did not hold."""
    messages: list[Message]
    events: list[dict[str, Any]]
    """Texts that follow one another are one event: where a text was cut is chance."""
    usage: Usage
    summary_due: bool = False


class Recording(RecordingPart):
    """One turn."""

    format: int = FORMAT
    employee: str
    version: str
    """Of the employee's file at that time."""
    model: str
    budget: int
    """Tokens of the prompt."""
    today: str
    question: Text
    memory: Memory
    passages: list[Passage]
    answers: list[Answer]
    steps: list[Step]
    """How long each step took when the turn was recorded: to read, not to compare."""
    tools: list[ToolRun]
    unsummarized: SummaryBacklog | None = None
    """What `summarize` decided by; None if it could not find out."""
    ended_at: str | None = None
    """The step in which the turn was stopped or failed; None if it came to its end, or failed by a fault of our own."""
    error: dict[str, str] | None = None
    """Code and message of the error that ended the turn."""
    outcome: Outcome

    @classmethod
    def read(cls, file: Path) -> Self:
        """
        Raises:
            RecordingUnreadable: it is no recording, or of a format that is newer than this program.
        """
        try:
            return cls.model_validate(upgrade(json.loads(file.read_text("utf-8"))))
        except (OSError, ValueError, KeyError, TypeError) as error:
            reason = validation_messages(error, "recording")[0] if isinstance(error, ValidationError) else str(error)
            raise RecordingUnreadable(f"{file} is not a recording that this program can read: {reason}") from error

    def write(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(self.model_dump(), ensure_ascii=False, indent=1) + "\n", "utf-8")


def upgrade_from_1(data: dict[str, Any]) -> dict[str, Any]:
    """Format 1 had the times of the model's answers, and of no other step."""
    steps = [
        {"node": "reason", "ms": answer.pop("ms"), "first_ms": answer.pop("first_ms")} for answer in data["answers"]
    ]
    timed = [step for step in steps if step["ms"] is not None]
    return {**data, "format": 2, "steps": timed}


UPGRADES: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: upgrade_from_1}
"""How a recording of an older format becomes one of the next."""


def upgrade(data: dict[str, Any]) -> dict[str, Any]:
    """The data in today's format.

    Raises:
        ValueError: its format is unknown here.
    """
    while data["format"] != FORMAT:
        if data["format"] not in UPGRADES:
            raise ValueError(f"its format is {data['format']}, and this program knows those up to {FORMAT}")
        data = UPGRADES[data["format"]](data)
    return data
