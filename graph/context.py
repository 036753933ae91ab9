"""What a run knows and no checkpoint keeps."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class TurnContext:
    """Who is asking, for which session, and the words as they were typed.

    LangGraph hands it to every node as `runtime.context` and stores none of it. All fields are plain, so that Studio can
    draw a form for it.
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
