"""Opens the service: adapters, run manager and background work behind the routes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from langgraph.graph import START

from employees.ranking import EmployeeRanker
from graph.adapters.auth.local_issuer import LocalIssuer
from graph.adapters.auth.supabase import report_sign_in_problem
from graph.adapters.embeddings.local import LocalEmbedder
from graph.adapters.postgres.database import Database
from graph.adapters.postgres.ledger.catalogue_sync import sync_catalogue
from graph.adapters.postgres.provisioning import ReportProgress, open_database
from graph.adapters.redaction.workers import WorkerRedactor
from graph.build import build
from graph.errors import ChatError
from graph.ports.auth import TokenVerifier
from graph.runs.manager import RunManager
from graph.runs.runner import RunPorts
from graph.settings import Settings
from graph.turn.node import Node
from graph.web.service import Health, Service
from graph.wiring.background import register_tasks, running_worker, watching_employees
from graph.wiring.catalogue import DEFAULT_CATALOGUE, Catalogue, with_mcp_tools
from graph.wiring.infrastructure import Infrastructure, build_infrastructure
from graph.wiring.maintenance import seed_demo
from graph.wiring.models import build_local_embedder
from graph.wiring.prefetching import with_prefetching
from graph.wiring.providers import build_notifier, build_verifier
from graph.wiring.turn_ports import build_ports
from migrations.runner import pending, read_migrations

READY_SECONDS = 2.0


@asynccontextmanager
async def open_service(
    settings: Settings, report: ReportProgress, catalogue: Catalogue = DEFAULT_CATALOGUE
) -> AsyncIterator[Service]:
    """Open everything behind the routes; close it in reverse order.

    Raises:
        ConfigurationError: a configured part does not work.
    """
    async with AsyncExitStack() as stack:
        infra = await stack.enter_async_context(open_infrastructure(settings, report, catalogue))
        service = await build_service(infra, stack)
        await report_sign_in_problem(settings, service.verifier, report)
        yield service


@asynccontextmanager
async def open_infrastructure(
    settings: Settings, report: ReportProgress, catalogue: Catalogue = DEFAULT_CATALOGUE
) -> AsyncIterator[Infrastructure]:
    """Open the infrastructure, write the catalogue to the database, and seed the embedded one.

    Raises:
        ConfigurationError: a configured part does not work.
    """
    async with AsyncExitStack() as stack:
        urls = await stack.enter_async_context(open_database(settings, report))
        catalogue = await with_mcp_tools(catalogue, settings)
        infra = await build_infrastructure(settings, catalogue, urls, stack, report)
        await sync_catalogue(infra.database, infra.roster, catalogue.tools)
        if not settings.database_url:
            await seed_demo(infra.database, infra.stores.embeddings, report)
        register_tasks(infra)
        yield infra


async def build_service(infra: Infrastructure, stack: AsyncExitStack) -> Service:
    """Connect the parts of the service and start its background work; `stack` stops it."""
    settings = infra.settings
    runs = await build_run_manager(infra)
    await stack.enter_async_context(runs.lifespan())
    await stack.enter_async_context(running_worker(infra.queue))
    await stack.enter_async_context(watching_employees(infra))
    issuer = None if settings.supabase_url else LocalIssuer(settings.data_dir / "issuer.pem")
    verifier = build_verifier(settings, issuer)
    return Service(
        runs=runs,
        intake=infra.stores.runs,
        sessions=infra.stores.sessions,
        profiles=infra.stores.profiles,
        facts=infra.stores.facts,
        approvals=infra.stores.approvals,
        tools=infra.catalogue.tools_by_name(),
        files=infra.stores.files,
        roster=infra.roster,
        ranker=EmployeeRanker(infra.roster, await asyncio.to_thread(ranking_embedder, infra)),
        redactor=infra.redactor,
        verifier=verifier,
        local_issuer=issuer,
        health=Health(
            readiness=lambda: readiness(infra.database, infra.redactor, runs, verifier),
            provider_faults=infra.telemetry.providers.details,
            unreachable_servers=infra.catalogue.unreachable_servers,
            rejected_tools=infra.catalogue.rejected_tools,
        ),
        metrics=infra.telemetry,
        metrics_token=settings.metrics_token,
        max_message_chars=settings.max_message_chars,
    )


def ranking_embedder(infra: Infrastructure) -> LocalEmbedder:
    """The embedder of the employees' ranking; it is always local, so that no question leaves the process for it."""
    configured = infra.models.embedder
    return configured if isinstance(configured, LocalEmbedder) else build_local_embedder(infra.settings)


async def build_run_manager(infra: Infrastructure) -> RunManager:
    """Build the graph over its ports, and the manager that runs it."""
    ports, prefetch = with_prefetching(await build_ports(infra, infra.stores.approvals), infra)
    settings = infra.settings
    notifier = build_notifier(settings, infra.urls)
    infra.telemetry.watch_notifications(lambda: notifier.connected)

    def wrap_node(name: str, node: Node) -> Node:
        return infra.telemetry.wrap_step(name, infra.failpoint.wrap_node(name, node))

    graph = build(ports, wrap_node)
    infra.failpoint.require_step_of([name for name in graph.nodes if name != START])
    return RunManager(
        graph,
        RunPorts(
            intake=infra.stores.runs,
            queue=infra.stores.runs,
            checkpoints=infra.stores.checkpoints,
            transcript=ports.transcript,
            redactor=infra.redactor,
            roster=infra.roster,
            model=infra.models.chat,
            toolbox=ports.toolbox,
            count_tokens=infra.models.count_tokens,
            notifier=notifier,
            metrics=infra.telemetry,
            prefetch=prefetch,
            lease_seconds=settings.lease_seconds,
            run_timeout_seconds=settings.run_timeout_seconds,
        ),
        max_active=settings.max_active_runs,
    )


async def readiness(
    database: Database, redactor: WorkerRedactor, runs: RunManager, verifier: TokenVerifier
) -> dict[str, bool]:
    """Whether each part that a turn needs works now. A process that is shutting down does not accept runs."""
    own = {"models": redactor.is_warm, "accepting": not runs.draining}
    if not await verifier.is_available():
        own["sign_in"] = False
    try:
        async with asyncio.timeout(READY_SECONDS), database.system_transaction() as connection:
            missing = await pending(connection, read_migrations())
        return {"database": True, "migrations": not missing, **own}
    except (ChatError, TimeoutError):
        return {"database": False, "migrations": False, **own}
