"""Makes recordings of runs that have ended. It only reads from the database, and everything that it reads is masked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langgraph.graph import END, START

from graph.adapters.postgres.conversation.memory import MAX_HISTORY_ROWS
from graph.adapters.postgres.database import Connection, Database, fetch_all, fetch_one
from graph.adapters.postgres.named_queries import adapter_queries
from graph.build import FLOW
from graph.errors import ChatError, NotFound
from graph.events import Event
from graph.ports.runs import Trace
from graph.replay.normalise import events_for, messages_for, usage_for
from graph.replay.recording import Answer, Memory, Message, Outcome, Recording, ToolRun

QUERIES = adapter_queries("recordings")

Row = Mapping[str, Any]


class NotRecordable(ChatError):
    """The process that worked on this run died, so what the run was given is not known."""

    code = "not_recordable"


@dataclass(frozen=True, slots=True)
class StoredRun:
    """Everything that the database stores of a run."""

    run: Row
    messages: Sequence[Row]
    history: Sequence[Row]
    events: Sequence[Event]
    usage: Row | None


async def record(database: Database, run_or_session: str, budget: int) -> list[Recording]:
    """Recordings of a run, or of all ended runs of a session in order; what the model was asked is not in them yet.

    Args:
        database: where the runs are.
        run_or_session: its id.
        budget: tokens of a prompt.

    Raises:
        NotFound: there is no such run or session, or none of its runs has ended.
        NotRecordable: its process died.
    """
    async with database.system_transaction() as connection:
        [found] = await fetch_all(connection, QUERIES["user_of"], {"id": run_or_session})
    if found["user_id"] is None:
        raise NotFound
    async with database.transaction(str(found["user_id"])) as connection:
        runs = await fetch_all(connection, QUERIES["runs_of"], {"id": run_or_session})
        stored = [await read(connection, run) for run in runs]
    if not stored:
        raise NotFound
    return [recording_of(each, budget) for each in stored]


async def read(connection: Connection, run: Row) -> StoredRun:
    """Raises: NotRecordable."""
    if run["trace"] is None:
        raise NotRecordable
    recollection = run["trace"]["turn"].get("recollection", {})
    values = {
        "run_id": run["id"],
        "session_id": run["session_id"],
        "started_at": run["started_at"],
        "summarized_to": recollection.get("summarized_to", 0),
        "limit": MAX_HISTORY_ROWS,
    }
    history = await fetch_all(connection, QUERIES["history_before"], values)
    return StoredRun(
        run,
        messages=await fetch_all(connection, QUERIES["run_messages"], values),
        history=list(reversed(history)),
        events=[row["event"] for row in await fetch_all(connection, QUERIES["run_events"], values)],
        usage=await fetch_one(connection, QUERIES["run_usage"], values),
    )


def recording_of(stored: StoredRun, budget: int) -> Recording:
    trace = stored.run["trace"]
    turn = trace["turn"]
    recollection = turn.get("recollection", {})
    tools = list(tool_runs(stored))
    return Recording(
        employee=stored.run["employee_slug"],
        version=trace["version"],
        model=trace["model"],
        budget=budget,
        today=turn.get("today") or stored.run["created_at"].date().isoformat(),
        question=stored.messages[0]["content"] if stored.messages else "",
        memory=Memory(
            facts=recollection.get("facts", []),
            summary=recollection.get("summary", ""),
            history=[Message(**row) for row in stored.history],
            searchable=recollection.get("searchable", False),
        ),
        passages=turn.get("passages", []),
        answers=list(answers(stored)),
        steps=trace["path"],
        tools=tools,
        unsummarized=turn.get("unsummarized"),
        ended_at=ended_at(stored),
        error=error(stored),
        outcome=Outcome(
            status=stored.run["status"],
            path=[step["node"] for step in trace["path"]],
            messages=messages_for(stored.messages, tools),
            events=events_for(stored.events, tools),
            usage=usage_for(stored.usage),
            summary_due=turn.get("summary_due", False),
        ),
    )


def tool_runs(stored: StoredRun) -> Iterator[ToolRun]:
    """The calls in the order in which their results came. Providers that repeat ids repeat them in later rounds only."""
    failed = {
        row["metadata"]["tool_call_id"]
        for row in stored.messages
        if row["role"] == "tool" and row["metadata"].get("status") == "error"
    }
    open_runs: list[ToolRun] = []
    for event in stored.events:
        if event["type"] == "tool_call":
            called = event["tool"]
            open_runs.append(ToolRun(id=called["id"], name=called["name"], args=called["args"]))
        elif event["type"] == "tool_result":
            run = next(run for run in open_runs if run.id == event["tool_call_id"])
            open_runs.remove(run)
            yield run.model_copy(update={"result": event["result"], "failed": run.id in failed})
    yield from open_runs


def answers(stored: StoredRun) -> Iterator[Answer]:
    """The model's answers: the assistant's messages, and an answer that was cut before its first word."""
    trace = stored.run["trace"]
    whole = sum(step["node"] == FLOW.model.name for step in trace["path"])
    said = [row for row in stored.messages if row["role"] == "assistant"]
    made = (
        event["tool"] for event in stored.events if event["type"] == "tool_call"
    )  # as written: jsonb loses the order
    for number, row in enumerate(said):
        yield Answer(
            text=row["content"],
            calls=[dict(next(made, call)) for call in row["metadata"].get("tool_calls", ())],
            usage=trace["usage"][number] if number < len(trace["usage"]) else aborted_usage(trace),
            finish=row["metadata"].get("finish"),
            cut=number >= whole,
        )
    if ended_at(stored) == FLOW.model.name and len(said) == whole:
        yield Answer(cut=True, usage=aborted_usage(trace))


def aborted_usage(trace: Trace) -> dict[str, int] | None:
    """The provider's usage of an aborted answer; zero if the tokens were counted here; None without an aborted answer."""
    usage = trace.get("broken_off")
    if usage is None:
        return None
    read, written = (usage["prompt"], usage["completion"]) if usage["source"] == "provider" else (0, 0)
    return {"input_tokens": read, "output_tokens": written, "total_tokens": read + written}


def ended_at(stored: StoredRun) -> str | None:
    """The node in which the run ended, or None if it completed or failed by an internal error, which is not replayed."""
    if stored.run["status"] == "complete":
        return None
    path = [step["node"] for step in stored.run["trace"]["path"]]
    answers = [row for row in stored.messages if row["role"] == "assistant"]
    has_tool_calls = bool(answers and answers[-1]["metadata"].get("tool_calls"))
    step = FLOW.next_node(path[-1] if path else START, has_tool_calls=has_tool_calls)
    is_played = step == FLOW.model.name or stored.run["error_code"] != ChatError.code
    return step if is_played and step != END else None


def error(stored: StoredRun) -> dict[str, str] | None:
    last = stored.events[-1] if stored.events else None
    return {"code": last["code"], "message": last["error"]} if last and last["type"] == "error" else None
