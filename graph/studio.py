"""The entrance for LangGraph Studio: the service's graph over the service's ports, or over those of a recorded turn.

`langgraph.json` names `chat`, which returns the graph for each of Studio's requests, and `app`, whose lifespan opens the
backend. The service fills the context of a run when it accepts the run. Studio accepts no run, so each node first completes
the context from the thread, the run and the form, or from the recording.
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
from graph.build import NodeWrapper, Ports, TurnGraph, build
from graph.context import TurnContext
from graph.errors import ChatError, NotFound, UnknownEmployee
from graph.replay.fake_values import with_fake_values
from graph.replay.play import Checkout, ReplayHarness, current_checkout
from graph.replay.recorded_ports import OWNER, RUN, SESSION
from graph.replay.recording import Recording
from graph.replay.studio_node import RecordedNode
from graph.settings import Settings, read_settings
from graph.state import Turn
from graph.testing.auto_approvals import AutoApprovals
from graph.turn.node import Node
from graph.wiring.background import running_worker
from graph.wiring.catalogue import default_employee
from graph.wiring.service import open_infrastructure
from graph.wiring.turn_ports import build_ports
from migrations.demo.generate import DEMO_USER

CompleteContext = Callable[[TurnContext, Turn, ExecutionInfo], Awaitable[TurnContext]]
"""Completes the context of Studio's form, from the state and from the ids of the thread and the run."""

GetOrCreateSession = Callable[[str, str, str | None, str], Awaitable[str]]
"""From the user's id, the session's id, the requested employee and the default one to the slug of the session's employee."""


@dataclass(frozen=True, slots=True)
class StudioBackend:
    """The ports of the graph's nodes, and the wrapper of each node."""

    ports: Ports
    wrap_node: NodeWrapper


@asynccontextmanager
async def open_backend(settings: Settings, report: Callable[[str], None]) -> AsyncIterator[StudioBackend]:
    """Open the recorded turn if one is configured, else the service's adapters.

    Raises:
        ConfigurationError: a configured part does not work.
        RecordingUnreadable: the file is not a recording.
    """
    if settings.studio_recording:
        recording, code = await asyncio.to_thread(read_recording, settings.studio_recording, settings.data_dir)
        report(f"ready: {settings.studio_recording} is played")
        yield recorded_backend(recording, code)
        return
    async with AsyncExitStack() as stack:
        infra = await stack.enter_async_context(open_infrastructure(settings, report))
        ports = await build_ports(infra, AutoApprovals())
        await stack.enter_async_context(running_worker(infra.queue))
        default = default_employee(infra.roster, settings)
        report("ready: turns run as the demo user")
        context = DemoUserContext(infra.stores.sessions.get_or_create, infra.roster, default)
        yield StudioBackend(ports, lambda name, node: WithContext(context, node))


def read_recording(recording: Path, data_dir: Path) -> tuple[Recording, Checkout]:
    """
    Raises:
        RecordingUnreadable: the file is not a recording.
    """
    return Recording.read(recording), current_checkout(data_dir)


def recorded_backend(recording: Recording, code: Checkout) -> StudioBackend:
    """The ports of a recorded turn. They need no database, no model and no network."""

    def wrap_node(name: str, node: Node) -> Node:
        return WithContext(RecordedContext(recording), RecordedNode(recording, code, name))

    return StudioBackend(ReplayHarness(recording, code).ports(), wrap_node)


@dataclass(frozen=True, slots=True)
class DemoUserContext:
    """Completes the context with the demo user, and with a session that has the thread's id."""

    get_or_create_session: GetOrCreateSession
    roster: Roster
    default_employee: str

    async def __call__(self, form: TurnContext, state: Turn, execution: ExecutionInfo) -> TurnContext:
        """
        Raises:
            UnknownEmployee: no employee has the name in the form.
            NotFound: the session is another user's.
        """
        context = replace(
            form,
            user_id=form.user_id or DEMO_USER,
            session_id=form.session_id or execution.thread_id or "",
            run_id=form.run_id or execution.run_id or "",
        )
        requested = self._slug(form.employee or state.get("employee") or "")
        try:
            employee = await self.get_or_create_session(
                context.user_id, context.session_id, requested, self.default_employee
            )
        except NotFound:
            raise NotFound("The session of this thread belongs to another user; begin a new thread.") from None
        return replace(context, employee=employee)

    def _slug(self, name: str) -> str | None:
        if not name.strip():
            return None
        try:
            return self.roster.find(name).slug
        except UnknownEmployee:
            slugs = ", ".join(employee.slug for employee in self.roster.all())
            raise UnknownEmployee(f"There is no employee of this name; there are {slugs}.") from None


@dataclass(frozen=True, slots=True)
class RecordedContext:
    """Completes the context with the recorded question, unless the form has another."""

    recording: Recording

    async def __call__(self, form: TurnContext, state: Turn, execution: ExecutionInfo) -> TurnContext:
        recorded = "" if state.get("message") else with_fake_values(self.recording.question)
        return TurnContext(
            user_id=form.user_id or OWNER,
            session_id=form.session_id or SESSION,
            run_id=form.run_id or RUN,
            employee=self.recording.employee,
            text=form.text or recorded,
        )


@dataclass(frozen=True, slots=True)
class WithContext:
    """A node that runs with a completed context."""

    complete: CompleteContext
    node: Node

    async def __call__(self, state: Turn, runtime: Runtime[TurnContext]) -> Turn:
        assert runtime.execution_info
        context = await self.complete(runtime.context or TurnContext(), state, runtime.execution_info)
        return await self.node(state, runtime.override(context=context))


def build_graph(backend: StudioBackend) -> TurnGraph:
    """Build the graph without a checkpointer: Studio has its own."""
    return build(backend.ports, backend.wrap_node)


@cache
def graph_future() -> "asyncio.Future[TurnGraph]":
    """The graph of this process; pending until the backend is open."""
    return asyncio.get_running_loop().create_future()


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[None]:
    """Open the backend when Studio's server starts, and close it when the server stops."""
    async with AsyncExitStack() as stack:
        try:
            backend = await stack.enter_async_context(open_backend(read_settings(), print_progress))
        except ChatError as error:
            abort_start(error)
        graph_future().set_result(build_graph(backend))
        yield


def abort_start(error: ChatError) -> NoReturn:
    """End the process with the error's message. Studio's server would print a raised error with its traceback."""
    print_progress(f"studio: {error.message}")
    os._exit(1)


async def chat() -> TurnGraph:
    """Return the same graph for each request; Studio changes only copies of it."""
    return await asyncio.shield(graph_future())


def print_progress(line: str) -> None:
    print(line, flush=True)


app = Starlette(lifespan=lifespan)
