"""The tools, what they may use, and the ledger of their effects."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from graph.context import TurnContext
from graph.tool import Files, Knowledge, Rows, Tool, ToolOutput


@dataclass(frozen=True, slots=True)
class Effect:
    """One call of a tool that changes something."""

    user_id: str
    run_id: str
    epoch: int
    """Of the run, as its worker knows it."""
    ordinal: int
    """Which call of the run it is; with the run it names the effect."""
    tool: str
    arguments: Mapping[str, Any]
    external: bool = False
    """Whether it is made outside the database."""


class DelegationPort(Protocol):
    """Colleagues who answer a question."""

    async def delegate(self, caller: TurnContext, colleague: str, question: str, today: str) -> Mapping[str, Any]:
        """A colleague's answer (see `Colleagues.delegate`); `caller` names who asks, and for which user.

        Raises:
            ToolError: nobody can be asked from here.
        """
        ...


class ToolRuntime(Protocol):
    """The tools, and what they may use for a user."""

    def tools(self, names: Sequence[str]) -> Sequence[Tool]:
        """The tools of these names; a name that is none is left out."""
        ...

    def try_acquire(self, user_id: str, tool: Tool) -> bool:
        """Count a call; false if there were too many of this user's in the last minute."""
        ...

    def rows(self, user_id: str) -> Rows: ...

    def files(self, user_id: str, call: str = "") -> Files:
        """Where a user's tools leave files. What a call (named by the run, its number and its arguments) leaves again, because
        the process died that made it, takes the place of what it left before.
        """
        ...

    def knowledge(self, user_id: str) -> Knowledge: ...

    async def execute_once(self, effect: Effect, make: Callable[[Rows], Awaitable[ToolOutput]]) -> ToolOutput:
        """Make an effect, and store its outcome with it, in one transaction; if it was made before, read the outcome.

        What led to the effect is durable before it is made. One that is made elsewhere is made at most once: its entry is
        written before it, and completed after it.

        Raises:
            LeaseLost: another process works on the run.
            ToolError: it is made elsewhere, was begun before, and nobody knows what came of it.
        """
        ...
