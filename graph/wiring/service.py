"""The composition root: settings become adapters, adapters become a service. The only file that names providers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from langgraph.graph import START

from employees.ranking import Router
from graph.adapters.auth.jwt_verifier import TokenVerifier
from graph.adapters.auth.local_issuer import LocalIssuer
from graph.adapters.auth.supabase import check_sign_in
from graph.adapters.postgres.conversation.facts import PostgresFacts
from graph.adapters.postgres.conversation.sessions import PostgresSessions
from graph.adapters.postgres.database import Database
from graph.adapters.postgres.ledger.catalogue_sync import project
from graph.adapters.postgres.privacy.file_store import PostgresFiles
from graph.adapters.postgres.privacy.key_rotation import PostgresSeals
from graph.adapters.postgres.provisioning import Report, database_of
from graph.adapters.postgres.runs.run_store import PostgresRunStore
from graph.adapters.redaction.workers import WorkerRedactor
from graph.adapters.turn_prefetch import Foresight
from graph.build import build
from graph.errors import ChatError
from graph.jobs import rotation
from graph.runs.manager import Runs
from graph.runs.runner import RunPorts
from graph.settings import Settings
from graph.turn.node import Node
from graph.web.service import Service
from graph.wiring.background import register_retention, register_summaries, taking_up_changes, working
from graph.wiring.catalogue import OUR_HOUSE, House, with_servers
from graph.wiring.infrastructure import Foundations, lay_foundations, local_embedder_of, seed_demo
from graph.wiring.providers import signals_of, verifier_of
from graph.wiring.turn_ports import ports_of, store_of
from migrations.runner import pending, read_migrations

READY_SECONDS = 2.0


@asynccontextmanager
async def open_service(settings: Settings, report: Report, house: House = OUR_HOUSE) -> AsyncIterator[Service]:
    """Everything behind the routes, started; stopped in the reverse order.

    Raises:
        ConfigurationError: something that is configured does not work.
    """
    async with AsyncExitStack() as stack:
        shared = await stack.enter_async_context(open_foundations(settings, report, house))
        service = await assemble(shared, stack)
        await check_sign_in(settings, service.verifier, report)
        yield service


@asynccontextmanager
async def open_foundations(settings: Settings, report: Report, house: House = OUR_HOUSE) -> AsyncIterator[Foundations]:
    """What the service and LangGraph Studio stand on: a database with its employees and its demo user, the models, the queue.

    Raises:
        ConfigurationError: something that is configured does not work.
    """
    async with AsyncExitStack() as stack:
        addresses = await stack.enter_async_context(database_of(settings, report))
        house = await with_servers(house, settings)
        shared = await lay_foundations(settings, house, addresses, stack, report)
        await project(shared.database, shared.roster, house.tools)
        if not settings.database_url:
            await seed_demo(shared.database, shared.notes, report)
        register_summaries(shared)
        register_retention(shared)
        rotation.register(shared.queue, PostgresSeals(shared.database, shared.sealer))
        yield shared


async def assemble(shared: Foundations, stack: AsyncExitStack) -> Service:
    """Connect the parts; what must be closed goes onto the stack."""
    settings = shared.settings
    store = store_of(shared)
    runs = await runs_of(shared, store)
    await stack.enter_async_context(runs.watching())
    await stack.enter_async_context(working(shared.queue))
    await stack.enter_async_context(taking_up_changes(shared))
    issuer = None if settings.supabase_url else LocalIssuer(settings.data_dir / "issuer.pem")
    verifier = verifier_of(settings, issuer)
    return Service(
        runs=runs,
        store=store,
        sessions=PostgresSessions(shared.database),
        facts=PostgresFacts(shared.database),
        approvals=shared.approvals,
        tools=shared.house.tools_by_name(),
        files=PostgresFiles(shared.database, shared.sealer),
        roster=shared.roster,
        router=Router(shared.roster, await asyncio.to_thread(local_embedder_of, shared)),
        redactor=shared.redactor,
        verifier=verifier,
        issuer=issuer,
        ready=lambda: readiness(shared.database, shared.redactor, runs, verifier),
        unreachable=shared.house.unreachable,
        left_out=shared.house.left_out,
        provider_faults=shared.observer.providers.details,
        metrics=shared.observer,
        metrics_token=settings.metrics_token,
        max_message_chars=settings.max_message_chars,
    )


async def runs_of(shared: Foundations, store: PostgresRunStore) -> Runs:
    """The graph over its ports, and what runs it."""
    ports = await ports_of(shared, shared.approvals)
    foresight = Foresight(shared.redactor, shared.memory, shared.embedder, shared.retriever)
    settings = shared.settings
    signals = signals_of(settings, shared.addresses)
    shared.observer.watch_news(lambda: signals.connected)

    def around(name: str, node: Node) -> Node:
        return shared.observer.around_step(name, shared.failpoint.around(name, node))

    graph = build(ports, around)
    shared.failpoint.check([name for name in graph.nodes if name != START])
    return Runs(
        graph,
        RunPorts(
            store=store,
            checkpoints=shared.checkpoints,
            transcript=ports.transcript,
            redactor=shared.redactor,
            roster=shared.roster,
            model=shared.model,
            toolbox=ports.toolbox,
            count=shared.count,
            signals=signals,
            meter=shared.observer,
            anticipate=foresight.begin,
            lease_seconds=settings.lease_seconds,
            run_seconds=settings.run_seconds,
        ),
        most=settings.max_active_runs,
    )


async def readiness(
    database: Database, redactor: WorkerRedactor, runs: Runs, verifier: TokenVerifier
) -> dict[str, bool]:
    """Each part that a turn needs, and whether it works now; a process that is to stop is not ready."""
    own = {"models": redactor.is_warm, "accepting": not runs.draining}
    if not await verifier.works():
        own["sign_in"] = False
    try:
        async with asyncio.timeout(READY_SECONDS), database.acting_for_nobody() as connection:
            missing = await pending(connection, read_migrations())
        return {"database": True, "migrations": not missing, **own}
    except (ChatError, TimeoutError):
        return {"database": False, "migrations": False, **own}
