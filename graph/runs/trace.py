"""The trace of a run: what a recording needs of it and what is stored nowhere else."""

from collections.abc import Sequence
from typing import cast

from langchain_core.messages import AIMessage, AnyMessage

from graph.ports.models import ChatModel
from graph.ports.runs import Trace
from graph.runs.live_run import LiveRun
from graph.state import Turn, last_model_name

TRACE_FIELDS = ("today", "recollection", "passages", "unsummarized", "summary_due")
"""The fields of a turn that only its trace stores."""


def build_trace(live: LiveRun, model: ChatModel) -> Trace:
    messages = live.turn.get("messages", ())
    trace = Trace(
        version=live.employee.version if live.employee else "",
        model=answering_model(live, messages, model),
        path=live.path,
        usage=[message.usage_metadata for message in messages if isinstance(message, AIMessage)],
        turn=trace_fields(live.turn),
    )
    if live.aborted_usage.usage:
        trace["broken_off"] = live.aborted_usage.usage
    return trace


def answering_model(live: LiveRun, messages: Sequence[AnyMessage], model: ChatModel) -> str:
    """The model that gave the last answer, or would have given it; empty if the run never began here."""
    return last_model_name(messages, model.name(live.employee.settings) if live.employee else "")


def trace_fields(turn: Turn) -> Turn:
    """The fields that only the trace stores. The history that the turn read is stored as messages, so it is left out."""
    fields = cast(Turn, {name: value for name, value in turn.items() if name in TRACE_FIELDS})
    if "recollection" in fields:
        fields["recollection"] = {**fields["recollection"], "history": []}
    return fields
