"""Processes one run: from its beginning, or from the last checkpoint of another process, to its end."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, cast

import structlog
from langchain_core.runnables import RunnableConfig

from employees.roster import Roster
from graph.build import FLOW, TurnGraph, with_checkpointer
from graph.context import TurnContext
from graph.errors import (
    ChatError,
    DatabaseUnavailable,
    LeaseLost,
    RunAbandoned,
    RunTimeout,
    error_from_code,
    safe_summary,
)
from graph.events import Done, Error
from graph.ports.memory import StoredTurn, Transcript
from graph.ports.models import ChatModel, CountTokens
from graph.ports.notifications import Notifier, due_notification
from graph.ports.redaction import Redactor
from graph.ports.runs import Checkpoints, Run, RunIntake, RunOutcome, RunQueue, Step
from graph.ports.telemetry import RunMetrics
from graph.ports.tools import ToolRuntime
from graph.retry import retry_on_database_down
from graph.runs.lease import LeaseKeeper
from graph.runs.live_run import LiveRun, turn_from_checkpoint
from graph.runs.log_writer import LogWriter
from graph.runs.partial_turn import PartialTurnRecorder
from graph.runs.phase import RunPhase
from graph.runs.stream_resume import events_of_turn
from graph.runs.terminal_events import Status, done_event, error_event, start_event
from graph.runs.trace import answering_model, build_trace
from graph.state import NO_USAGE, Turn, TurnInput

log = structlog.get_logger(__name__)

MAX_EPOCHS = 10
"""Epochs of a run. Each process that dies with the run costs one, and so does each wait for its user. A run that needs more
fails."""

INTERRUPT = "__interrupt__"
"""The key under which LangGraph streams an interrupt."""


@dataclass(frozen=True, slots=True)
class RunPorts:
    """What the execution of runs needs beside the graph."""

    intake: RunIntake
    queue: RunQueue
    checkpoints: Checkpoints
    transcript: Transcript
    redactor: Redactor
    roster: Roster
    model: ChatModel
    toolbox: ToolRuntime
    count_tokens: CountTokens
    notifier: Notifier
    metrics: RunMetrics
    prefetch: Callable[[Run, str], None]
    """Starts to read what the first steps of a new run need; it gets the run and the user's text, and does not block."""
    lease_seconds: float
    run_timeout_seconds: float
    """How long a process may work on a run."""


@dataclass(frozen=True, slots=True)
class GraphResult:
    """How the graph of a run ended in this process."""

    status: Status
    error: ChatError | None = None


CANCELLED = GraphResult("stopped")
"""The graph was cancelled before it stored its answer. The phase of the run says why: a stop, a hand-over, or a lost lease."""


class Runner:
    """Runs the graph of a run, renews the lease and writes the log meanwhile, and stores the outcome."""

    def __init__(self, graph: TurnGraph, ports: RunPorts) -> None:
        self.graph = graph
        self.ports = ports
        self.log_writer = LogWriter(ports.queue, ports.notifier, ports.metrics)
        self.lease_keeper = LeaseKeeper(ports.queue, ports.notifier, ports.metrics, ports.lease_seconds)
        self.partial_turns = PartialTurnRecorder(ports.transcript, ports.redactor, ports.toolbox, ports.count_tokens)

    async def process(self, live: LiveRun) -> bool:
        """Work on the run until it ends or leaves this process; true if other runs wait for its session."""
        structlog.contextvars.bind_contextvars(run_id=live.run.id)
        with self.ports.metrics.track_run(live.run, live.has_waited):
            return await self._process(live)

    async def _process(self, live: LiveRun) -> bool:
        helpers = [
            asyncio.create_task(self.log_writer.write_repeatedly(live)),
            asyncio.create_task(self.lease_keeper.renew_repeatedly(live)),
        ]
        try:
            result = await self._execute(live)
            if live.phase is RunPhase.DETACHED:
                return self._leave(live)
            if live.phase is RunPhase.HANDING_OVER and result is CANCELLED:
                return await self._hand_over(live)
            return await self._finish(live, result)
        finally:
            for helper in helpers:
                helper.cancel()

    async def _execute(self, live: LiveRun) -> GraphResult:
        """Run the graph in a task of its own, which a stop or a hand-over can cancel."""
        if live.run.epoch > MAX_EPOCHS or live.text is None:
            return GraphResult("failed", RunAbandoned())
        if live.phase is RunPhase.HANDING_OVER:
            return CANCELLED
        live.graph_task = asyncio.create_task(self._run_from_checkpoint(live))
        try:
            async with asyncio.timeout(self.ports.run_timeout_seconds):
                await live.graph_task
        except asyncio.CancelledError:
            return CANCELLED
        except TimeoutError:
            return GraphResult("failed", RunTimeout())
        except LeaseLost:
            live.detach()
            return CANCELLED
        except ChatError as error:
            return GraphResult("failed", error)
        except Exception as error:  # noqa: BLE001 - the run ends with an error event
            log.error("run_failed", reason=safe_summary(error))
            return GraphResult("failed", ChatError())
        return graph_result(live)

    async def _run_from_checkpoint(self, live: LiveRun) -> None:
        """Run the graph from its beginning, or from the last checkpoint of another process."""
        run = live.run
        config: RunnableConfig = {"configurable": {"thread_id": run.session_id, "run": run.id}}
        async with self.ports.checkpoints.turn(run) as saver:
            graph = with_checkpointer(self.graph, saver)
            live.employee = self.ports.roster.find(run.employee)
            if not live.entries:
                live.emit(start_event(run, live.employee))
            if run.epoch > 1:
                await self._restore(live, graph, config)
            if live.phase is RunPhase.RUNNING and live.turn and not live.stored:
                await self._run_graph(live, graph, None, config)
            # LangGraph may take a checkpoint of a broken turn for a finished one, so an empty continuation is followed by a
            # new beginning.
            if live.phase is RunPhase.RUNNING and not live.turn.get("message_id"):
                await self._run_graph(live, graph, TurnInput(), config)

    async def _restore(self, live: LiveRun, graph: TurnGraph, config: RunnableConfig) -> None:
        """Read how far the run has come, and stream the events that its followers may lack."""
        run = live.run
        state = await graph.aget_state(config)
        if cast(dict[str, Any], state.metadata or {}).get("run") == run.id:
            live.turn = turn_from_checkpoint(state.values)
            # How long another process took for its steps is not known.
            live.path = [Step(node=name, ms=0, first_ms=None) for name in FLOW.path_to(state.next, live.turn)]
        live.stored = await self.ports.transcript.find(run.user_id, run.id)
        if live.stored:
            live.turn.update(stored_turn(live.stored))
            if live.stored.status != "complete":
                return
        for event in events_of_turn(live.turn):
            live.emit(event)

    async def _run_graph(
        self, live: LiveRun, graph: TurnGraph, graph_input: TurnInput | None, config: RunnableConfig
    ) -> None:
        """Stream the graph into the run.

        Args:
            live: the run.
            graph: the graph with the turn's checkpointer.
            graph_input: the empty input to begin a turn, None to continue from the last checkpoint.
            config: names the thread and the run.
        """
        run = live.run
        context = TurnContext(
            run.user_id, run.session_id, run.id, run.epoch, run.employee, live.text or "", live.aborted_usage
        )
        live.start_steps()
        stream = graph.astream(
            graph_input, config, context=context, stream_mode=["custom", "updates"], durability="sync"
        )
        async for mode, part in cast(AsyncIterator[tuple[str, Any]], stream):
            if mode == "custom":
                live.emit(part)
            else:
                for node, update in part.items():
                    if node == INTERRUPT:
                        live.mark_waiting()
                    else:
                        live.record_step(node, cast(Turn, update or {}))

    def _leave(self, live: LiveRun) -> bool:
        """Record that a detached run is left to another process."""
        log.warning("run_detached")
        self.ports.metrics.detached(live.run)
        return False

    async def _hand_over(self, live: LiveRun) -> bool:
        """Write the log and end the lease, so that another process claims the run at once."""
        try:
            await self.log_writer.flush(live)
            await self.ports.queue.release(live.run)
            await self.ports.notifier.send(due_notification(live.run.id))
        except ChatError as error:
            log.warning("lease_not_released", reason=error.code)
        live.detach()
        return False

    async def _finish(self, live: LiveRun, result: GraphResult) -> bool:
        """Store the outcome and free the session, then publish the last event."""
        others_wait = False
        try:
            message_id = await self._message_id(live, result)
            end = last_event(live.turn, message_id, result)
            entries = live.final_entries(end)
            error_code = result.error.code if result.error else None
            outcome = RunOutcome(result.status, message_id, error_code, build_trace(live, self.ports.model))
            others_wait = await retry_on_database_down(lambda: self.log_writer.finish(live, entries, outcome))
            self._record_metrics(live, outcome, end)
        except (LeaseLost, DatabaseUnavailable):  # in the second case a process claims it when the database is back
            live.detach()
            return self._leave(live)
        except Exception as error:  # noqa: BLE001 - followers wait for a last event
            log.error("run_outcome_not_stored", reason=safe_summary(error))
            entries = live.final_entries(error_event(error if isinstance(error, ChatError) else ChatError()))
        log.info("run_ended", status=result.status, reason=result.error.code if result.error else None)
        live.publish(entries)
        return others_wait

    async def _message_id(self, live: LiveRun, result: GraphResult) -> str | None:
        """Id of the turn's stored answer; a turn that did not come to its end is stored as far as it came."""
        if (message_id := live.turn.get("message_id")) or result.status == "waiting":
            return message_id
        model = answering_model(live, live.turn.get("messages", ()), self.ports.model)
        return await self.partial_turns.record(live, model, result.status, result.error)

    def _record_metrics(self, live: LiveRun, outcome: RunOutcome, end: Done | Error) -> None:
        if live.first_text_at and not live.streamed_text_before:
            self.ports.metrics.first_text(live.run, live.first_text_at - live.started_at)
        usage = live.turn.get("usage", NO_USAGE)
        self.ports.metrics.ended(live.run, outcome, usage, time.perf_counter() - live.started_at)
        if end["type"] == "done" and (amounts := end.get("untraced_amounts")):
            self.ports.metrics.ungrounded_amounts(live.run, len(amounts))
            log.warning("ungrounded_amounts", count=len(amounts))


def graph_result(live: LiveRun) -> GraphResult:
    """The result of a graph that returned. A stop or a hand-over may have kept it from storing its answer."""
    if live.phase in (RunPhase.STOPPING, RunPhase.HANDING_OVER) and not live.turn.get("message_id"):
        return CANCELLED
    if live.phase is RunPhase.WAITING:
        return GraphResult("waiting")
    if stored := live.stored:
        return GraphResult(stored.status, error_from_code(stored.error) if stored.error else None)
    return GraphResult("complete")


def last_event(turn: Turn, message_id: str | None, result: GraphResult) -> Done | Error:
    return error_event(result.error) if result.error else done_event(turn, message_id, result.status)


def stored_turn(stored: StoredTurn) -> Turn:
    """The fields of a turn that the history holds."""
    return Turn(messages=list(stored.messages), usage=stored.usage, message_id=stored.message_id)
