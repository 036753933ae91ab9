"""The parts that the service and LangGraph Studio share: database, stores, models, redactor, job queue."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass

import procrastinate

from employees.roster import Roster
from graph.adapters.crypto.cipher import VaultCipher
from graph.adapters.postgres.database import Database
from graph.adapters.postgres.privacy.vault import PostgresVault
from graph.adapters.postgres.provisioning import DatabaseUrls, ReportProgress, check_migrations
from graph.adapters.redaction.workers import WorkerRedactor
from graph.adapters.telemetry.instrumentation import Telemetry
from graph.jobs.queue import open_queue
from graph.runs.fault_injection import FailPoint, parse_fail_point
from graph.settings import Settings
from graph.wiring.catalogue import Catalogue, build_roster
from graph.wiring.models import Models, build_models
from graph.wiring.providers import build_tracer, load_vault_keys, open_cipher
from graph.wiring.stores import Stores, build_stores


@dataclass(frozen=True, slots=True)
class Infrastructure:
    """Everything that a turn and a job may need; opened once when a process starts."""

    settings: Settings
    catalogue: Catalogue
    roster: Roster
    urls: DatabaseUrls
    database: Database
    cipher: VaultCipher
    redactor: WorkerRedactor
    models: Models
    stores: Stores
    queue: procrastinate.App
    telemetry: Telemetry
    failpoint: FailPoint


async def build_infrastructure(
    settings: Settings, catalogue: Catalogue, urls: DatabaseUrls, stack: AsyncExitStack, report: ReportProgress
) -> Infrastructure:
    """Open the infrastructure on a migrated database; `stack` closes it.

    Raises:
        ConfigurationError: a configured part does not work.
    """
    failpoint = parse_fail_point(settings.failpoint)
    telemetry = Telemetry(await stack.enter_async_context(build_tracer(settings)))
    database = await stack.enter_async_context(Database.open(urls.server, size=settings.database_pool_size))
    telemetry.watch_pool(database.pool.get_stats)
    await check_migrations(database)
    report("loading the models for redaction and embeddings")
    cipher = await open_cipher(database, load_vault_keys(settings))
    roster = await asyncio.to_thread(build_roster, catalogue)
    models = await build_models(settings, telemetry, stack)
    redactor = await start_redactor(settings, database, cipher, roster)
    queue = await stack.enter_async_context(open_queue(urls.server))
    queue.worker_defaults["worker_middleware"] = [telemetry.wrap_job]
    return Infrastructure(
        settings=settings,
        catalogue=catalogue,
        roster=roster,
        urls=urls,
        database=database,
        cipher=cipher,
        redactor=redactor,
        models=models,
        stores=build_stores(settings, database, cipher, models, roster, failpoint),
        queue=queue,
        telemetry=telemetry,
        failpoint=failpoint,
    )


async def start_redactor(settings: Settings, database: Database, cipher: VaultCipher, roster: Roster) -> WorkerRedactor:
    """Start the worker processes that detect personal values. The names of the employees are not masked."""
    names = [employee.name for employee in roster.all()]
    redactor = WorkerRedactor(PostgresVault(database, cipher), workers=settings.redaction_workers, allowed_names=names)
    await redactor.start()
    return redactor
