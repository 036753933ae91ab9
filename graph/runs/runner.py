"""Works on one accepted run: from its first event, or from where a process that died has left it, to its last."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, cast

import structlog
from langchain_core.runnables import RunnableConfig

from employees.roster import Roster
from graph.build import FLOW, TurnGraph, keeping
from graph.context import TurnContext
from graph.errors import (
    ChatError,
    DatabaseUnavailable,
    LeaseLost,
    RunAbandoned,
    RunTimeout,
    describe,
    error_of,
)
from graph.events import Done, Error
from graph.ports.memory import Recorded, Transcript
from graph.ports.models import ChatModel, CountTokens
from graph.ports.notifications import Notifier
from graph.ports.redaction import Redactor
from graph.ports.runs import Checkpoints, Run, RunIntake, RunOutcome, RunQueue, Step
from graph.ports.telemetry import RunMetrics
from graph.ports.tools import Toolbox
from graph.retry import patiently
from graph.runs.lease import LeaseKeeper
from graph.runs.live_run import LiveRun, turn_in
from graph.runs.log_writer import LogWriter
from graph.runs.partial_turn import PartialTurnRecorder
from graph.runs.phase import RunPhase
from graph.runs.stream_resume import events_behind
from graph.runs.terminal_events import Status, done_event, error_event, start_event
from graph.runs.trace import answering_model, build_trace
from graph.state import NO_USAGE, Turn, TurnInput

log = structlog.get_logger(__name__)

MOST_EPOCHS = 10
"""How often a run is begun: once more after each round of calls on which its user decided, and after each process that died
with it. One that needs more is given up."""


INTERRUPT = "__interrupt__"
"""The name under which LangGraph streams that a step waits for somebody."""


@dataclass(frozen=True, slots=True)
class RunPorts:
    """What running a turn needs beside its graph."""

    intake: RunIntake
    queue: RunQueue
    checkpoints: Checkpoints
    transcript: Transcript
    redactor: Redactor
    roster: Roster
    model: ChatModel
    toolbox: Toolbox
    count: CountTokens
    notifier: Notifier
    metrics: RunMetrics
    anticipate: Callable[[Run, str], None]
    """Begins what a turn of this run will need of its text and its session."""
    lease_seconds: float
    run_seconds: float
    """Longest time that a process works on a run."""


@dataclass(frozen=True, slots=True)
class GraphResult:
    """How the graph of a run ended in this process."""

    status: Status
    error: ChatError | None = None


class Runner:
    """Runs the graph for a run, keeps its log and its lease, and stores how it ended."""

    def __init__(self, graph: TurnGraph, ports: RunPorts) -> None:
        self.graph = graph
        self.ports = ports
        self.log_writer = LogWriter(ports.queue, ports.notifier, ports.metrics)
        self.lease_keeper = LeaseKeeper(ports.queue, ports.notifier, ports.metrics, ports.lease_seconds)
        self.partial_turns = PartialTurnRecorder(ports.transcript, ports.redactor, ports.toolbox, ports.count)

    async def attend(self, live: LiveRun) -> bool:
        """Work on a run until it has ended or another process has it; true if others wait for its session."""
        structlog.contextvars.bind_contextvars(run_id=live.run.id)
        with self.ports.metrics.track_run(live.run, live.waited):
            return await self._attend(live)

    async def _attend(self, live: LiveRun) -> bool:
        helpers = [
            asyncio.create_task(self.log_writer.write_repeatedly(live)),
            asyncio.create_task(self.lease_keeper.renew_repeatedly(live)),
        ]
        try:
            result = await self._outcome(live)
            match live.phase, result:
                case RunPhase.DETACHED, _:
                    return self._leave(live)
                case RunPhase.HANDING_OVER, None:
                    return await self._release(live)
                case _:
                    return await self._finish(live, result or GraphResult("stopped"))
        finally:
            for helper in helpers:
                helper.cancel()

    async def _outcome(self, live: LiveRun) -> GraphResult | None:
        """Run the graph; None if it was cancelled before its end."""
        if live.run.epoch > MOST_EPOCHS or live.text is None:
            return GraphResult("failed", RunAbandoned())
        if live.phase is RunPhase.HANDING_OVER:
            return None
        live.work = asyncio.create_task(self._work(live))
        try:
            async with asyncio.timeout(self.ports.run_seconds):
                await live.work
        except asyncio.CancelledError:
            return None
        except TimeoutError:
            return GraphResult("failed", RunTimeout())
        except LeaseLost:
            live.detach()
            return None
        except ChatError as error:
            return GraphResult("failed", error)
        except Exception as error:
            log.error("run_broke", reason=describe(error))
            return GraphResult("failed", ChatError())
        return result_of(live)

    async def _work(self, live: LiveRun) -> None:
        """Run the graph from its beginning, or from the last checkpoint of a process that died."""
        run = live.run
        config: RunnableConfig = {"configurable": {"thread_id": run.session_id, "run": run.id}}
        async with self.ports.checkpoints.turn(run) as saver:
            graph = keeping(self.graph, saver)
            live.employee = self.ports.roster.find(run.employee)
            if not live.entries:
                live.publish(start_event(run, live.employee))
            if run.epoch > 1:
                await self._catch_up(live, graph, config)
            if live.phase is RunPhase.RUNNING and live.turn and not live.recorded:
                await self._run_graph(live, graph, None, config)
            # LangGraph may take a checkpoint of a broken turn for a finished one.
            if live.phase is RunPhase.RUNNING and not live.turn.get("message_id"):
                await self._run_graph(live, graph, TurnInput(), config)

    async def _catch_up(self, live: LiveRun, graph: TurnGraph, config: RunnableConfig) -> None:
        """Learn how far the run has come, and stream what its followers may have missed."""
        run = live.run
        state = await graph.aget_state(config)
        if cast(dict[str, Any], state.metadata or {}).get("run") == run.id:
            live.turn = turn_in(state.values)
            # How long a dead process took for its steps is not known.
            live.path = [Step(node=name, ms=0, first_ms=None) for name in FLOW.path_to(state.next, live.turn)]
        live.recorded = await self.ports.transcript.find(run.user_id, run.id)
        if live.recorded:
            live.turn.update(stored_turn(live.recorded))
            if live.recorded.status != "complete":
                return
        for event in events_behind(live.turn):
            live.publish(event)

    async def _run_graph(
        self, live: LiveRun, graph: TurnGraph, given: TurnInput | None, config: RunnableConfig
    ) -> None:
        """
        Args:
            live: the run.
            graph: with the turn's checkpointer.
            given: an empty form to begin, None to go on from the last checkpoint.
            config: names the thread and the run.
        """
        run = live.run
        context = TurnContext(
            run.user_id, run.session_id, run.id, run.epoch, run.employee, live.text or "", live.unfinished
        )
        live.begin()
        stream = graph.astream(given, config, context=context, stream_mode=["custom", "updates"], durability="sync")
        async for mode, part in cast(AsyncIterator[tuple[str, Any]], stream):
            if mode == "custom":
                live.publish(part)
            else:
                for node, update in part.items():
                    if node == INTERRUPT:
                        live.wait()
                    else:
                        live.advance(node, cast(Turn, update or {}))

    def _leave(self, live: LiveRun) -> bool:
        """The run goes on elsewhere or later: its events will be in the log."""
        log.warning("run_lost")
        self.ports.metrics.detached(live.run)
        live.detach()
        return False

    async def _release(self, live: LiveRun) -> bool:
        """Log what there is, and let another process go on with the run."""
        try:
            await self.log_writer.flush(live)
            await self.ports.queue.release(live.run)
            await self.ports.notifier.send(("due", live.run.id))
        except ChatError as error:
            log.warning("run_not_released", reason=error.code)
        live.detach()
        return False

    async def _finish(self, live: LiveRun, result: GraphResult) -> bool:
        """Store how the run ended, free the session, then tell the followers."""
        status, error = result.status, result.error
        others_wait = False
        try:
            message_id = live.turn.get("message_id")
            if not message_id and status != "waiting":
                model = answering_model(live, live.turn.get("messages", ()), self.ports.model)
                message_id = await self.partial_turns.record(live, model, status, error)
            end = error_event(error) if error else done_event(live.turn, message_id, status)
            last = live.ending(end)
            ending = RunOutcome(status, message_id, error.code if error else None, build_trace(live, self.ports.model))
            others_wait = await patiently(lambda: self.log_writer.finish(live, last, ending))
            self._measure(live, ending, end)
        except (LeaseLost, DatabaseUnavailable):  # in the second case it will be taken over when the database is back
            return self._leave(live)
        except Exception as trouble:  # whatever it is, the followers wait for a last event
            log.error("run_not_settled", reason=describe(trouble))
            last = live.ending(error_event(trouble if isinstance(trouble, ChatError) else ChatError()))
        log.info("run_ended", status=status, reason=error.code if error else None)
        live.show(last)
        return others_wait

    def _measure(self, live: LiveRun, ending: RunOutcome, end: Done | Error) -> None:
        if live.spoke and not live.spoke_before:
            self.ports.metrics.first_text(live.run, live.spoke - live.began)
        usage = live.turn.get("usage", NO_USAGE)
        self.ports.metrics.ended(live.run, ending, usage, time.perf_counter() - live.began)
        if end["type"] == "done" and (untraced := end.get("untraced_amounts")):
            self.ports.metrics.ungrounded_amounts(live.run, len(untraced))
            log.warning("untraced_amounts", count=len(untraced))


def result_of(live: LiveRun) -> GraphResult | None:
    """How a graph ended that ended by itself; None if it ended early because it was to."""
    match live.phase:
        case RunPhase.STOPPING | RunPhase.HANDING_OVER if not live.turn.get("message_id"):
            return None
        case RunPhase.WAITING:
            return GraphResult("waiting")
    if recorded := live.recorded:
        return GraphResult(recorded.status, error_of(recorded.error) if recorded.error else None)
    return GraphResult("complete")


def stored_turn(recorded: Recorded) -> Turn:
    """The fields of a turn that the history holds."""
    return Turn(messages=list(recorded.messages), usage=recorded.usage, message_id=recorded.message_id)
