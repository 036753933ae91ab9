"""Fault injection for tests: at one place of a turn the process dies, hangs or raises. Off by default."""

import asyncio
import os
import signal
from collections.abc import Collection
from dataclasses import dataclass

from langgraph.runtime import Runtime

from graph.context import TurnContext
from graph.errors import ConfigurationError
from graph.state import Turn
from graph.turn.node import Node

PLACES = ("before", "after_effect", "after_checkpoint")
ACTIONS = ("kill", "hang", "raise")


class FailPointReached(Exception):
    """Raised by a fail point. It is not a `ChatError`, so it is handled like a fault in the code."""


@dataclass(frozen=True, slots=True)
class FailPoint:
    """A step, a place in it and the action there. Without a step nothing happens anywhere."""

    step: str = ""
    place: str = ""
    action: str = ""

    async def trigger_at(self, step: str, place: str) -> None:
        """Take the action if it is meant for this place: before a step, after its work, or after its checkpoint is stored."""
        if (step, place) != (self.step, self.place):
            return
        match self.action:
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "hang":
                await asyncio.get_running_loop().create_future()
            case "raise":
                raise FailPointReached

    def require_step_of(self, steps: Collection[str]) -> None:
        """
        Raises:
            ConfigurationError: the fail point's step is none of these.
        """
        if self.step and self.step not in steps:
            raise ConfigurationError(f"Unknown step in FAILPOINT; valid steps: {', '.join(steps)}.")

    def wrap_node(self, name: str, node: Node) -> Node:
        """The node of this name, with the action before or after its work."""
        return FailPointNode(self, name, node) if name == self.step else node


@dataclass(frozen=True, slots=True)
class FailPointNode:
    """A node with a fail point before or after its work."""

    fail_point: FailPoint
    name: str
    node: Node

    async def __call__(self, state: Turn, runtime: Runtime[TurnContext]) -> Turn:
        await self.fail_point.trigger_at(self.name, "before")
        update = await self.node(state, runtime)
        await self.fail_point.trigger_at(self.name, "after_effect")
        return update


def parse_fail_point(text: str | None) -> FailPoint:
    """The fail point that `<step>:<place>:<action>` names; without a text one that never triggers.

    Raises:
        ConfigurationError: the text has another form.
    """
    if not text:
        return FailPoint()
    step, place, action = [*text.split(":"), "", ""][:3]
    if text.count(":") != 2 or place not in PLACES or action not in ACTIONS:
        raise ConfigurationError(f"FAILPOINT must be <step>:<{'|'.join(PLACES)}>:<{'|'.join(ACTIONS)}>.")
    return FailPoint(step, place, action)
