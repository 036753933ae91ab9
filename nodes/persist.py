"""Stores the turn: messages, tool calls and results, what it took, in one transaction."""

from dataclasses import dataclass

from langgraph.runtime import Runtime

from employees.roster import Roster
from graph.context import TurnContext
from graph.ports.memory import Transcript, TurnRecord
from graph.ports.models import ChatModel
from graph.ports.tools import ToolRuntime
from graph.state import Turn, last_model_name
from graph.turn.taint import taint_sources


@dataclass(frozen=True, slots=True)
class Persist:
    transcript: Transcript
    model: ChatModel
    roster: Roster
    toolbox: ToolRuntime

    async def __call__(self, state: Turn, runtime: Runtime[TurnContext]) -> Turn:
        caller = runtime.context
        speaker = state.get("speaker") or caller.employee
        message_id = await self.transcript.record(
            TurnRecord(
                user_id=caller.user_id,
                session_id=caller.session_id,
                run_id=caller.run_id,
                epoch=caller.epoch,
                employee=caller.employee,
                model=last_model_name(state["messages"], self.model.name(self.roster.find(speaker).settings)),
                messages=state["messages"],
                usage=state["usage"],
                untrusted_sources=taint_sources(state, self.toolbox),
            )
        )
        return Turn(message_id=message_id)
