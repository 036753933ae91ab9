"""The first and the last event of a run."""

from typing import Literal

from langchain_core.messages import AIMessage

from employees.roster import Employee
from graph.errors import ChatError
from graph.events import Done, Error, Start
from graph.grounding.amount_check import ungrounded_amounts
from graph.ports.runs import Run
from graph.state import NO_USAGE, Turn
from graph.turn.model_reply import Finish, finish_of

Status = Literal["complete", "stopped", "failed", "waiting"]


def done_event(turn: Turn, message_id: str | None, status: Status) -> Done:
    usage = turn.get("usage", NO_USAGE)
    done = Done(
        type="done",
        message_id=message_id or "",
        total_tokens=usage["total"],
        usage=usage,
        status="complete" if status == "failed" else status,
    )
    if status == "complete" and (finish := answer_finish(turn)):
        done["finish"] = finish
    if status == "complete" and (untraced := ungrounded_amounts(turn)):
        done["untraced_amounts"] = untraced
    return done


def answer_finish(turn: Turn) -> Finish | None:
    """Why the turn's answer is incomplete; None if it is complete."""
    last = turn["messages"][-1] if turn.get("messages") else None
    return finish_of(last) if isinstance(last, AIMessage) else None


def error_event(error: ChatError) -> Error:
    return Error(type="error", code=error.code, error=error.message)


def start_event(run: Run, employee: Employee) -> Start:
    return Start(type="start", session_id=run.session_id, run_id=run.id, employee=employee.card)
