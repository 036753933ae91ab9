"""LangGraph Studio's way into the graph: the service's steps, over the service's ports or over those of a recorded turn.

`langgraph.json` names `chat`, which gives the graph to each of Studio's requests, and `app`, whose lifespan opens what is
behind it. The service accepts a run before its graph starts and tells it who is asking; in Studio nobody does, so each step
first finds out from the thread, the run and the form, or from the recording.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import NoReturn

from langgraph.runtime import ExecutionInfo, Runtime
from starlette.applications import Starlette

from employees.roster import Roster
from graph.adapters.postgres.conversation.sessions import PostgresSessions
from graph.adapters.postgres.provisioning import Report
from graph.build import NodeWrapper, Ports, TurnGraph, build
from graph.context import TurnContext
from graph.errors import ChatError, NotFound, UnknownEmployee
from graph.replay.fake_values import with_stand_ins
from graph.replay.play import Code, Stage, todays_code
from graph.replay.recorded_ports import OWNER, RUN, SESSION
from graph.replay.recording import Recording
from graph.replay.studio_node import RecordedStep
from graph.settings import Settings, read_settings
from graph.state import Turn
from graph.testing.auto_approvals import UnstoredApprovals
from graph.turn.node import Node
from graph.wiring.background import running_worker
from graph.wiring.service import open_infrastructure
from graph.wiring.turn_ports import build_ports
from migrations.demo.generate import DEMO_USER

FindCaller = Callable[[TurnContext, Turn, ExecutionInfo], Awaitable[TurnContext]]
"""Completes what the context form says of the caller, from the state and from the names of the thread and the run."""


@dataclass(frozen=True, slots=True)
class Backstage:
    """What is behind the graph: what its steps need of the world, and what is put around each of them."""

    ports: Ports
    around: NodeWrapper


@asynccontextmanager
async def backstage(settings: Settings, report: Report) -> AsyncIterator[Backstage]:
    """Choose what is behind the graph: a recorded turn, else the configured database, else the embedded one."""
    if settings.studio_recording:
        recording, code = await asyncio.to_thread(read_files, settings.studio_recording, settings.data_dir)
        report(f"ready: {settings.studio_recording} plays")
        yield of_recording(recording, code)
        return
    async with AsyncExitStack() as stack:
        infra = await stack.enter_async_context(open_infrastructure(settings, report))
        ports = await build_ports(infra, UnstoredApprovals())
        await stack.enter_async_context(running_worker(infra.queue))
        default = infra.roster.find(settings.default_employee_slug).slug
        report("ready: the demo user asks")
        caller = DemoCaller(PostgresSessions(infra.database), infra.roster, default)
        yield Backstage(ports, lambda name, node: ForCaller(caller, node))


def read_files(recording: Path, data_dir: Path) -> tuple[Recording, Code]:
    """Raises: RecordingUnreadable."""
    return Recording.read(recording), todays_code(data_dir)


def of_recording(recording: Recording, code: Code) -> Backstage:
    """A recorded turn is behind the graph: no database, no model, no network."""

    def around(name: str, node: Node) -> Node:
        return ForCaller(RecordedCaller(recording), RecordedStep(recording, code, name))

    return Backstage(Stage(recording, code).ports(), around)


@dataclass(frozen=True, slots=True)
class DemoCaller:
    """The demo user, in a session that has the thread's id."""

    sessions: PostgresSessions
    roster: Roster
    default_employee: str

    async def __call__(self, given: TurnContext, state: Turn, execution: ExecutionInfo) -> TurnContext:
        """
        Raises:
            UnknownEmployee: nobody has the name in the form.
            NotFound: the session is another user's.
        """
        caller = replace(
            given,
            user_id=given.user_id or DEMO_USER,
            session_id=given.session_id or execution.thread_id or "",
            run_id=given.run_id or execution.run_id or "",
        )
        asked = self._slug(given.employee or state.get("employee") or "")
        try:
            employee = await self.sessions.enter(caller.user_id, caller.session_id, asked, self.default_employee)
        except NotFound:
            raise NotFound("The session of this thread belongs to another user; begin a new thread.") from None
        return replace(caller, employee=employee)

    def _slug(self, name: str) -> str | None:
        if not name.strip():
            return None
        try:
            return self.roster.find(name).slug
        except UnknownEmployee:
            slugs = ", ".join(employee.slug for employee in self.roster.all())
            raise UnknownEmployee(f"There is no employee of this name; there are {slugs}.") from None


@dataclass(frozen=True, slots=True)
class RecordedCaller:
    """Whoever asked when the turn was recorded, and what they asked unless the form says something else."""

    recording: Recording

    async def __call__(self, given: TurnContext, state: Turn, execution: ExecutionInfo) -> TurnContext:
        recorded = "" if state.get("message") else with_stand_ins(self.recording.question)
        return TurnContext(
            user_id=given.user_id or OWNER,
            session_id=given.session_id or SESSION,
            run_id=given.run_id or RUN,
            employee=self.recording.employee,
            text=given.text or recorded,
        )


@dataclass(frozen=True, slots=True)
class ForCaller:
    """A step that runs for the caller of Studio."""

    find_caller: FindCaller
    node: Node

    async def __call__(self, state: Turn, runtime: Runtime[TurnContext]) -> Turn:
        assert runtime.execution_info
        caller = await self.find_caller(runtime.context or TurnContext(), state, runtime.execution_info)
        return await self.node(state, runtime.override(context=caller))


def graph_over(behind: Backstage) -> TurnGraph:
    """The service's graph; without a checkpointer, as Studio brings its own."""
    return build(behind.ports, behind.around)


@cache
def opened() -> "asyncio.Future[TurnGraph]":
    """The graph of this process, once what is behind it is open."""
    return asyncio.get_running_loop().create_future()


@asynccontextmanager
async def open_backstage(_: Starlette) -> AsyncIterator[None]:
    """Open what is behind the graph as Studio's server starts, and close it as the server stops."""
    async with AsyncExitStack() as stack:
        try:
            behind = await stack.enter_async_context(backstage(read_settings(), say))
        except ChatError as error:
            give_up(error)
        opened().set_result(graph_over(behind))
        yield


def give_up(error: ChatError) -> NoReturn:
    """End the process with the error's message; whatever is raised here, Studio's server would show with its traceback."""
    say(f"studio: {error.message}")
    os._exit(1)


async def chat() -> TurnGraph:
    """The graph: the same one for each request, which Studio copies before it changes anything."""
    return await asyncio.shield(opened())


def say(line: str) -> None:
    print(line, flush=True)


app = Starlette(lifespan=open_backstage)
