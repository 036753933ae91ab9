"""The composition root: settings become adapters, adapters become a service. The only file that names providers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import procrastinate
import yaml
from langchain_core.language_models import BaseChatModel
from langchain_openai import ChatOpenAI
from langgraph.graph import START
from opentelemetry.trace import NoOpTracer, Tracer
from opentelemetry.util.re import parse_env_headers
from pydantic import AnyHttpUrl, SecretStr

from employees.hot_reload import watch
from employees.ranking import Router
from employees.roster import Roster, read_roster
from graph.adapters.auth.jwt_verifier import KeyRing, TokenVerifier, Verifier, fetch_over_http
from graph.adapters.auth.local_issuer import ISSUER, LocalIssuer
from graph.adapters.auth.supabase import SecretVerifier, check_sign_in
from graph.adapters.crypto.cipher import ReadKeys, Sealer, add_key, decode_key, keep_keys
from graph.adapters.embeddings.local import PASSAGES_SECONDS, WIDTH, LocalEmbedder, OpenAIEmbedder
from graph.adapters.embeddings.openai import openai_embeddings
from graph.adapters.knowledge import OwnedKnowledge
from graph.adapters.mcp.servers import equipped, join, read_servers
from graph.adapters.models.fallback import WithFallback
from graph.adapters.models.langchain import ATTEMPTS, LangChainModel, openai_model
from graph.adapters.models.pricing import read_prices
from graph.adapters.models.token_counter import token_counter
from graph.adapters.offline.model import offline_model
from graph.adapters.postgres.conversation.embedding_store import Note, PostgresNotes
from graph.adapters.postgres.conversation.facts import PostgresFacts
from graph.adapters.postgres.conversation.memory import PostgresMemory
from graph.adapters.postgres.conversation.retriever import PostgresRetriever
from graph.adapters.postgres.conversation.sessions import PostgresSessions
from graph.adapters.postgres.conversation.transcript import PostgresTranscript
from graph.adapters.postgres.database import Database
from graph.adapters.postgres.ledger.catalogue_sync import project
from graph.adapters.postgres.ledger.toolbox import PostgresToolbox
from graph.adapters.postgres.privacy.file_store import PostgresFiles
from graph.adapters.postgres.privacy.key_rotation import PostgresSeals, unlock
from graph.adapters.postgres.privacy.vault import PostgresVault
from graph.adapters.postgres.provisioning import Addresses, Report, check_migrations, database_of
from graph.adapters.postgres.runs.approvals import PostgresApprovals
from graph.adapters.postgres.runs.checkpointer import PostgresCheckpoints
from graph.adapters.postgres.runs.notifications import PostgresSignals
from graph.adapters.postgres.runs.run_store import PostgresRunStore
from graph.adapters.redaction.workers import WorkerRedactor
from graph.adapters.redis_notifications import RedisSignals
from graph.adapters.telemetry.instrumentation import Observer
from graph.adapters.telemetry.tracing import open_tracer
from graph.adapters.turn_prefetch import Foresight
from graph.build import Node, Ports, build
from graph.errors import ChatError, ConfigurationError, ModelUnavailable, UnknownEmployee
from graph.jobs import retention, rotation
from graph.jobs.queue import open_queue, work
from graph.jobs.summaries import QueuedSummaries, Summarizer, register
from graph.ports.approvals import Approvals
from graph.ports.models import ChatModel, CountTokens, Embedder
from graph.ports.notifications import Signals
from graph.runs.fault_injection import FailPoint, read_failpoint
from graph.runs.manager import Runs
from graph.runs.runner import RunPorts
from graph.settings import Settings
from graph.tool import Tool
from graph.turn.prompt import read_wording
from graph.web.service import Service
from migrations.demo.generate import DEMO_USER
from migrations.demo.seed import seed
from migrations.runner import pending, read_migrations
from tools.catalog import CATALOG

ROOT = Path(__file__).parent.parent

READY_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class House:
    """Who works here and with what: the files that make one runtime another."""

    employees: Path = ROOT / "employees"
    tools: Sequence[Tool] = tuple(CATALOG)
    queries: Sequence[Path] = (ROOT / "tools" / "sql",)
    """Folders of the tools' queries."""
    lent: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Tools that employees may use beside those of their files, by slug."""
    unreachable: Sequence[str] = ()
    """MCP servers whose tools are missing."""
    left_out: Sequence[str] = ()
    """Tools of MCP servers that no model can be told, and why."""

    def tools_by_name(self) -> dict[str, Tool]:
        return {tool.name: tool for tool in self.tools}


OUR_HOUSE = House()


@dataclass(frozen=True, slots=True)
class Foundations:
    """What several parts of the service share."""

    settings: Settings
    house: House
    addresses: Addresses
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


async def lay_foundations(
    settings: Settings, house: House, addresses: Addresses, stack: AsyncExitStack, report: Report
) -> Foundations:
    failpoint = read_failpoint(settings.failpoint)
    observer = Observer(await stack.enter_async_context(tracer_of(settings)))
    database = await stack.enter_async_context(Database.open(addresses.server, size=settings.database_pool_size))
    observer.watch_pool(database.pool.get_stats)
    await check_migrations(database)
    report("loading the models that find personal data and embed text")
    sealer = await unlock(database, keys_of(settings))
    roster, embedder, count = await asyncio.to_thread(read_files, settings, house, observer)
    if isinstance(embedder, OpenAIEmbedder):
        await embedder.check()
    names = [employee.name for employee in roster.all()]
    redactor = WorkerRedactor(PostgresVault(database, sealer), workers=settings.redaction_workers, keep=names)
    await redactor.start()
    queue = await stack.enter_async_context(open_queue(addresses.server))
    queue.worker_defaults["worker_middleware"] = [observer.around_job]
    return Foundations(
        settings=settings,
        house=house,
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
        model=model_of(settings, observer, stack),
        queue=queue,
        failpoint=failpoint,
        observer=observer,
        checkpoints=PostgresCheckpoints(database, settings.kept_turns, failpoint.reached),
        approvals=PostgresApprovals(database, sealer, seconds=60 * settings.approval_minutes),
    )


def read_files(settings: Settings, house: House, observer: Observer) -> tuple[Roster, Embedder, CountTokens]:
    """What is on this machine's disk: it takes a moment, so it is read off the event loop."""
    return (
        roster_of(house),
        embedder_of(settings, partial(observer.providers.report, "embeddings")),
        token_counter(settings.data_dir / "tiktoken"),
    )


async def with_servers(house: House, settings: Settings) -> House:
    """The house with the tools of the MCP servers that are configured and answer.

    Raises:
        ConfigurationError: their file is not right.
    """
    if not settings.mcp_servers:
        return house
    servers = await asyncio.to_thread(read_servers, settings.mcp_servers)
    joined = await join(servers, [tool.name for tool in house.tools])
    return replace(
        house,
        tools=(*house.tools, *joined.tools),
        lent=joined.lent,
        unreachable=joined.unreachable,
        left_out=joined.left_out,
    )


def roster_of(house: House) -> Roster:
    """Raises: ConfigurationError."""
    return equipped(read_roster(house.employees, house.tools_by_name()), house.lent)


def store_of(shared: Foundations) -> PostgresRunStore:
    settings = shared.settings
    return PostgresRunStore(
        shared.database,
        shared.sealer,
        shared.memory,
        default_employee=default_employee(shared.roster, settings),
        turns_per_minute=settings.rate_limit_per_minute,
        daily_tokens=settings.daily_token_budget,
        lease_seconds=settings.lease_seconds,
    )


def default_employee(roster: Roster, settings: Settings) -> str:
    """Slug of who answers where nobody is asked for.

    Raises:
        ConfigurationError: there is no such employee.
    """
    try:
        return roster.find(settings.default_employee_slug).slug
    except UnknownEmployee:
        raise ConfigurationError("DEFAULT_EMPLOYEE_SLUG names no employee; docs/employees.md lists them.") from None


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


def signals_of(settings: Settings, addresses: Addresses) -> Signals:
    """Raises: ConfigurationError."""
    if settings.redis_url:
        return RedisSignals(settings.redis_url.get_secret_value())
    direct = settings.listen_database_url
    return PostgresSignals(direct.get_secret_value() if direct else addresses.server)


async def ports_of(shared: Foundations, approvals: Approvals) -> Ports:
    """What the steps of a turn need, in the service and in LangGraph Studio.

    Args:
        shared: what the service and Studio stand on.
        approvals: where users decide; the stored ones need an accepted run, which Studio has not.
    """
    tools = {name: shared.observer.around_tool(tool) for name, tool in shared.house.tools_by_name().items()}
    return Ports(
        redactor=shared.redactor,
        memory=shared.memory,
        retriever=shared.retriever,
        model=shared.model,
        approvals=approvals,
        toolbox=await asyncio.to_thread(
            PostgresToolbox,
            shared.database,
            tools,
            shared.house.queries,
            shared.sealer,
            shared.checkpoints.commit,
            PostgresFiles(shared.database, shared.sealer).of,
            partial(OwnedKnowledge, shared.redactor, shared.retriever),
        ),
        transcript=PostgresTranscript(shared.database, shared.count),
        summaries=QueuedSummaries(shared.database, shared.queue),
        roster=shared.roster,
        wording=read_wording(),
        prices=read_prices(),
        count=shared.count,
        clock=now,
        budget=shared.settings.default_token_budget,
    )


def register_summaries(shared: Foundations) -> None:
    prompt = (ROOT / "graph" / "prompts" / "summary.md").read_text("utf-8")
    register(shared.queue, Summarizer(shared.database, shared.model, shared.notes, shared.count, prompt))


def register_retention(shared: Foundations) -> None:
    files = PostgresFiles(shared.database, shared.sealer)
    retention.register(shared.queue, store_of(shared), shared.settings.run_log_days, files)


def now() -> datetime:
    return datetime.now(UTC)


def keys_of(settings: Settings) -> ReadKeys:
    """The keys that are configured, or those in the file that the embedded default keeps."""
    if not settings.vault_key:
        return partial(keep_keys, settings.data_dir / "vault.key")
    old = settings.vault_key_old.get_secret_value().split(",") if settings.vault_key_old else []
    keys = [
        decode_key(settings.vault_key.get_secret_value()),
        *(decode_key(key.strip(), "VAULT_KEY_OLD") for key in old),
    ]
    return lambda: keys


async def rotate_keys(settings: Settings, report: Report) -> None:
    """Bring everything that is sealed under the current key; where the keys are in a file, under a new one.

    Raises:
        ConfigurationError: the keys do not open the vault.
    """
    async with AsyncExitStack() as stack:
        addresses = await stack.enter_async_context(database_of(settings, report))
        database = await stack.enter_async_context(Database.open(addresses.server, size=2))
        await check_migrations(database)
        seals = PostgresSeals(database, await unlock(database, keys_of(settings)))
        if not settings.vault_key and not await seals.owners_due(1):
            await asyncio.to_thread(add_key, settings.data_dir / "vault.key")
            seals.sealer.refresh()
        report(f"{await rotation.rotate(seals, report)} values were sealed anew")


def tracer_of(settings: Settings) -> AbstractAsyncContextManager[Tracer]:
    """Sends spans to the collector that is configured; without one nothing is traced."""
    if not settings.otel_exporter_otlp_endpoint:
        return nullcontext(NoOpTracer())
    given = settings.otel_exporter_otlp_headers
    return open_tracer(
        f"{str(settings.otel_exporter_otlp_endpoint).rstrip('/')}/v1/traces",
        parse_env_headers(given.get_secret_value(), liberal=True) if given else {},
        settings.otel_service_name,
    )


def model_of(settings: Settings, observer: Observer | None = None, closing: AsyncExitStack | None = None) -> ChatModel:
    """A provider's models if one is configured, with a fallback behind them if one is named; else the offline model. Their
    connections are closed by `closing`."""

    def of_provider(name: str, key: SecretStr | None, address: AnyHttpUrl | None) -> ChatOpenAI:
        base_url = str(address) if address else None
        model = openai_model(name, key=key, base_url=base_url, timeout=settings.model_total_seconds)
        if closing:
            closing.push_async_callback(model.root_async_client.close)
        return model

    def timed(
        models: Mapping[str, BaseChatModel],
        names: Mapping[str, str],
        provider: str = "chosen",
        attempts: int = ATTEMPTS,
    ) -> ChatModel:
        model = LangChainModel(
            models,
            names,
            first_token=settings.model_first_token_seconds,
            between_tokens=settings.model_between_tokens_seconds,
            total=settings.model_total_seconds,
            attempts=attempts,
            breaker=observer.breaker(provider) if observer else None,
            report=partial(observer.providers.report, provider) if observer else None,
        )
        return observer.around_model(model) if observer else model

    if not settings.uses_provider:
        offline = offline_model(CATALOG)
        return timed({"small": offline, "large": offline}, {"small": "offline", "large": "offline"})
    names = {"small": settings.openai_model, "large": settings.large_model}
    models = {
        size: of_provider(name, settings.openai_api_key, settings.openai_base_url) for size, name in names.items()
    }
    chosen = timed(models, names)
    if not settings.openai_model_fallback:
        return chosen
    name, (key, address) = settings.openai_model_fallback, settings.fallback_provider
    spare = of_provider(name, key, address)
    fallback = timed({"small": spare, "large": spare}, {"small": name, "large": name}, "fallback", attempts=1)
    return WithFallback(chosen, fallback)


def embedder_of(settings: Settings, report: Callable[[str | None], None] = lambda fault: None) -> Embedder:
    """The embedder that is configured; a provider's calls `report` with what keeps it from serving."""
    if settings.embeddings == "local":
        return LocalEmbedder(settings.data_dir / "embedder")
    client = openai_embeddings(
        settings.openai_embedding_model,
        width=WIDTH,
        key=settings.openai_api_key,
        base_url=str(settings.openai_base_url) if settings.openai_base_url else None,
        timeout=PASSAGES_SECONDS,
    )
    return OpenAIEmbedder(client, report)


def local_embedder_of(shared: Foundations) -> LocalEmbedder:
    """One that keeps what it reads in this process."""
    ours = shared.embedder
    return ours if isinstance(ours, LocalEmbedder) else LocalEmbedder(shared.settings.data_dir / "embedder")


def verifier_of(settings: Settings, issuer: LocalIssuer | None) -> TokenVerifier:
    """Supabase's tokens, or the local issuer's; checked by the same code."""
    if issuer:
        return Verifier(KeyRing(issuer.keys), ISSUER)
    name = settings.supabase_issuer or settings.auth_address
    if settings.supabase_jwt_secret:
        return SecretVerifier(settings.supabase_jwt_secret.get_secret_value().encode(), name)
    return Verifier(KeyRing(fetch_over_http(f"{settings.auth_address}/.well-known/jwks.json")), name)


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


@asynccontextmanager
async def working(queue: procrastinate.App) -> AsyncIterator[None]:
    """Work off the queue while the service runs."""
    worker = asyncio.create_task(work(queue), name="jobs")
    try:
        yield
    finally:
        worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker


@asynccontextmanager
async def taking_up_changes(shared: Foundations) -> AsyncIterator[None]:
    """Take up changed files of employees while the service runs."""
    read, use = partial(roster_of, shared.house), partial(take_up, shared)
    watcher = asyncio.create_task(watch(shared.house.employees, shared.roster, read, use), name="employees")
    try:
        yield
    finally:
        watcher.cancel()
        with suppress(asyncio.CancelledError):
            await watcher


async def take_up(shared: Foundations, newer: Roster) -> None:
    """Make the database and the redactor know newer employees.

    Raises:
        UnknownEmployee: whom everybody meets first is not among them.
    """
    newer.find(shared.settings.default_employee_slug)
    await project(shared.database, newer, shared.house.tools)
    shared.redactor.keep = frozenset(employee.name for employee in newer.all())


async def seed_demo(database: Database, notes: PostgresNotes, report: Report) -> None:
    """Give the demo user a year of rows and a few notes, once."""
    async with database.acting_for(DEMO_USER) as connection:
        seeded = await seed(connection, DEMO_USER, now().date())
    if seeded:
        report("seeding a demo user with a year of transactions")
        texts = yaml.safe_load((ROOT / "migrations" / "demo_notes.yaml").read_text("utf-8"))
        try:
            await notes.keep(DEMO_USER, [Note(f"note:{each['title']}", each["title"], each["text"]) for each in texts])
        except ModelUnavailable:
            report("the demo user has no notes: the provider of embeddings cannot be reached")


async def seed_database(settings: Settings, report: Report) -> None:
    """Give the demo user rows and notes in the configured database, or in the embedded one."""
    async with AsyncExitStack() as stack:
        addresses = await stack.enter_async_context(database_of(settings, report))
        database = await stack.enter_async_context(Database.open(addresses.server, size=2))
        await check_migrations(database)
        notes = PostgresNotes(database, embedder_of(settings), token_counter(settings.data_dir / "tiktoken"))
        await seed_demo(database, notes, report)
