"""The context of a run: what the nodes need and no checkpoint stores."""

from dataclasses import dataclass, field, replace
from typing import Annotated

from pydantic.json_schema import SkipJsonSchema

from graph.state import Turn, Usage, add_usage
from graph.values.profile import EMPTY_PROFILE, Profile


@dataclass(slots=True)
class AbortedUsage:
    """The usage of model calls that broke off. Their answers are not in the turn, but their tokens are paid."""

    usage: Usage | None = None

    def add(self, usage: Usage) -> None:
        self.usage = add_usage(self.usage, usage) if self.usage else usage


@dataclass(frozen=True, slots=True)
class TurnContext:
    """The user, the session, the run, and the text as the user typed it.

    LangGraph passes it to every node as `runtime.context` and does not store it. The fields of its schema are plain values, so
    Studio can draw a form for it.
    """

    user_id: str = ""
    """A UUID; the database shows only this user's rows."""
    session_id: str = ""
    """A UUID; also LangGraph's thread_id."""
    run_id: str = ""
    """A UUID."""
    epoch: int = 0
    """The attempt at the run, from 1; 0 without an accepted run, as in Studio."""
    employee: str = ""
    """Slug of the employee who answers."""
    text: str = field(default="", repr=False)
    """The message as the user typed it, unmasked. Only the `redact` node reads it."""
    aborted_usage: Annotated[AbortedUsage, SkipJsonSchema()] = field(
        default_factory=AbortedUsage, repr=False, compare=False
    )
    """The usage that the run counts beside the usage in its state."""
    profile: Annotated[Profile, SkipJsonSchema()] = EMPTY_PROFILE
    """The locale and the currency for tools, from the state (`with_profile`)."""


def with_profile(context: TurnContext, state: Turn) -> TurnContext:
    """The context with the profile that the turn began with; a turn of a former version has none."""
    defaults = state.get("profile")
    return replace(context, profile=Profile(**defaults)) if defaults else context
