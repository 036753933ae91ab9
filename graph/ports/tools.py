"""The tools, what they may use, and their effects."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from graph.context import TurnContext
from graph.tool import Files, Knowledge, Rows, Tool, ToolOutput


@dataclass(frozen=True, slots=True)
class Effect:
    """One call of a write or outbound tool. `run_id` and `ordinal` identify it."""

    user_id: str
    run_id: str
    epoch: int
    """The attempt at the run; 0 without a run."""
    ordinal: int
    """Position among all calls of the run, from 0."""
    tool: str
    arguments: Mapping[str, Any]
    external: bool = False
    """Whether the effect is outside the database."""


class DelegationPort(Protocol):
    """Lets colleagues answer questions."""

    async def delegate(self, context: TurnContext, colleague: str, question: str, today: str) -> Mapping[str, Any]:
        """A colleague's answer.

        Args:
            context: of the employee who asks.
            colleague: the slug.
            question: all that the colleague reads of the conversation.
            today: the date of the turn (ISO 8601).

        Returns:
            As `graph.tool.Colleagues.delegate`.

        Raises:
            ToolError: delegation is not possible here.
        """
        ...


class ToolRuntime(Protocol):
    """The tools, and what they may use for a user."""

    def tools(self, names: Sequence[str]) -> Sequence[Tool]:
        """The tools of these names, in this order; unknown names are left out."""
        ...

    def try_acquire(self, user_id: str, tool: Tool) -> bool:
        """Count a call against the tool's rate limit for this user; False if the limit is exceeded."""
        ...

    def rows(self, user_id: str) -> Rows:
        """The rows of one user."""
        ...

    def files(self, user_id: str, call: str = "") -> Files:
        """The file store of one user.

        Args:
            user_id: the user.
            call: identifies the call (`graph.turn.tool_executor.call_key`). The same call, executed again after its process
                died, replaces the file that it stored before.
        """
        ...

    def knowledge(self, user_id: str) -> Knowledge:
        """The stored texts of one user."""
        ...

    async def execute_once(self, effect: Effect, execute: Callable[[Rows], Awaitable[ToolOutput]]) -> ToolOutput:
        """Execute an effect and store its outcome in one transaction; return the stored outcome of an earlier execution.

        The checkpoint that led to the effect is durable before the effect happens. An external effect happens at most once:
        its entry in the effect ledger is written before it and completed after it.

        Raises:
            LeaseLost: another process works on the run.
            ToolError: an external effect was started earlier and its outcome is unknown.
        """
        ...
