"""What a run knows and no checkpoint keeps."""

from dataclasses import dataclass, field
from typing import Annotated

from pydantic.json_schema import SkipJsonSchema

from graph.state import Usage, add_usage


@dataclass(slots=True)
class AbortedUsage:
    """What the calls of models took whose answers are not part of the turn: they broke off, and are paid all the same."""

    usage: Usage | None = None

    def add(self, usage: Usage) -> None:
        self.usage = add_usage(self.usage, usage) if self.usage else usage


@dataclass(frozen=True, slots=True)
class TurnContext:
    """Who is asking, for which session, and the words as they were typed.

    LangGraph hands it to every node as `runtime.context` and stores none of it. All fields that its schema has are plain,
    so that Studio can draw a form for it.
    """

    user_id: str = ""
    """The caller, a UUID; the database shows this user's rows only."""
    session_id: str = ""
    """The conversation, a UUID; also LangGraph's thread_id."""
    run_id: str = ""
    """The accepted run, a UUID."""
    epoch: int = 0
    """How often a process has begun to work on the run; 0 where nobody accepted one, as in Studio."""
    employee: str = ""
    """Slug of the employee who answers."""
    text: str = field(default="", repr=False)
    """The message as the user typed it, unmasked. Only the `redact` node reads it."""
    aborted_usage: Annotated[AbortedUsage, SkipJsonSchema()] = field(
        default_factory=AbortedUsage, repr=False, compare=False
    )
    """What the run must count beside the usage in its state."""
