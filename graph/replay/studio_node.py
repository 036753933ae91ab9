"""One step of a recorded turn by itself, for LangGraph Studio: there a step runs again, and from any earlier state."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from langchain_core.messages import AIMessage, AnyMessage
from langgraph.runtime import Runtime

from graph.context import TurnContext
from graph.errors import ChatError
from graph.replay.play import Checkout, ReplayHarness
from graph.replay.recording import Recording
from graph.state import Turn


class TurnStopped(ChatError):
    """The turn was stopped here when it was recorded."""

    code = "stopped"


@dataclass(frozen=True, slots=True)
class RecordedNode:
    """A node with ports of its own, which return the part of the recording after the state of the turn."""

    recording: Recording
    checkout: Checkout
    name: str

    async def __call__(self, state: Turn, runtime: Runtime[TurnContext]) -> Turn:
        """
        Raises:
            TurnStopped: its user stopped the turn here.
            ChatError: the error that ended the turn.
        """
        harness = ReplayHarness(rest_of(self.recording, state.get("messages", [])), self.checkout)
        step = asyncio.ensure_future(harness.nodes()[self.name](state, runtime))
        stopped = asyncio.ensure_future(harness.interruption.reached.wait())
        try:
            await asyncio.wait({step, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if step.done():
                return await step
            raise TurnStopped
        finally:
            step.cancel()
            stopped.cancel()


def rest_of(recording: Recording, messages: Sequence[AnyMessage]) -> Recording:
    """What is still to come of a turn that has these messages: the answers after the last one, and the results that it or
    later ones ask for.
    """
    said = sum(isinstance(message, AIMessage) for message in messages)
    asked_before = sum(len(answer.calls) for answer in recording.answers[: max(said - 1, 0)])
    return recording.model_copy(
        update={"answers": recording.answers[said:], "tools": recording.tools[asked_before:]},
    )
