"""What the service and LangGraph Studio share: database, models, redactor, queue."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

import procrastinate
import yaml

from employees.roster import Roster
from graph.adapters.crypto.cipher import Sealer
from graph.adapters.embeddings.local import LocalEmbedder, OpenAIEmbedder
from graph.adapters.models.token_counter import token_counter
from graph.adapters.postgres.conversation.embedding_store import Note, PostgresNotes
from graph.adapters.postgres.conversation.memory import PostgresMemory
from graph.adapters.postgres.conversation.retriever import PostgresRetriever
from graph.adapters.postgres.database import Database
from graph.adapters.postgres.privacy.key_rotation import unlock
from graph.adapters.postgres.privacy.vault import PostgresVault
from graph.adapters.postgres.provisioning import DatabaseUrls, Report, check_migrations
from graph.adapters.postgres.runs.approvals import PostgresApprovals
from graph.adapters.postgres.runs.checkpointer import PostgresCheckpoints
from graph.adapters.redaction.workers import WorkerRedactor
from graph.adapters.telemetry.instrumentation import Observer
from graph.errors import ModelUnavailable
from graph.jobs.queue import open_queue
from graph.ports.models import ChatModel, CountTokens, Embedder
from graph.runs.fault_injection import FailPoint, read_failpoint
from graph.settings import Settings
from graph.wiring.catalogue import ROOT, Catalogue, build_roster, now
from graph.wiring.providers import build_embedder, build_model, build_tracer, load_vault_keys
from migrations.demo.generate import DEMO_USER
from migrations.demo.seed import seed


@dataclass(frozen=True, slots=True)
class Infrastructure:
    """What several parts of the service share."""

    settings: Settings
    catalogue: Catalogue
    addresses: DatabaseUrls
    database: Database
    sealer: Sealer
    roster: Roster
    redactor: WorkerRedactor
    embedder: Embedder
    count: CountTokens
    notes: PostgresNotes
    memory: PostgresMemory
    retriever: PostgresRetriever
    model: ChatModel
    queue: procrastinate.App
    failpoint: FailPoint
    observer: Observer
    checkpoints: PostgresCheckpoints
    approvals: PostgresApprovals


async def build_infrastructure(
    settings: Settings, catalogue: Catalogue, addresses: DatabaseUrls, stack: AsyncExitStack, report: Report
) -> Infrastructure:
    failpoint = read_failpoint(settings.failpoint)
    observer = Observer(await stack.enter_async_context(build_tracer(settings)))
    database = await stack.enter_async_context(Database.open(addresses.server, size=settings.database_pool_size))
    observer.watch_pool(database.pool.get_stats)
    await check_migrations(database)
    report("loading the models that find personal data and embed text")
    sealer = await unlock(database, load_vault_keys(settings))
    roster, embedder, count = await asyncio.to_thread(read_files, settings, catalogue, observer)
    if isinstance(embedder, OpenAIEmbedder):
        await embedder.check()
    names = [employee.name for employee in roster.all()]
    redactor = WorkerRedactor(PostgresVault(database, sealer), workers=settings.redaction_workers, keep=names)
    await redactor.start()
    queue = await stack.enter_async_context(open_queue(addresses.server))
    queue.worker_defaults["worker_middleware"] = [observer.around_job]
    return Infrastructure(
        settings=settings,
        catalogue=catalogue,
        addresses=addresses,
        database=database,
        sealer=sealer,
        roster=roster,
        redactor=redactor,
        embedder=embedder,
        count=count,
        notes=PostgresNotes(database, embedder, count),
        memory=PostgresMemory(database, embedder.model),
        retriever=await PostgresRetriever.open(database, embedder),
        model=build_model(settings, observer, stack),
        queue=queue,
        failpoint=failpoint,
        observer=observer,
        checkpoints=PostgresCheckpoints(database, settings.checkpoint_turns, failpoint.reached),
        approvals=PostgresApprovals(database, sealer, seconds=60 * settings.approval_ttl_minutes),
    )


def read_files(settings: Settings, catalogue: Catalogue, observer: Observer) -> tuple[Roster, Embedder, CountTokens]:
    """What is on this machine's disk: it takes a moment, so it is read off the event loop."""
    return (
        build_roster(catalogue),
        build_embedder(settings, partial(observer.providers.report, "embeddings")),
        token_counter(settings.data_dir / "tiktoken"),
    )


def build_local_embedder(infra: Infrastructure) -> LocalEmbedder:
    """One that keeps what it reads in this process."""
    ours = infra.embedder
    return ours if isinstance(ours, LocalEmbedder) else LocalEmbedder(infra.settings.data_dir / "embedder")


async def seed_demo(database: Database, notes: PostgresNotes, report: Report) -> None:
    """Give the demo user a year of rows and a few notes, once."""
    async with database.acting_for(DEMO_USER) as connection:
        seeded = await seed(connection, DEMO_USER, now().date())
    if seeded:
        report("seeding a demo user with a year of transactions")
        texts = yaml.safe_load((ROOT / "migrations" / "demo" / "demo_notes.yaml").read_text("utf-8"))
        try:
            await notes.keep(DEMO_USER, [Note(f"note:{each['title']}", each["title"], each["text"]) for each in texts])
        except ModelUnavailable:
            report("the demo user has no notes: the provider of embeddings cannot be reached")
