"""The composition root: settings become adapters, adapters become a service. The only folder that names providers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from langgraph.graph import START

from employees.ranking import Router
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
from graph.ports.auth import TokenVerifier
from graph.runs.manager import Runs
from graph.runs.runner import RunPorts
from graph.settings import Settings
from graph.turn.node import Node
from graph.web.service import Service
from graph.wiring.background import register_retention_tasks, register_summary_tasks, running_worker, watching_employees
from graph.wiring.catalogue import DEFAULT_CATALOGUE, Catalogue, with_mcp_tools
from graph.wiring.infrastructure import Infrastructure, build_infrastructure, build_local_embedder, seed_demo
from graph.wiring.providers import build_notifier, build_verifier
from graph.wiring.turn_ports import build_ports, build_run_store
from migrations.runner import pending, read_migrations

READY_SECONDS = 2.0


@asynccontextmanager
async def open_service(
    settings: Settings, report: Report, catalogue: Catalogue = DEFAULT_CATALOGUE
) -> AsyncIterator[Service]:
    """Everything behind the routes, started; stopped in the reverse order.

    Raises:
        ConfigurationError: something that is configured does not work.
    """
    async with AsyncExitStack() as stack:
        infra = await stack.enter_async_context(open_infrastructure(settings, report, catalogue))
        service = await build_service(infra, stack)
        await check_sign_in(settings, service.verifier, report)
        yield service


@asynccontextmanager
async def open_infrastructure(
    settings: Settings, report: Report, catalogue: Catalogue = DEFAULT_CATALOGUE
) -> AsyncIterator[Infrastructure]:
    """What the service and LangGraph Studio stand on: a database with its employees and its demo user, the models, the queue.

    Raises:
        ConfigurationError: something that is configured does not work.
    """
    async with AsyncExitStack() as stack:
        addresses = await stack.enter_async_context(database_of(settings, report))
        catalogue = await with_mcp_tools(catalogue, settings)
        infra = await build_infrastructure(settings, catalogue, addresses, stack, report)
        await project(infra.database, infra.roster, catalogue.tools)
        if not settings.database_url:
            await seed_demo(infra.database, infra.notes, report)
        register_summary_tasks(infra)
        register_retention_tasks(infra)
        rotation.register(infra.queue, PostgresSeals(infra.database, infra.sealer))
        yield infra


async def build_service(infra: Infrastructure, stack: AsyncExitStack) -> Service:
    """Connect the parts; what must be closed goes onto the stack."""
    settings = infra.settings
    store = build_run_store(infra)
    runs = await build_run_manager(infra, store)
    await stack.enter_async_context(runs.watching())
    await stack.enter_async_context(running_worker(infra.queue))
    await stack.enter_async_context(watching_employees(infra))
    issuer = None if settings.supabase_url else LocalIssuer(settings.data_dir / "issuer.pem")
    verifier = build_verifier(settings, issuer)
    return Service(
        runs=runs,
        store=store,
        sessions=PostgresSessions(infra.database),
        facts=PostgresFacts(infra.database),
        approvals=infra.approvals,
        tools=infra.catalogue.tools_by_name(),
        files=PostgresFiles(infra.database, infra.sealer),
        roster=infra.roster,
        router=Router(infra.roster, await asyncio.to_thread(build_local_embedder, infra)),
        redactor=infra.redactor,
        verifier=verifier,
        issuer=issuer,
        ready=lambda: readiness(infra.database, infra.redactor, runs, verifier),
        unreachable=infra.catalogue.unreachable_servers,
        left_out=infra.catalogue.rejected_tools,
        provider_faults=infra.observer.providers.details,
        metrics=infra.observer,
        metrics_token=settings.metrics_token,
        max_message_chars=settings.max_message_chars,
    )


async def build_run_manager(infra: Infrastructure, store: PostgresRunStore) -> Runs:
    """The graph over its ports, and what runs it."""
    ports = await build_ports(infra, infra.approvals)
    foresight = Foresight(infra.redactor, infra.memory, infra.embedder, infra.retriever)
    settings = infra.settings
    signals = build_notifier(settings, infra.addresses)
    infra.observer.watch_news(lambda: signals.connected)

    def around(name: str, node: Node) -> Node:
        return infra.observer.around_step(name, infra.failpoint.around(name, node))

    graph = build(ports, around)
    infra.failpoint.check([name for name in graph.nodes if name != START])
    return Runs(
        graph,
        RunPorts(
            intake=store,
            queue=store,
            checkpoints=infra.checkpoints,
            transcript=ports.transcript,
            redactor=infra.redactor,
            roster=infra.roster,
            model=infra.model,
            toolbox=ports.toolbox,
            count=infra.count,
            notifier=signals,
            metrics=infra.observer,
            anticipate=foresight.begin,
            lease_seconds=settings.lease_seconds,
            run_seconds=settings.run_timeout_seconds,
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
