"""Stores the turn."""

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
    """Stores the turn's messages, tool calls, results and usage in one transaction."""

    transcript: Transcript
    model: ChatModel
    roster: Roster
    toolbox: ToolRuntime

    async def __call__(self, state: Turn, runtime: Runtime[TurnContext]) -> Turn:
        context = runtime.context
        employee = self.roster.find(state.get("speaker") or context.employee)
        message_id = await self.transcript.record(
            TurnRecord(
                user_id=context.user_id,
                session_id=context.session_id,
                run_id=context.run_id,
                epoch=context.epoch,
                employee=context.employee,
                model=last_model_name(state["messages"], self.model.name(employee.settings)),
                messages=state["messages"],
                usage=state["usage"],
                untrusted_sources=taint_sources(state, self.toolbox),
            )
        )
        return Turn(message_id=message_id)
