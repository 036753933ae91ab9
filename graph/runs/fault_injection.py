"""A place in a turn at which a process dies, hangs or raises, for tests of what becomes of the turn. Off by default."""

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
    """What a fail point raises: no error of ours, so it is met like a fault in the code."""


@dataclass(frozen=True, slots=True)
class FailPoint:
    """What happens where; with no step it happens nowhere."""

    step: str = ""
    place: str = ""
    action: str = ""

    async def reached(self, step: str, place: str) -> None:
        """A turn has come to a place: before a step, after its work, or after the checkpoint that holds it."""
        if (step, place) != (self.step, self.place):
            return
        match self.action:
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "hang":
                await asyncio.get_running_loop().create_future()
            case "raise":
                raise FailPointReached

    def check(self, steps: Collection[str]) -> None:
        """
        Raises:
            ConfigurationError: it is at none of these steps.
        """
        if self.step and self.step not in steps:
            raise ConfigurationError(f"FAILPOINT names no step; there are {', '.join(steps)}.")

    def around(self, name: str, node: Node) -> Node:
        """The step with its places before and after."""
        return FailPointNode(self, name, node) if name == self.step else node


@dataclass(frozen=True, slots=True)
class FailPointNode:
    """A step at which a fail point is."""

    point: FailPoint
    name: str
    node: Node

    async def __call__(self, state: Turn, runtime: Runtime[TurnContext]) -> Turn:
        await self.point.reached(self.name, "before")
        update = await self.node(state, runtime)
        await self.point.reached(self.name, "after_effect")
        return update


def read_failpoint(text: str | None) -> FailPoint:
    """The fail point that `<step>:<place>:<action>` names.

    Raises:
        ConfigurationError: it names none.
    """
    if not text:
        return FailPoint()
    step, place, action = [*text.split(":"), "", ""][:3]
    if text.count(":") != 2 or place not in PLACES or action not in ACTIONS:
        raise ConfigurationError(f"FAILPOINT is <step>:<{'|'.join(PLACES)}>:<{'|'.join(ACTIONS)}>.")
    return FailPoint(step, place, action)
